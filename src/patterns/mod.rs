//! Learned patterns: their cursors. All else is SQL.

mod cursor;
mod sql;
