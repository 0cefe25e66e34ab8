//! The scope strings of the guide: `global`, or `<kind>:<id>`.

use crate::limits::NAME_CHARS;
use crate::text::{length, shown};

/// The kinds of scope that carry an id.
pub const KINDS: [&str; 7] = ["agent", "custom", "hook", "session", "tool", "user", "workflow"];

/// Why a text is no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    #[error("a scope must not contain control characters")]
    ControlCharacter,
    #[error("scope \"{0}:\" lacks its id")]
    NoId(&'static str),
    #[error("a scope has at most {NAME_CHARS} characters, this one has {chars}")]
    TooLong { chars: usize },
    #[error("unknown kind of scope")]
    UnknownKind,
}

/// A text that is no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid scope \"{}\": {reason}", shown::start(.scope))]
pub struct Invalid {
    pub scope: String,
    pub reason: Reason,
}

/// Returns `scope` where it is well formed, or why it is not.
pub fn check(scope: &str) -> Result<&str, Invalid> {
    examine(scope).map_err(|reason| Invalid { scope: scope.to_owned(), reason })?;
    Ok(scope)
}

fn examine(scope: &str) -> Result<(), Reason> {
    if let Some(chars) = length::beyond(scope, NAME_CHARS) {
        return Err(Reason::TooLong { chars });
    }
    if scope.chars().any(char::is_control) {
        return Err(Reason::ControlCharacter);
    }
    if scope == "global" {
        return Ok(());
    }
    let (kind, id) = scope.split_once(':').ok_or(Reason::UnknownKind)?;
    let kind = KINDS.into_iter().find(|k| *k == kind).ok_or(Reason::UnknownKind)?;
    if id.is_empty() { Err(Reason::NoId(kind)) } else { Ok(()) }
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
            assert_eq!(examine(scope), Err(Reason::UnknownKind), "{scope:?}");
        }
        assert_eq!(examine("user:"), Err(Reason::NoId("user")));
        assert_eq!(examine("user:a\nb"), Err(Reason::ControlCharacter));
        assert_eq!(examine(&format!("user:{}", "x".repeat(251))), Err(Reason::TooLong { chars: 256 }));
        assert!(check(&format!("user:{}", "x".repeat(250))).is_ok());
    }

    #[test]
    fn a_message_shows_the_beginning() {
        assert_eq!(
            check("team:x").unwrap_err().to_string(),
            "invalid scope \"team:x\": unknown kind of scope"
        );
        let long = check(&"x".repeat(300)).unwrap_err().to_string();
        let wanted = format!(
            "invalid scope \"{}…\": a scope has at most 255 characters, this one has 300",
            "x".repeat(60)
        );
        assert_eq!(long, wanted);
    }
}
