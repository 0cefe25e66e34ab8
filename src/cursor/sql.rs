//! SQL face of cursors.
#![allow(unsafe_code)] // what #[pg_extern] expands to

use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::{AnyElement, Uuid};

use super::parts::Parts;
use super::place::{Invalid, Place};
use crate::error::Error;
use crate::server::varlena;

#[pg_extern(sql = false)]
fn _cursor(at: TimestampWithTimeZone, id: &str) -> String {
    Place { micros: at.into(), id }.text()
}

// Lists make a cursor for each row: these put theirs together without an allocation but that of the result.

#[pg_extern(sql = false)]
fn _cursor_of_uuid(at: TimestampWithTimeZone, id: Uuid) -> Option<AnyElement> {
    varlena::result(Parts::default().time(at.into()).uuid(id.as_bytes()).bytes())
}

/// The cursor of a row in the order of two times and a UUID.
#[pg_extern(sql = false)]
fn _cursor_of_times(
    first: TimestampWithTimeZone,
    second: TimestampWithTimeZone,
    id: Uuid,
) -> Option<AnyElement> {
    varlena::result(Parts::default().time(first.into()).time(second.into()).uuid(id.as_bytes()).bytes())
}

/// The cursor of a row in the order of a UUID and a number.
#[pg_extern(sql = false)]
fn _cursor_of_number(id: Uuid, number: i64) -> Option<AnyElement> {
    varlena::result(Parts::default().uuid(id.as_bytes()).mark(b':').number(number).bytes())
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
