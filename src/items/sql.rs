//! SQL face of items.
#![allow(unsafe_code)] // what #[pg_extern] expands to, and values read as they lie in memory

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::{pg_getarg, pg_getarg_datum};

use super::cursor;
use super::namespace::{self, Invalid};
use crate::arguments::{given, storable};
use crate::error::Error;
use crate::server::varlena::Detoasted;

/// The elements of an argument that is an array of texts; none where it is null.
///
/// # Safety
/// The argument at this position is a text[].
unsafe fn array(
    fcinfo: pg_sys::FunctionCallInfo,
    position: usize,
    argument: &str,
) -> Result<Option<Vec<Option<String>>>, Error> {
    // SAFETY: as the caller says; an array begins with the number of its dimensions.
    unsafe {
        let Some(datum) = pg_getarg_datum(fcinfo, position) else { return Ok(None) };
        let whole = Detoasted::aligned(datum);
        let dimensions = whole.bytes().first_chunk::<4>().map_or(0, |bytes| i32::from_ne_bytes(*bytes));
        if dimensions > 1 {
            return Err(Invalid::Dimensions(argument.to_owned()).into());
        }
        Ok(pg_getarg(fcinfo, position))
    }
}

fn path(segments: &[Option<String>], argument: &str) -> Result<String, Error> {
    Ok(namespace::path(segments.iter().map(Option::as_deref), argument)?)
}

#[pg_extern(sql = false)]
fn _item_path(fcinfo: pg_sys::FunctionCallInfo) -> Result<String, ErrorReport> {
    // SAFETY: the signature is (text[], text).
    unsafe {
        let argument = given(pg_getarg::<&str>(fcinfo, 1), "argument")?;
        let segments = given(array(fcinfo, 0, argument)?, argument)?;
        Ok(path(&segments, argument)?)
    }
}

#[pg_extern(sql = false)]
fn _item_subtree_end(namespace: &str) -> String {
    namespace::subtree_end(namespace)
}

/// The key, after a check of its length beside that of its namespace.
#[pg_extern(sql = false)]
fn _item_key<'a>(namespace: Option<&str>, key: Option<&'a str>) -> Result<&'a str, ErrorReport> {
    let (namespace, key) = (given(namespace, "namespace")?, given(key, "key")?);
    namespace::check_key(namespace, key).map_err(Error::from)?;
    Ok(key)
}

#[pg_extern(sql = false)]
fn _item_cursor(namespace: Option<&str>, key: Option<&str>) -> Option<String> {
    Some(cursor::cursor(namespace?, key))
}

/// The text of the namespace of a cursor, and its key.
#[pg_extern(sql = false)]
fn _item_place(after: &str, has_key: bool) -> Result<Vec<String>, ErrorReport> {
    match cursor::parse(after, has_key) {
        Some((namespace, key)) => Ok(vec![namespace, key]),
        None => Err(Error::from(crate::cursor::Invalid::Cursor(after.to_owned())).into()),
    }
}

/// Whether a row may be stored, in one call, as for the key-value store.
#[pg_extern(sql = false)]
fn _item_valid(fcinfo: pg_sys::FunctionCallInfo) -> Result<bool, ErrorReport> {
    // SAFETY: the signature is (text, text, bigint, jsonb, text), and the value and the content are of variable length.
    unsafe {
        storable::check(pg_getarg_datum(fcinfo, 3), pg_sys::JSONBOID, "value")?;
        storable::check(pg_getarg_datum(fcinfo, 4), pg_sys::TEXTOID, "content")?;
        let namespace: &str = pg_getarg(fcinfo, 0).unwrap_or_default();
        let key: &str = pg_getarg(fcinfo, 1).unwrap_or_default();
        let version: Option<i64> = pg_getarg(fcinfo, 2);
        Ok(version.is_none_or(|version| version > 0)
            && namespace::is_path(namespace)
            && namespace::check_key(namespace, key).is_ok())
    }
}

/// The segments of a pattern; it is held to the rules of what it is to match.
///
/// # Safety
/// The argument at this position is a text[].
unsafe fn pattern(
    fcinfo: pg_sys::FunctionCallInfo,
    position: usize,
    argument: &str,
) -> Result<Vec<String>, Error> {
    // SAFETY: as the caller says.
    let segments = unsafe { array(fcinfo, position, argument)? }.unwrap_or_default();
    path(&segments, argument)?;
    Ok(segments.into_iter().flatten().collect())
}

fn borrowed(pattern: &[String]) -> Vec<&str> {
    pattern.iter().map(String::as_str).collect()
}

/// The text of the namespace that a pattern begins with.
#[pg_extern(sql = false)]
fn _namespace_first(fcinfo: pg_sys::FunctionCallInfo) -> Result<String, ErrorReport> {
    // SAFETY: the signature is (text[], text[], integer).
    unsafe {
        if let Some(depth @ ..1) = pg_getarg::<i32>(fcinfo, 2) {
            return Err(Error::from(Invalid::Depth(depth)).into());
        }
        pattern(fcinfo, 1, "namespace_suffix")?;
        let prefix = pattern(fcinfo, 0, "namespace_prefix")?;
        let fixed = namespace::fixed(&borrowed(&prefix)).into_iter().map(Some);
        Ok(namespace::path(fixed, "namespace_prefix").map_err(Error::from)?)
    }
}

#[pg_extern(sql = false)]
fn _namespace_matches(fcinfo: pg_sys::FunctionCallInfo) -> Result<Option<bool>, ErrorReport> {
    // SAFETY: the signature is (text, text[], text[]).
    unsafe {
        let Some(namespace) = pg_getarg::<&str>(fcinfo, 0) else { return Ok(None) };
        let prefix = pattern(fcinfo, 1, "namespace_prefix")?;
        let suffix = pattern(fcinfo, 2, "namespace_suffix")?;
        Ok(Some(namespace::matches(namespace, &borrowed(&prefix), &borrowed(&suffix))))
    }
}

#[pg_extern(sql = false)]
fn _namespace_next(
    namespace: Option<&str>,
    max_depth: Option<i32>,
    is_listed: Option<bool>,
) -> Option<String> {
    let depth = max_depth.and_then(|depth| usize::try_from(depth).ok());
    Some(namespace::next(namespace?, depth, is_listed.unwrap_or(false)))
}

#[pg_extern(sql = false)]
fn _namespace_cut(namespace: Option<&str>, max_depth: Option<i32>) -> Option<&str> {
    match max_depth.and_then(|depth| usize::try_from(depth).ok()) {
        Some(depth) => Some(namespace::cut(namespace?, depth)),
        None => namespace,
    }
}
