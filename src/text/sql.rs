//! SQL face of the shared text rules.
#![allow(unsafe_code)] // what #[pg_extern] expands to

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::prefix;
use crate::error::Error;

/// Exclusive upper bound of the keys that begin with `prefix`, for `COLLATE "C"` columns.
#[pg_extern(schema = "llmspell", immutable, parallel_safe)]
fn _prefix_end(prefix: &str) -> String {
    prefix::prefix_end(prefix)
}

/// A text argument that must be there and fit its column.
#[pg_extern(schema = "llmspell", immutable, parallel_safe)]
fn _short_text<'a>(value: Option<&'a str>, argument: &str, max_chars: i32) -> Result<&'a str, ErrorReport> {
    let value = value.ok_or_else(|| Error::NullArgument(argument.to_owned()))?;
    let max = usize::try_from(max_chars).unwrap_or_default();
    // Bytes bound characters, so most texts need no counting.
    if value.len() > max && value.chars().count() > max {
        return Err(
            Error::LongArgument { argument: argument.to_owned(), max, chars: value.chars().count() }.into()
        );
    }
    Ok(value)
}

/// The checked `max_rows` of a page.
#[pg_extern(schema = "llmspell", immutable, parallel_safe)]
fn _max_rows(max_rows: Option<i32>) -> Result<i32, ErrorReport> {
    match max_rows {
        Some(n) if n >= 0 => Ok(n),
        Some(n) => Err(Error::NegativeMaxRows(n).into()),
        None => Err(Error::NullArgument("max_rows".to_owned()).into()),
    }
}
