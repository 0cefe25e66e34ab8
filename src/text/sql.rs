//! SQL face of the shared text rules.
#![allow(unsafe_code)] // what #[pg_extern] expands to

use pgrx::prelude::*;

use super::{fold, prefix};

/// Exclusive upper bound of the keys that begin with `prefix`, for `COLLATE "C"` columns.
#[pg_extern(sql = false)]
fn _prefix_end(prefix: &str) -> String {
    prefix::prefix_end(prefix)
}

/// A text without regard to case.
#[pg_extern(sql = false)]
fn _folded(text: &str) -> String {
    fold::folded(text)
}

/// The part of a name that an index on names holds.
#[pg_extern(sql = false)]
fn _name_key(name: &str) -> String {
    fold::key(name)
}
