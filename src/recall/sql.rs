//! SQL face of recalls.
#![allow(unsafe_code)] // the call as the server hands it over

use pgrx::fcinfo::{pg_getarg, pg_getarg_datum};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::kind::Kind;
use super::read::{REST, Reader};
use super::request::{Request, kinds};
use super::run::run;
use super::tokens;
use crate::interrupts::polled;
use crate::search::Id;
use crate::server::spi::connect;
use crate::server::srf::{first_type, rows_of};
use crate::server::varlena::Detoasted;
use crate::tenancy::tenant;

#[pg_extern(sql = false)]
fn _recall(fcinfo: pg_sys::FunctionCallInfo) -> Result<(), ErrorReport> {
    // SAFETY: its own call, with the signature of the SQL file.
    let (request, vector, mut put) = unsafe { (Request::read(fcinfo)?, first_type(fcinfo), rows_of(fcinfo)) };
    run(&request, vector, &mut put)
}

/// The names of the kinds that names stand for.
#[pg_extern(sql = false)]
fn _recall_kinds(names: Option<Vec<Option<String>>>) -> Result<Vec<String>, ErrorReport> {
    Ok(kinds(names)?.into_iter().map(|kind| kind.name().to_owned()).collect())
}

#[pg_extern(sql = false)]
fn token_estimate(content: pgrx::AnyElement) -> i32 {
    // SAFETY: the SQL signature says text; the database is UTF8.
    let content = unsafe { Detoasted::new(content.datum()) };
    let content = str::from_utf8(content.bytes()).unwrap_or_default();
    i32::try_from(tokens::estimate(content)).unwrap_or(i32::MAX)
}

/// Puts the rows of ids, those that are there.
#[pg_extern(sql = false)]
fn _recall_read(fcinfo: pg_sys::FunctionCallInfo) -> Result<(), ErrorReport> {
    let tenant = tenant()?;
    // SAFETY: its own call, with the signature of the SQL file.
    let (names, ids, tables, valid_at, known_at, mut put) = unsafe {
        (
            pg_getarg::<Vec<Option<String>>>(fcinfo, 0).unwrap_or_default(),
            pg_getarg::<Vec<Option<pgrx::Uuid>>>(fcinfo, 1).unwrap_or_default(),
            pg_getarg::<Vec<Option<String>>>(fcinfo, 2).unwrap_or_default(),
            pg_getarg_datum(fcinfo, 3),
            pg_getarg_datum(fcinfo, 4),
            rows_of(fcinfo),
        )
    };
    let mut places: Vec<(Kind, String, usize, Id)> = Vec::new();
    for (n, ((name, id), table)) in polled(names.into_iter().zip(ids).zip(tables)).enumerate() {
        let Some(id) = id else { continue };
        // bounded: at most two kinds of a name.
        for kind in kinds(Some(vec![name]))? {
            // A space that is gone has no rows.
            let table = match (kind, &table) {
                (Kind::Document, None) => continue,
                (Kind::Document, Some(table)) => format!("llmspell.\"{}\"", table.replace('"', "\"\"")),
                _ => String::new(),
            };
            places.push((kind, table, n, *id.as_bytes()));
        }
    }
    places.sort();
    let reader = Reader { tenant: &tenant, max_tokens: 0, valid_at, known_at };
    connect(|connection| {
        // bounded: one of each kind and space.
        for chunk in places.chunk_by(|a, b| (a.0, &a.1) == (b.0, &b.1)) {
            let wanted: Vec<Id> = chunk.iter().map(|place| place.3).collect();
            let place = reader.place(chunk[0].0, &chunk[0].1);
            reader.each(connection, &place.whole(), &wanted, |position, row| {
                let rest: [_; REST] = std::array::from_fn(|n| row.value(n + 2).map(|value| value.datum()));
                let n = (chunk[position].2 as i64 + 1).into_datum();
                let content = row.value(1).map(|value| value.datum());
                put(&[n, content, rest[0], rest[1], rest[2], rest[3], rest[4], rest[5], rest[6], rest[7]]);
            });
        }
    });
    Ok(())
}
