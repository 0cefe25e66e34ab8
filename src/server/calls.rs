//! Statements whose errors stay what they are. pgrx makes an error of the server a panic and raises it anew, by which a
//! SQLSTATE that it does not know, `LS409` for one, becomes XX000. Here the server's functions are called as they are: an
//! error leaves by the server's own jump, past frames of Rust that have nothing to drop.
#![allow(unsafe_code)] // SPI, and the jump

use std::ffi::{CString, c_char, c_int, c_long};

use pgrx::prelude::*;

mod raw {
    use super::{c_char, c_int, c_long, pg_sys};

    // Those of pg_sys catch errors.
    unsafe extern "C-unwind" {
        pub fn SPI_connect() -> c_int;
        pub fn SPI_execute_plan(
            plan: pg_sys::SPIPlanPtr,
            values: *mut pg_sys::Datum,
            nulls: *const c_char,
            read_only: bool,
            count: c_long,
        ) -> c_int;
        pub fn SPI_execute_with_args(
            text: *const c_char,
            arguments: c_int,
            types: *mut pg_sys::Oid,
            values: *mut pg_sys::Datum,
            nulls: *const c_char,
            read_only: bool,
            count: c_long,
        ) -> c_int;
        pub fn SPI_finish() -> c_int;
        pub fn tuplestore_puttuple(store: *mut pg_sys::Tuplestorestate, tuple: pg_sys::HeapTuple);
    }
}

/// A statement with one jsonb as its parameter and one column.
#[derive(Clone, Copy)]
pub enum Statement {
    /// A generic plan, kept as long as the session.
    Kept(pg_sys::SPIPlanPtr),
    /// A text in the current memory context.
    Once(*const c_char),
}

impl Statement {
    /// Plans a text, which holds nothing of a user's but what is quoted.
    pub fn keep(text: &str) -> Self {
        let text = CString::new(text).unwrap_or_default();
        let mut types = [pg_sys::JSONBOID];
        let plan = Spi::connect(|_| {
            // SAFETY: a C string and a type, which live through the calls.
            unsafe {
                let generic = pg_sys::CURSOR_OPT_GENERIC_PLAN as i32;
                let plan = pg_sys::SPI_prepare_cursor(text.as_ptr(), 1, types.as_mut_ptr(), generic);
                if plan.is_null() || pg_sys::SPI_keepplan(plan) != 0 {
                    error!("cannot prepare: {}", text.to_string_lossy());
                }
                plan
            }
        });
        Self::Kept(plan)
    }

    /// A text that is planned for one time.
    pub fn once(text: &str) -> Self {
        let text = CString::new(text).unwrap_or_default();
        // SAFETY: copies a C string into the current memory context.
        Self::Once(unsafe { pg_sys::pstrdup(text.as_ptr()) })
    }
}

/// Runs a statement; its rows go to the tuple store of a call.
///
/// # Safety
/// The argument is a jsonb, the tuple store one of rows as the statement has them, and no caller up to the server has
/// anything to drop.
pub unsafe fn run(statement: Statement, argument: pg_sys::Datum, store: *mut pg_sys::Tuplestorestate) {
    let (mut types, mut values, nulls) = ([pg_sys::JSONBOID], [argument], [b' ' as c_char]);
    // SAFETY: as the caller says; this frame has nothing to drop either. The plan was prepared with this parameter, and
    // the table of the result lives until SPI_finish.
    unsafe {
        raw::SPI_connect();
        match statement {
            Statement::Kept(plan) => {
                raw::SPI_execute_plan(plan, values.as_mut_ptr(), nulls.as_ptr(), false, 0);
            }
            Statement::Once(text) => {
                let (types, values) = (types.as_mut_ptr(), values.as_mut_ptr());
                raw::SPI_execute_with_args(text, 1, types, values, nulls.as_ptr(), false, 0);
            }
        }
        let (table, rows) = (pg_sys::SPI_tuptable, pg_sys::SPI_processed as usize);
        if !table.is_null() {
            // bounded: rows that are in memory already.
            for n in 0..rows {
                raw::tuplestore_puttuple(store, *(*table).vals.add(n));
            }
        }
        raw::SPI_finish();
    }
}
