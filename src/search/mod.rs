//! Search by words and meaning together, of vectors, episodes and items alike: BM25 over the tenant's own rows, one order out
//! of both, and what stands around a hit.

mod bm25;
mod context;
mod counts;
mod find;
mod fusion;
mod invalid;
mod near;
mod prepare;
mod refusal;
mod request;
mod run;
mod source;
pub mod sql;
mod statement;
mod syntax;
mod terms;
mod together;
mod tsvector;
mod words;

pub use request::{CONTEXT, Fusion, Request, weights};
pub use run::Row;
pub use statement::Source;
pub use together::{Together, together};
pub use words::Id;
