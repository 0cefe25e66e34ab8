//! Filters: what the document of a row must be, as a JSON object with operators.

mod equalities;
mod given;
mod invalid;
mod language;
mod like;
mod matching;
#[cfg(test)]
mod oracle;
mod refusal;
mod sql;

pub use given::Given;
