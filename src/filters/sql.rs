//! SQL face of filters.
#![allow(unsafe_code)] // keeps a filter with the call

use pgrx::AnyElement;
use pgrx::memcxt::PgMemoryContexts;
use pgrx::pg_getarg_datum;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::given::checked;
use super::language::Filter;
use crate::json::binary::Value;
use crate::server::varlena::{self, Detoasted};

/// What an index can find.
#[pg_extern(sql = false)]
fn _filter_contains(filter: AnyElement) -> Result<Option<AnyElement>, ErrorReport> {
    match read(&filter)? {
        None => Ok(Some(filter)),
        Some(operators) => Ok(operators.equalities().and_then(|bytes| varlena::result(&bytes))),
    }
}

#[pg_extern(sql = false)]
fn _filter_operators(filter: AnyElement) -> Result<Option<AnyElement>, ErrorReport> {
    Ok(read(&filter)?.map(|_| filter))
}

fn read(filter: &AnyElement) -> Result<Option<Filter>, ErrorReport> {
    // SAFETY: the SQL signatures say jsonb.
    let bytes = unsafe { Detoasted::new(filter.datum()) };
    Ok(checked(bytes.bytes())?)
}

/// Up to this size the server's own function is quick, which knows nothing of interrupts.
const SHORT: usize = 65_536;
/// Deeper documents no table of tenants has.
const LEVELS: usize = 1_001;

/// jsonb `@>`, that an interrupt ends also while it looks through a large array.
#[pg_extern(sql = false)]
fn _jsonb_contains(fcinfo: pg_sys::FunctionCallInfo) -> bool {
    // SAFETY: the signature is (jsonb, jsonb), and STRICT.
    let (Some(document), Some(part)) = (unsafe { (pg_getarg_datum(fcinfo, 0), pg_getarg_datum(fcinfo, 1)) })
    else {
        return false;
    };
    // SAFETY: as above.
    if unsafe { varlena::size(document).max(varlena::size(part)) } > SHORT {
        // SAFETY: as above.
        let (document, part) = unsafe { (Detoasted::new(document), Detoasted::new(part)) };
        let (document, part) = (Value::of_document(document.bytes()), Value::of_document(part.bytes()));
        // Of an array and a scalar the server says more than of those inside of documents.
        if let (Value::Object(_), Value::Object(_)) = (document, part)
            && let Some(contains) = document.contains_within(&part, LEVELS)
        {
            return contains;
        }
    }
    // SAFETY: its own arguments.
    unsafe { pg_sys::jsonb_contains(fcinfo).value() != 0 }
}

/// A filter as the last row had it.
struct Kept {
    bytes: Vec<u8>,
    filter: Option<Filter>,
}

/// Whether a document is as a filter says. The filter is read once for a query.
#[pg_extern(sql = false)]
fn _filter_matches(fcinfo: pg_sys::FunctionCallInfo) -> Result<bool, ErrorReport> {
    // SAFETY: the signature is (jsonb, jsonb), and STRICT.
    let (Some(document), Some(filter)) =
        (unsafe { (pg_getarg_datum(fcinfo, 0), pg_getarg_datum(fcinfo, 1)) })
    else {
        return Ok(false);
    };
    // SAFETY: as above.
    let filter = unsafe { Detoasted::new(filter) };
    // SAFETY: what this function keeps with the call is its own, and lives as long as the call's look-up.
    let kept = unsafe { (*(*fcinfo).flinfo).fn_extra.cast::<Kept>().as_mut() };
    let kept = match kept {
        Some(kept) if kept.bytes == filter.bytes() => kept,
        kept => {
            let new = Kept { filter: checked(filter.bytes())?, bytes: filter.bytes().to_vec() };
            match kept {
                Some(kept) => {
                    *kept = new;
                    kept
                }
                // SAFETY: as above; dropped with the memory that the look-up lies in.
                None => unsafe {
                    let flinfo = (*fcinfo).flinfo;
                    let kept = PgMemoryContexts::For((*flinfo).fn_mcxt).leak_and_drop_on_delete(new);
                    (*flinfo).fn_extra = kept.cast();
                    &mut *kept
                },
            }
        }
    };
    let Some(filter) = &kept.filter else { return Ok(true) };
    // SAFETY: as above.
    Ok(filter.matches(unsafe { Detoasted::new(document) }.bytes()))
}
