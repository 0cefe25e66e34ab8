//! The rules for the name of a tenant.

use crate::limits::NAME_CHARS;
use crate::text::length;

/// Why a text cannot name a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("a tenant id must not contain control characters: U+{code:04X} at character {position}")]
    ControlCharacter { code: u32, position: usize },
    #[error("a tenant id must not be empty")]
    Empty,
    #[error("a tenant id must be valid UTF-8")]
    NotUtf8,
    #[error("a tenant id has at most {NAME_CHARS} characters, this one has {chars}")]
    TooLong { chars: usize },
}

/// Returns the tenant id in `bytes`, or why there is none.
pub fn check(bytes: &[u8]) -> Result<&str, Invalid> {
    let id = str::from_utf8(bytes).map_err(|_| Invalid::NotUtf8)?;
    if id.is_empty() {
        return Err(Invalid::Empty);
    }
    if let Some(chars) = length::beyond(id, NAME_CHARS) {
        return Err(Invalid::TooLong { chars });
    }
    match id.chars().enumerate().find(|(_, c)| c.is_control()) {
        Some((i, c)) => Err(Invalid::ControlCharacter { code: c.into(), position: i + 1 }),
        None => Ok(id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn accepts_what_names_a_tenant() {
        let longest = "é".repeat(NAME_CHARS);
        for id in ["a", " ", "a'; DROP TABLE x; --", "名前", "A%_\\", longest.as_str()] {
            assert_eq!(check(id.as_bytes()), Ok(id));
        }
    }

    #[test]
    fn refuses_the_rest() {
        assert_eq!(check(b""), Err(Invalid::Empty));
        assert_eq!(check(b"\xff"), Err(Invalid::NotUtf8));
        assert_eq!(check("x".repeat(256).as_bytes()), Err(Invalid::TooLong { chars: 256 }));
        assert_eq!(check("x".repeat(1 << 20).as_bytes()), Err(Invalid::TooLong { chars: 1 << 20 }));
        assert_eq!(check(b"ab\n"), Err(Invalid::ControlCharacter { code: 10, position: 3 }));
        assert_eq!(check("\u{85}".as_bytes()), Err(Invalid::ControlCharacter { code: 0x85, position: 1 }));
        assert_eq!(check(b"\x7f"), Err(Invalid::ControlCharacter { code: 0x7f, position: 1 }));
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged(bytes in proptest::collection::vec(any::<u8>(), 0..1200)) {
            if let Ok(id) = check(&bytes) {
                prop_assert!(!id.is_empty() && id.chars().count() <= NAME_CHARS);
                prop_assert!(!id.chars().any(char::is_control));
            }
        }
    }
}
