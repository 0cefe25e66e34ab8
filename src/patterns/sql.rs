//! SQL face of learned patterns.
#![allow(unsafe_code)] // what #[pg_extern] expands to

use pgrx::prelude::*;

use super::cursor;

#[pg_extern(sql = false)]
fn _pattern_cursor(frequency: i32, scope: &str, key: &str, value: &str) -> String {
    cursor::of(frequency, [scope, key, value])
}
