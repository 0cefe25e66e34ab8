//! Checks of arguments that every domain has.

use crate::json::canonical::MAX_DEPTH;
use crate::limits::{COPIED_CHARS, ROW_VALUE_BYTES};
use crate::text::length;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("{0} and {1} must not both be given")]
    Both(&'static str, &'static str),
    #[error("argument \"{0}\" must not be empty")]
    Empty(String),
    #[error("max_rows must not be negative, got {0}")]
    MaxRows(i32),
    #[error("{argument} must not be negative, got {value}")]
    Negative { argument: String, value: i64 },
    #[error("{argument} must be positive, got {value}")]
    NotPositive { argument: String, value: String },
    #[error("argument \"{0}\" must not be null")]
    Null(String),
    #[error("{argument} may be nested {MAX_DEPTH} deep, this one is deeper")]
    TooDeep { argument: String },
    #[error("{argument} has at most {COPIED_CHARS} characters as text in COPY, this one has more")]
    TooLarge { argument: String },
    #[error("{argument} has at most {ROW_VALUE_BYTES} bytes, this one has more")]
    TooManyBytes { argument: String },
    #[error("argument \"{argument}\" has at most {max} characters, this one has {chars}")]
    TooLong { argument: String, max: usize, chars: usize },
}

/// A text of at most `max` characters.
pub fn fitting<'a>(value: &'a str, name: &str, max: usize) -> Result<&'a str, Invalid> {
    match length::beyond(value, max) {
        Some(chars) => Err(Invalid::TooLong { argument: name.to_owned(), max, chars }),
        None => Ok(value),
    }
}

pub fn not_negative<T: Copy + Into<i64>>(value: T, name: &str) -> Result<T, Invalid> {
    match value.into() {
        negative if negative < 0 => Err(Invalid::Negative { argument: name.to_owned(), value: negative }),
        _ => Ok(value),
    }
}

/// The `max_rows` of a page.
pub fn page_size(max_rows: i32) -> Result<i32, Invalid> {
    if max_rows < 0 { Err(Invalid::MaxRows(max_rows)) } else { Ok(max_rows) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_inclusive() {
        assert_eq!(fitting("éé", "name", 2), Ok("éé"));
        let long = Invalid::TooLong { argument: "name".to_owned(), max: 2, chars: 3 };
        assert_eq!(fitting("ééé", "name", 2), Err(long));
        assert_eq!(not_negative(0i32, "length"), Ok(0));
        let negative = Invalid::Negative { argument: "length".to_owned(), value: -1 };
        assert_eq!(not_negative(-1i64, "length"), Err(negative));
        assert_eq!((page_size(0), page_size(-1)), (Ok(0), Err(Invalid::MaxRows(-1))));
    }

    #[test]
    fn messages() {
        for (invalid, message) in [
            (Invalid::Both("a", "b"), "a and b must not both be given"),
            (Invalid::Empty("a".into()), "argument \"a\" must not be empty"),
            (Invalid::MaxRows(-2), "max_rows must not be negative, got -2"),
            (Invalid::Negative { argument: "a".into(), value: -2 }, "a must not be negative, got -2"),
            (
                Invalid::NotPositive { argument: "a".into(), value: "-1 days".into() },
                "a must be positive, got -1 days",
            ),
            (Invalid::Null("a".into()), "argument \"a\" must not be null"),
            (
                Invalid::TooLong { argument: "a".into(), max: 2, chars: 3 },
                "argument \"a\" has at most 2 characters, this one has 3",
            ),
        ] {
            assert_eq!(invalid.to_string(), message);
        }
    }
}
