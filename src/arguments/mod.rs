//! Checks of arguments that every domain has: given, positive, not too long.

mod check;
mod interval;
mod refusal;
mod sql;
pub mod storable;

pub use check::{Invalid, fitting, not_negative};
pub use refusal::given;
