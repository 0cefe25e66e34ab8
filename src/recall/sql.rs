//! SQL face of recalls.
#![allow(unsafe_code)] // the call as the server hands it over

use pgrx::fcinfo::pg_getarg;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::request::{Request, kinds};
use super::run::run;
use crate::server::srf::{first_type, rows_of};

#[pg_extern(sql = false)]
fn _recall(fcinfo: pg_sys::FunctionCallInfo) -> Result<(), ErrorReport> {
    // SAFETY: its own call, with the signature of the SQL file.
    let (request, vector, mut put) = unsafe { (Request::read(fcinfo)?, first_type(fcinfo), rows_of(fcinfo)) };
    run(&request, vector, &mut put)
}

/// The names of the kinds that names stand for.
#[pg_extern(sql = false)]
fn _recall_kinds(fcinfo: pg_sys::FunctionCallInfo) -> Result<Vec<&'static str>, ErrorReport> {
    // SAFETY: the signature is (text[]).
    let names = unsafe { pg_getarg::<Vec<Option<String>>>(fcinfo, 0) };
    Ok(kinds(names)?.into_iter().map(super::kind::Kind::name).collect())
}
