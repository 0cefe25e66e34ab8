//! SQL face of calls by name.
#![allow(unsafe_code)] // the call as the server hands it over, and the catalog

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::CStr;
use std::rc::Rc;

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::{pg_getarg, pg_getarg_datum};

use super::nearest::nearest;
use super::refusal::Invalid;
use crate::arguments::given;
use crate::error::Error;
use crate::server::catalog;
use crate::server::jsonb::Document;
use crate::server::spi::{Connection, Sees, connect};
use crate::server::srf::values_of;
use crate::tenancy;

/// So many statements are kept: each public function with the arguments that clients give it.
const STATEMENTS: usize = 1024;

const STATEMENT_SQL: &CStr =
    c"SELECT s.function, s.statement FROM llmspell_internal._call_statement($1, $2) s";

/// A function and the statement that calls it with some arguments.
struct Statement {
    function: pg_sys::Oid,
    text: String,
}

thread_local! {
    /// By the name of the function and those of the arguments. Names are the user's, so the hash has a key.
    static KEPT: RefCell<HashMap<(String, Vec<String>), Rc<Statement>>> = RefCell::default();
}

/// Forgets all statements, as a function has changed.
#[pg_guard]
unsafe extern "C-unwind" fn forget(_arg: pg_sys::Datum, _cache: i32, _hash: u32) {
    KEPT.with(|kept| {
        if let Ok(mut kept) = kept.try_borrow_mut() {
            kept.clear();
        }
    });
}

pub fn init() {
    // SAFETY: once for each process, with a function that lives as long.
    unsafe {
        pg_sys::CacheRegisterSyscacheCallback(
            pg_sys::SysCacheIdentifier::PROCOID as i32,
            Some(forget),
            0.into(),
        );
    }
}

fn statement(connection: &Connection, name: &str, names: Vec<String>) -> Rc<Statement> {
    let key = (name.to_owned(), names);
    if let Some(kept) = KEPT.with_borrow(|kept| kept.get(&key).cloned()) {
        return kept;
    }
    let args = [name.into(), key.1.clone().into()];
    let made = connection.row(STATEMENT_SQL, &args, Sees::Latest, |row| Statement {
        function: row.get(0).unwrap_or(pg_sys::InvalidOid),
        text: row.text(1),
    });
    let Some(made) = made.map(Rc::new) else { error!("function \"{name}\" is missing") };
    KEPT.with_borrow_mut(|kept| {
        if kept.len() >= STATEMENTS {
            kept.clear();
        }
        kept.insert(key, made.clone());
    });
    made
}

/// Calls a function by name, in the tenant's name where one is given.
#[pg_extern(sql = false)]
fn call(fcinfo: pg_sys::FunctionCallInfo) -> Result<(), ErrorReport> {
    // SAFETY: its own call, with the signature of the SQL file: (text, jsonb, text), a set of jsonb.
    let (name, arguments, tenant, mut put) = unsafe {
        let name: Option<String> = pg_getarg(fcinfo, 0);
        let arguments = pg_getarg_datum(fcinfo, 1).map(|datum| Document::new(datum));
        let tenant: Option<String> = pg_getarg(fcinfo, 2);
        (given(name, "name")?, given(arguments, "arguments")?, tenant, values_of(fcinfo))
    };
    if arguments.kind() != "an object" {
        return Err(Error::from(Invalid::Arguments(arguments.kind())).into());
    }
    if let Some(tenant) = tenant {
        tenancy::set_local(&tenant)?;
    }
    connect(|connection| {
        let statement = statement(connection, &name, arguments.names());
        // A plan may hold the body of the function in its place, and outlives a change of role.
        if !catalog::may_execute(statement.function) {
            return Err(Error::from(Invalid::Denied(name)).into());
        }
        connection.rows(statement.text.as_str(), &[arguments.argument()], Sees::Write, |row| {
            put(row.value(0).map(|value| value.datum()));
        });
        Ok(())
    })
}

/// The known name that a name is nearest to.
#[pg_extern(sql = false)]
fn _call_nearest(name: &str, known: Vec<String>) -> Option<String> {
    nearest(name, known.iter().map(String::as_str)).map(str::to_owned)
}
