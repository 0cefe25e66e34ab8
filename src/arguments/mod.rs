//! Checks of arguments that every domain has: given, not negative, not too long.

mod check;
mod refusal;

pub use check::{Invalid, fitting, not_negative, page_size};
pub use refusal::given;
