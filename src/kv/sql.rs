//! SQL face of the key-value store.
#![allow(unsafe_code)] // what #[pg_extern] expands to, and values read as they lie in memory

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::{pg_getarg, pg_getarg_datum};

use super::limits;
use crate::arguments::{given, storable};
use crate::error::Error;

#[pg_extern(sql = false)]
fn _kv_check(key: Option<&str>, value: Option<&[u8]>) -> Result<(), ErrorReport> {
    let key = given(key, "key")?;
    let value = given(value, "value")?;
    Ok(limits::check(key, value).map_err(Error::from)?)
}

/// Whether a row may be stored, in one call: each node of a CHECK is read anew for each statement, so as an expression
/// the same took 5 microseconds of a write of 60.
#[pg_extern(sql = false)]
fn _kv_valid(fcinfo: pg_sys::FunctionCallInfo) -> Result<bool, ErrorReport> {
    // SAFETY: the signature is (bigint, bytea, text, jsonb), and the value and the metadata are of variable length.
    unsafe {
        storable::check(pg_getarg_datum(fcinfo, 1), pg_sys::BYTEAOID, "value")?;
        storable::check(pg_getarg_datum(fcinfo, 3), pg_sys::JSONBOID, "metadata")?;
        Ok(limits::valid(pg_getarg(fcinfo, 0), pg_getarg(fcinfo, 2)))
    }
}
