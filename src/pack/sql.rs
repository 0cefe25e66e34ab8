//! SQL face of packed texts.
#![allow(unsafe_code)] // what #[pg_extern] expands to

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::delta::{self, Invalid};
use crate::arguments::given;
use crate::error::Error;

/// Packs a text, beside `base` where that pays; `beside` tells whether it did.
#[pg_extern(sql = false)]
fn _text_pack(
    data: Option<&str>,
    base: Option<&str>,
) -> Result<TableIterator<'static, (name!(packed, Vec<u8>), name!(beside, bool))>, ErrorReport> {
    let data = given(data, "data")?;
    let packed = delta::pack(data.as_bytes(), base.map(str::as_bytes)).map_err(Error::from)?;
    Ok(TableIterator::once(packed))
}

#[pg_extern(sql = false)]
fn _text_unpack(packed: Option<&[u8]>, base: Option<&str>) -> Result<String, ErrorReport> {
    let data = delta::unpack(given(packed, "packed")?, base.map(str::as_bytes)).map_err(Error::from)?;
    Ok(String::from_utf8(data).map_err(|_| Error::from(Invalid::NotUtf8))?)
}
