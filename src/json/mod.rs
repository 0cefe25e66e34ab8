//! JSON documents: their canonical text, and the members of objects.

pub mod binary;
pub mod build;
pub mod canonical;
#[cfg(test)]
pub mod made;
pub mod members;
pub mod number;
mod refusal;
pub mod sql;
pub mod stored;

use std::fmt::Write;

/// A text as jsonb prints it: serde_json escapes what PostgreSQL escapes, and in the same way.
pub fn quoted(text: &str) -> impl std::fmt::Display {
    serde_json::Value::from(text)
}

/// Appends the same; most texts need no escape, and go there at once.
pub fn push_quoted(out: &mut String, text: &str) {
    if text.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        // Writing to a String does not fail.
        let _ = write!(out, "{}", quoted(text));
    } else {
        out.extend(["\"", text, "\""]);
    }
}
