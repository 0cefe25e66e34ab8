//! SQL face of the key-value store.
#![allow(unsafe_code)] // what #[pg_extern] expands to

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::limits;
use crate::error::{Error, required};

#[pg_extern(sql = false)]
fn _kv_check(key: Option<&str>, value: Option<&[u8]>) -> Result<(), ErrorReport> {
    let key = required(key, "key")?;
    let value = required(value, "value")?;
    limits::check(key, value).map_err(|reason| Error::Kv(reason).into())
}
