//! What may be stored: the bounds of keys and values.

use std::fmt;

use crate::text::length;

/// Longest key, in characters: the guide's `varchar(500)`.
pub const MAX_KEY_CHARS: usize = 500;

/// Largest value, in bytes. Beyond it the text form of a row passes what drivers and COPY can carry.
pub const MAX_VALUE_BYTES: usize = 128 << 20;

/// Why an entry is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invalid {
    KeyTooLong { chars: usize },
    ValueTooLarge { bytes: usize },
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyTooLong { chars } => {
                write!(f, "a key has at most {MAX_KEY_CHARS} characters, this one has {chars}")
            }
            Self::ValueTooLarge { bytes } => {
                write!(f, "a value has at most {MAX_VALUE_BYTES} bytes, this one has {bytes}")
            }
        }
    }
}

pub fn check(key: &str, value: &[u8]) -> Result<(), Invalid> {
    if let Some(chars) = length::beyond(key, MAX_KEY_CHARS) {
        return Err(Invalid::KeyTooLong { chars });
    }
    if value.len() > MAX_VALUE_BYTES {
        return Err(Invalid::ValueTooLarge { bytes: value.len() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_inclusive() {
        assert_eq!(check("", b""), Ok(()));
        assert_eq!(check(&"é".repeat(500), b""), Ok(()));
        assert_eq!(check(&"é".repeat(501), b""), Err(Invalid::KeyTooLong { chars: 501 }));
        let value = vec![0; MAX_VALUE_BYTES + 1];
        assert_eq!(check("k", &value[1..]), Ok(()));
        assert_eq!(check("k", &value), Err(Invalid::ValueTooLarge { bytes: MAX_VALUE_BYTES + 1 }));
    }
}
