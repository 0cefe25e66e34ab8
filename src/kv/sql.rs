//! SQL face of the key-value store.
#![allow(unsafe_code)] // what #[pg_extern] expands to

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::limits;
use crate::error::Error;

#[pg_extern(schema = "llmspell", immutable, parallel_safe)]
fn _kv_check(key: Option<&str>, value: Option<&[u8]>) -> Result<(), ErrorReport> {
    let key = key.ok_or_else(|| Error::NullArgument("key".to_owned()))?;
    let value = value.ok_or_else(|| Error::NullArgument("value".to_owned()))?;
    limits::check(key, value).map_err(|reason| Error::Kv(reason).into())
}
