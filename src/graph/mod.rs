//! The bi-temporal graph: versions of nodes and edges along valid time and transaction time.

mod clock;
pub mod content;
pub mod invalid;
pub mod period;
pub mod plan;
mod refusal;
mod sql;
mod text;
mod timeline;
mod walk;

#[cfg(test)]
mod oracle;
