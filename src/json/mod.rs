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

/// A text as jsonb prints it: serde_json escapes what PostgreSQL escapes, and in the same way.
pub fn quoted(text: &str) -> impl std::fmt::Display {
    serde_json::Value::from(text)
}
