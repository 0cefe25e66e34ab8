//! SQL face of searches.
#![allow(unsafe_code)] // the call as the server hands it over

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::request::Request;
use super::run::run;
use crate::server::srf::{first_type, rows_of};

#[pg_extern(sql = false)]
fn _search(fcinfo: pg_sys::FunctionCallInfo) -> Result<(), ErrorReport> {
    // SAFETY: its own call, with the signature of the SQL file.
    let (request, vector, mut put) = unsafe { (Request::read(fcinfo)?, first_type(fcinfo), rows_of(fcinfo)) };
    let found = run(&request, vector)?;
    // bounded: at most 1,000 rows.
    for (n, row) in found.rows.into_iter().enumerate() {
        put(&[
            (n as i64 + 1).into_datum(),
            pgrx::Uuid::from_bytes(row.id).into_datum(),
            row.score.into_datum(),
            row.own.into_datum(),
            row.around.into_datum(),
            row.vector_score.and_then(IntoDatum::into_datum),
            row.text_score.and_then(IntoDatum::into_datum),
            row.vector_rank.and_then(IntoDatum::into_datum),
            row.text_rank.and_then(IntoDatum::into_datum),
            row.distance.and_then(IntoDatum::into_datum),
            found.complete.into_datum(),
        ]);
    }
    Ok(())
}
