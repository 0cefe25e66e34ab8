//! SQL face of cursors.
#![allow(unsafe_code)] // what #[pg_extern] expands to

use pgrx::Uuid;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::place::{Invalid, Place};
use crate::error::Error;

#[pg_extern(sql = false)]
fn _cursor(at: TimestampWithTimeZone, id: &str) -> String {
    Place { micros: at.into(), id }.text()
}

/// The same for a UUID, without making its text first: a list makes one for each row.
#[pg_extern(sql = false)]
fn _cursor_of_uuid(at: TimestampWithTimeZone, id: Uuid) -> String {
    let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
    let id = uuid::Uuid::from_bytes(*id.as_bytes()).hyphenated().encode_lower(&mut text);
    Place { micros: at.into(), id }.text()
}

#[pg_extern(sql = false)]
fn _cursor_at(after: &str) -> Result<TimestampWithTimeZone, ErrorReport> {
    let micros = place(after)?.micros;
    TimestampWithTimeZone::try_from(micros).map_err(|_| Error::from(Invalid::Cursor(after.to_owned())).into())
}

#[pg_extern(sql = false)]
fn _cursor_id(after: &str) -> Result<&str, ErrorReport> {
    Ok(place(after)?.id)
}

/// The cursor of a list in the order of one UUID is that UUID.
#[pg_extern(sql = false)]
fn _cursor_key(after: &str) -> Result<Uuid, ErrorReport> {
    parsed(after, after)
}

#[pg_extern(sql = false)]
fn _cursor_uuid(after: &str) -> Result<Uuid, ErrorReport> {
    parsed(place(after)?.id, after)
}

fn parsed(id: &str, after: &str) -> Result<Uuid, ErrorReport> {
    match uuid::Uuid::try_parse(id) {
        Ok(id) => Ok(Uuid::from_bytes(id.into_bytes())),
        Err(_) => Err(Error::from(Invalid::Cursor(after.to_owned())).into()),
    }
}

fn place(after: &str) -> Result<Place<'_>, Error> {
    Ok(Place::parse(after)?)
}
