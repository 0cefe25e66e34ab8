//! SQL face of introspection.
#![allow(unsafe_code)] // what #[pg_extern] expands to

use pgrx::prelude::*;

/// The version of the library, which can differ from that of the installed SQL.
#[pg_extern(sql = false)]
fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
