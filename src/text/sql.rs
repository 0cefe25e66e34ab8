//! SQL face of the shared text rules.
#![allow(unsafe_code)] // what #[pg_extern] expands to

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::prefix;
use crate::arguments::{fitting, given, page_size};
use crate::error::Error;

/// Exclusive upper bound of the keys that begin with `prefix`, for `COLLATE "C"` columns.
#[pg_extern(sql = false)]
fn _prefix_end(prefix: &str) -> String {
    prefix::prefix_end(prefix)
}

/// A text argument that must be there and fit its column.
#[pg_extern(sql = false)]
fn _short_text<'a>(value: Option<&'a str>, argument: &str, max_chars: i32) -> Result<&'a str, ErrorReport> {
    let max = usize::try_from(max_chars).unwrap_or_default();
    Ok(fitting(given(value, argument)?, argument, max).map_err(Error::from)?)
}

/// The checked `max_rows` of a page.
#[pg_extern(sql = false)]
fn _max_rows(max_rows: Option<i32>) -> Result<i32, ErrorReport> {
    Ok(page_size(given(max_rows, "max_rows")?).map_err(Error::from)?)
}
