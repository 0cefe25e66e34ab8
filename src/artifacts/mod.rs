//! Artifacts: content-defined chunks, their encodings, and the manifest that puts them together.

pub mod aligner;
pub mod chunker;
pub mod codec;
pub mod envelope;
pub mod fault;
pub mod manifest;
mod parallel;
mod read;
mod sql;
mod statements;
mod store;
