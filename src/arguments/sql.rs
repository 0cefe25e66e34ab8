//! SQL face of the checks of arguments.
#![allow(unsafe_code)] // what #[pg_extern] expands to

use pgrx::AnyElement;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::{check, given, interval};
use crate::error::Error;

/// Returns an argument that must not be null. STABLE and not strict, so that a null constant is not folded away.
#[pg_extern(sql = false)]
fn _given(value: Option<AnyElement>, argument: Option<&str>) -> Result<AnyElement, ErrorReport> {
    let argument = given(argument, "argument")?;
    Ok(given(value, argument)?)
}

#[pg_extern(sql = false)]
fn _positive(value: Option<Interval>, argument: Option<&str>) -> Result<Option<Interval>, ErrorReport> {
    let argument = given(argument, "argument")?;
    if let Some(value) = value {
        interval::forward(value, argument)?;
    }
    Ok(value)
}

#[pg_extern(sql = false)]
fn _expiry(
    expires_at: Option<TimestampWithTimeZone>,
    ttl: Option<Interval>,
) -> Result<Option<TimestampWithTimeZone>, ErrorReport> {
    match (expires_at, ttl) {
        (Some(_), Some(_)) => Err(Error::from(check::Invalid::Both("expires_at", "ttl")).into()),
        (Some(moment), None) => Ok(Some(moment).filter(|moment| !moment.is_infinity())),
        (None, Some(ttl)) => Ok(Some(interval::forward(ttl, "ttl")?)),
        (None, None) => Ok(None),
    }
}

/// A text argument that must be there and fit its column.
#[pg_extern(sql = false)]
fn _short_text<'a>(
    value: Option<&'a str>,
    argument: Option<&str>,
    max_chars: Option<i32>,
) -> Result<&'a str, ErrorReport> {
    let argument = given(argument, "argument")?;
    let max = usize::try_from(given(max_chars, "max_chars")?).unwrap_or_default();
    Ok(check::fitting(given(value, argument)?, argument, max).map_err(Error::from)?)
}

/// The checked `max_rows` of a page.
#[pg_extern(sql = false)]
fn _max_rows(max_rows: Option<i32>) -> Result<i32, ErrorReport> {
    Ok(check::page_size(given(max_rows, "max_rows")?).map_err(Error::from)?)
}
