//! Calls by name: any public function, with arguments and rows as JSON.

mod nearest;
mod refusal;
mod sql;

pub use sql::init;
