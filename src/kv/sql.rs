//! SQL face of the key-value store.
#![allow(unsafe_code)] // what #[pg_extern] expands to

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::limits;
use crate::arguments::given;
use crate::error::Error;

#[pg_extern(sql = false)]
fn _kv_check(key: Option<&str>, value: Option<&[u8]>) -> Result<(), ErrorReport> {
    let key = given(key, "key")?;
    let value = given(value, "value")?;
    Ok(limits::check(key, value).map_err(Error::from)?)
}
