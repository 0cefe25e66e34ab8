//! SQL face of sessions.
#![allow(unsafe_code)] // what #[pg_extern] expands to

use pgrx::prelude::*;

use super::id;

#[pg_extern(sql = false)]
fn _session_is_id(value: &str) -> bool {
    id::read(value).is_some()
}
