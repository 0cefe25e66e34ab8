//! SQL face of calls by name.
#![allow(unsafe_code)] // the call as the server hands it over, and the catalog

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::CStr;

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::{pg_getarg, pg_getarg_datum};

use super::nearest::nearest;
use super::refusal::Invalid;
use crate::arguments::given;
use crate::error::Error;
use crate::interrupts::polled;
use crate::json::binary::Value;
use crate::server::calls::{self, Statement};
use crate::server::catalog;
use crate::server::jsonb::{Document, parsed};
use crate::server::spi::{Sees, connect};
use crate::server::srf::values_of;
use crate::tenancy;

/// So many statements are kept: each public function with the arguments that clients give it.
const STATEMENTS: usize = 1024;

const STATEMENT_SQL: &CStr =
    c"SELECT s.function, s.statement FROM llmspell_internal._call_statement($1, $2) s";

/// A function with the statement that calls it with some arguments, as the catalog had them at a time.
struct Kept {
    made_at: u64,
    function: pg_sys::Oid,
    text: String,
    statement: Statement,
}

thread_local! {
    /// By the name of the function and those of the arguments. Names are the user's, so the hash has a key. An entry stays:
    /// a call that runs holds its plan by the pointer alone.
    static KEPT: RefCell<HashMap<(String, Vec<String>), Kept>> = RefCell::default();
    /// How often functions have changed.
    static CHANGES: Cell<u64> = const { Cell::new(0) };
}

/// Takes note that a function has changed.
#[pg_guard]
unsafe extern "C-unwind" fn changed(_arg: pg_sys::Datum, _cache: i32, _hash: u32) {
    CHANGES.set(CHANGES.get() + 1);
}

pub fn init() {
    // SAFETY: once for each process, with a function that lives as long.
    unsafe {
        pg_sys::CacheRegisterSyscacheCallback(
            pg_sys::SysCacheIdentifier::PROCOID as i32,
            Some(changed),
            0.into(),
        );
    }
}

/// The function of a name, and the statement that calls it with some arguments.
fn statement(name: &str, names: Vec<String>) -> (pg_sys::Oid, Statement) {
    let key = (name.to_owned(), names);
    let made_at = CHANGES.get();
    let kept = KEPT.with_borrow(|kept| {
        kept.get(&key).filter(|kept| kept.made_at == made_at).map(|kept| (kept.function, kept.statement))
    });
    if let Some(kept) = kept {
        return kept;
    }
    let args = [name.into(), key.1.clone().into()];
    let found = connect(|connection| {
        connection.row(STATEMENT_SQL, &args, Sees::Latest, |row| (row.get::<pg_sys::Oid>(0), row.text(1)))
    });
    let Some((Some(function), text)) = found else { error!("function \"{name}\" is missing") };
    let (is_full, same) = KEPT.with_borrow(|kept| {
        let old = kept.get(&key);
        let same = old.filter(|old| old.text == text).map(|old| old.statement);
        (kept.len() >= STATEMENTS && old.is_none(), same)
    });
    if is_full {
        return (function, Statement::once(&text));
    }
    let statement = same.unwrap_or_else(|| Statement::keep(&text));
    KEPT.with_borrow_mut(|kept| kept.insert(key, Kept { made_at, function, text, statement }));
    (function, statement)
}

/// What a call is to run, and for what.
fn prepared(
    fcinfo: pg_sys::FunctionCallInfo,
) -> Result<(Statement, pg_sys::Datum, *mut pg_sys::Tuplestorestate), ErrorReport> {
    // SAFETY: the call of a function with the signature (text, jsonb, text), and a set of jsonb as its result.
    let (name, argument, tenant, store) = unsafe {
        let name: Option<String> = pg_getarg(fcinfo, 0);
        let argument = pg_getarg_datum(fcinfo, 1).or_else(|| parsed("{}").map(|empty| empty.datum()));
        let argument = given(argument, "arguments")?;
        let tenant: Option<String> = pg_getarg(fcinfo, 2);
        (given(name, "name")?, argument, tenant, values_of(fcinfo))
    };
    // SAFETY: a jsonb, by the signature.
    let arguments = unsafe { Document::new(argument) };
    let names = match Value::of_document(arguments.bytes()) {
        Value::Object(members) => {
            let names = polled(members.members()).map(|(name, _)| String::from_utf8_lossy(name).into_owned());
            names.collect()
        }
        other => return Err(Error::from(Invalid::Arguments(other.kind())).into()),
    };
    if let Some(tenant) = tenant {
        tenancy::set_local(&tenant)?;
    }
    let (function, statement) = statement(&name, names);
    // A plan may hold the body of the function in its place, and outlives a change of role.
    if !catalog::may_execute(function) {
        return Err(Error::from(Invalid::Denied(name)).into());
    }
    Ok((statement, argument, store))
}

/// Calls a function by name, in the tenant's name where one is given.
#[pg_extern(sql = false)]
fn call(fcinfo: pg_sys::FunctionCallInfo) -> Result<(), ErrorReport> {
    let (statement, argument, store) = prepared(fcinfo)?;
    // SAFETY: the argument is a jsonb, and the store one of jsonb; nothing is left here to drop.
    unsafe { calls::run(statement, argument, store) };
    Ok(())
}

/// The known name that a name is nearest to.
#[pg_extern(sql = false)]
fn _call_nearest(name: &str, known: Vec<String>) -> Option<String> {
    nearest(name, known.iter().map(String::as_str)).map(str::to_owned)
}
