//! The check of stored values: a value must be one that COPY can write and read again, so that nobody's rows stop a dump or a restore.
#![allow(unsafe_code)] // reads values of any type as they lie in memory

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::{pg_getarg, pg_getarg_datum, varlena};

use super::check::Invalid;
use crate::error::Error;
use crate::json::stored::{self, Excess};
use crate::limits::{COPIED_CHARS, ROW_VALUE_BYTES};
use crate::server::catalog;
use crate::server::varlena::Detoasted;
use crate::text::copied;

/// Returns true where a value of type jsonb, text, varchar, bytea or text[] may be stored, and raises an error
/// otherwise. The tables call it in their CHECKs, and functions before they work on a value that they will write.
#[pg_extern(sql = false)]
fn _storable(fcinfo: pg_sys::FunctionCallInfo) -> Result<bool, ErrorReport> {
    // SAFETY: the signature is (anyelement, text), and STRICT.
    let (value, of_type) =
        unsafe { (pg_getarg_datum(fcinfo, 0), pg_sys::get_fn_expr_argtype((*fcinfo).flinfo, 0)) };
    // SAFETY: as above; each of these types is of variable length.
    unsafe {
        if let Some(excess) = value.and_then(|value| excess(value, of_type)) {
            return Err(refused(excess, of_type, pg_getarg::<&str>(fcinfo, 1).unwrap_or_default()).into());
        }
    }
    Ok(true)
}

/// The same for the two values of an agent's row, in one call: each node of a CHECK is read anew for each statement.
#[pg_extern(sql = false)]
fn _storable_state(fcinfo: pg_sys::FunctionCallInfo) -> Result<bool, ErrorReport> {
    // SAFETY: the signature is (jsonb, bytea), both of variable length.
    unsafe {
        check(pg_getarg_datum(fcinfo, 0), pg_sys::JSONBOID, "state_data")?;
        check(pg_getarg_datum(fcinfo, 1), pg_sys::BYTEAOID, "own_checksum")?;
    }
    Ok(true)
}

/// The same for a value that is an argument of a native function.
///
/// # Safety
/// The datum is one of the type, which is of variable length.
pub unsafe fn check(value: Option<pg_sys::Datum>, of_type: pg_sys::Oid, argument: &str) -> Result<(), Error> {
    // SAFETY: as the caller says.
    match value.and_then(|value| unsafe { excess(value, of_type) }) {
        None => Ok(()),
        Some(excess) => Err(refused(excess, of_type, argument)),
    }
}

/// The same for a document, given without its length word.
pub fn document(bytes: &[u8], argument: &str) -> Result<(), Error> {
    stored::check(bytes).map_err(|excess| refused(excess, pg_sys::JSONBOID, argument))
}

fn refused(excess: Excess, of_type: pg_sys::Oid, argument: &str) -> Error {
    let argument = argument.to_owned();
    Error::from(match excess {
        Excess::Depth => Invalid::TooDeep { argument },
        Excess::Length if of_type == pg_sys::BYTEAOID => Invalid::TooManyBytes { argument },
        Excess::Length => Invalid::TooLarge { argument },
    })
}

/// # Safety
/// The datum is one of the type, which is of variable length.
unsafe fn excess(value: pg_sys::Datum, of_type: pg_sys::Oid) -> Option<Excess> {
    // SAFETY: as the caller says.
    let size = unsafe { pg_sys::toast_raw_datum_size(value) } - pg_sys::VARHDRSZ;
    let long = |chars: usize| (chars > COPIED_CHARS).then_some(Excess::Length);
    // SAFETY: as the caller says.
    let read = || unsafe { Detoasted::aligned(value) };
    match of_type {
        pg_sys::BYTEAOID => (size > ROW_VALUE_BYTES).then_some(Excess::Length),
        pg_sys::JSONBOID => {
            // SAFETY: as the caller says.
            if size < stored::FLAT_BYTES || unsafe { was_checked(value) } {
                return None;
            }
            stored::check(read().bytes()).err()
        }
        pg_sys::TEXTARRAYOID => {
            if size <= COPIED_CHARS / 4 {
                return None;
            }
            long(copied::of_array(read().bytes()))
        }
        _ => {
            if size <= COPIED_CHARS / 2 || size > COPIED_CHARS {
                return long(size);
            }
            long(copied::of_text(read().bytes()))
        }
    }
}

/// Whether a document lies in a table of this extension, which lets none in that is not storable. An UPDATE of another
/// column then need not read it.
///
/// # Safety
/// The datum is of variable length.
unsafe fn was_checked(value: pg_sys::Datum) -> bool {
    let value: *const pg_sys::varlena = value.cast_mut_ptr();
    // SAFETY: the tag says that a pointer into a TOAST table follows, unaligned.
    unsafe {
        if !varlena::varatt_is_1b_e(value)
            || u32::from(varlena::vartag_1b_e(value)) != pg_sys::vartag_external::VARTAG_ONDISK
        {
            return false;
        }
        let pointer = varlena::vardata_1b_e(value).cast::<pg_sys::varatt_external>().read_unaligned();
        catalog::is_ours(pointer.va_toastrelid)
    }
}
