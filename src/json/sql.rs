//! SQL face of JSON documents: bounds and checksum.
#![allow(unsafe_code)] // what #[pg_extern] expands to

use pgrx::AnyElement;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use sha2::{Digest, Sha256};

use super::canonical::{Bounds, Invalid, MAX_BYTES, Writer};
use super::members;
use crate::arguments::given;
use crate::error::Error;
use crate::interrupts::{PART, poll};
use crate::server::jsonb::Document;

/// A smaller document passes no bound: a level takes 8 bytes, a number of 131,072 digits 12.
const FLAT_BYTES: usize = 4000;

#[pg_extern(sql = false)]
fn _json_check(state: Option<AnyElement>) -> Result<(), ErrorReport> {
    Ok(check(&document(&given(state, "state")?))?)
}

#[pg_extern(sql = false)]
fn _json_checksum(state: Option<AnyElement>) -> Result<Vec<u8>, ErrorReport> {
    let state = given(state, "state")?;
    let document = document(&state);
    fits(&document).map_err(Error::from)?;
    let mut writer = Writer::default();
    document.walk(|token| writer.push(token)).map_err(Error::from)?;
    let mut hasher = Sha256::new();
    for part in writer.finish().chunks(PART) {
        poll();
        hasher.update(part);
    }
    Ok(hasher.finalize().to_vec())
}

/// The members that differ between two JSON objects; NULL where an argument is no object.
#[pg_extern(sql = false)]
fn _json_diff(before: Option<AnyElement>, after: Option<AnyElement>) -> Option<String> {
    members::diff(&document(&before?).text(), &document(&after?).text()).ok()
}

fn document(state: &AnyElement) -> Document<'_> {
    // SAFETY: the SQL signatures say jsonb.
    unsafe { Document::new(state.datum()) }
}

/// Refuses a document that passes a bound.
pub fn check(document: &Document<'_>) -> Result<(), Error> {
    if fits(document)? > FLAT_BYTES {
        let mut bounds = Bounds::default();
        document.walk(|token| bounds.push(token))?;
    }
    Ok(())
}

fn fits(document: &Document<'_>) -> Result<usize, Invalid> {
    match document.bytes().len() {
        bytes if bytes > MAX_BYTES => Err(Invalid::TooLarge { bytes }),
        bytes => Ok(bytes),
    }
}
