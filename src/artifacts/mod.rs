//! Artifacts: content-defined chunks, their encodings, and the manifest that puts them together.

pub mod aligner;
pub mod chunker;
pub mod codec;
pub mod damage;
pub mod envelope;
#[cfg(test)]
mod gain;
pub mod invalid;
pub mod manifest;
mod read;
mod refusal;
mod sql;
mod statements;
mod store;
