//! The extension's own description of itself.

mod sql;
