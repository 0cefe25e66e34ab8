//! Errors of the arguments of functions on artifacts.

use crate::text::shown;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("unknown codec \"{}\"", shown::start(.0))]
    Codec(String),
    #[error("a key has 32 bytes, this one has {0}")]
    KeyLength(usize),
}
