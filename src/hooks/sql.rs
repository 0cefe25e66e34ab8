//! SQL face of hook history.
#![allow(unsafe_code)] // what #[pg_extern] expands to

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::codec;
use crate::error::Error;

#[pg_extern(sql = false)]
fn _hook_pack(context: &[u8]) -> Result<Vec<u8>, ErrorReport> {
    Ok(codec::pack(context).map_err(Error::from)?)
}

#[pg_extern(sql = false)]
fn _hook_unpack(packed: &[u8]) -> Result<Vec<u8>, ErrorReport> {
    Ok(codec::unpack(packed).map_err(Error::from)?)
}
