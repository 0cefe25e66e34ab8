//! SQL face of the shared text rules.
#![allow(unsafe_code)] // what #[pg_extern] expands to

use pgrx::prelude::*;

use super::prefix;

/// Exclusive upper bound of the keys that begin with `prefix`, for `COLLATE "C"` columns.
#[pg_extern(sql = false)]
fn _prefix_end(prefix: &str) -> String {
    prefix::prefix_end(prefix)
}
