//! The scope strings of the guide: `global`, or `<kind>:<id>`.

use std::fmt;

use crate::text::length;

/// The kinds of scope that carry an id.
pub const KINDS: [&str; 7] = ["agent", "custom", "hook", "session", "tool", "user", "workflow"];

/// Longest scope, in characters: the guide's `varchar(255)`.
pub const MAX_CHARS: usize = 255;

/// Why a text is no scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invalid {
    ControlCharacter,
    NoId(&'static str),
    TooLong { chars: usize },
    UnknownKind,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ControlCharacter => f.write_str("a scope must not contain control characters"),
            Self::NoId(kind) => write!(f, "scope \"{kind}:\" lacks its id"),
            Self::TooLong { chars } => {
                write!(f, "a scope has at most {MAX_CHARS} characters, this one has {chars}")
            }
            Self::UnknownKind => f.write_str("unknown kind of scope"),
        }
    }
}

/// Returns `scope` where it is well formed, or why it is not.
pub fn check(scope: &str) -> Result<&str, Invalid> {
    if let Some(chars) = length::beyond(scope, MAX_CHARS) {
        return Err(Invalid::TooLong { chars });
    }
    if scope.chars().any(char::is_control) {
        return Err(Invalid::ControlCharacter);
    }
    if scope == "global" {
        return Ok(scope);
    }
    let (kind, id) = scope.split_once(':').ok_or(Invalid::UnknownKind)?;
    let kind = KINDS.into_iter().find(|k| *k == kind).ok_or(Invalid::UnknownKind)?;
    if id.is_empty() { Err(Invalid::NoId(kind)) } else { Ok(scope) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_eight_forms() {
        assert_eq!(check("global"), Ok("global"));
        for kind in KINDS {
            let scope = format!("{kind}:a:b");
            assert_eq!(check(&scope), Ok(scope.as_str()));
        }
    }

    #[test]
    fn refuses_the_rest() {
        for scope in ["", "Global", "global:", "team:x", "user", ":x", " user:x"] {
            assert_eq!(check(scope), Err(Invalid::UnknownKind), "{scope:?}");
        }
        assert_eq!(check("user:"), Err(Invalid::NoId("user")));
        assert_eq!(check("user:a\nb"), Err(Invalid::ControlCharacter));
        assert_eq!(check(&format!("user:{}", "x".repeat(251))), Err(Invalid::TooLong { chars: 256 }));
        assert!(check(&format!("user:{}", "x".repeat(250))).is_ok());
    }
}
