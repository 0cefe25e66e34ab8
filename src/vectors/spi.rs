//! Statements whose plans the session keeps, settings for as long as a search, and raw values.
#![allow(unsafe_code)] // calls into the server

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::fmt::Write;

use pgrx::prelude::*;

const MAX_PLANS: usize = 256;

/// Row level security is part of a plan, so each role has its own.
type PlanKey = (pg_sys::Oid, String);

thread_local! {
    /// Each with whether it has run, and so was planned as a whole.
    static PLANS: RefCell<HashMap<PlanKey, (pg_sys::SPIPlanPtr, bool)>> = RefCell::default();
}

/// A parameter: its type, and its value or null.
pub type Parameter = (pg_sys::Oid, Option<pg_sys::Datum>);

/// The rows of a statement; they live as long as the SPI connection.
pub struct Rows {
    table: *mut pg_sys::SPITupleTable,
    pub count: usize,
}

impl Rows {
    /// Column `n` of a row, from 1.
    pub fn datum(&self, row: usize, n: i32) -> Option<pg_sys::Datum> {
        if row >= self.count {
            return None;
        }
        let mut null = true;
        // SAFETY: the table is that of a finished SELECT with `count` rows, and the connection is open.
        let datum = unsafe {
            let tuple = *(*self.table).vals.add(row);
            pg_sys::SPI_getbinval(tuple, (*self.table).tupdesc, n, &raw mut null)
        };
        (!null).then_some(datum)
    }

    /// The same as a Rust value; the statement is ours, so its types are known.
    pub fn get<T: FromDatum>(&self, row: usize, n: i32) -> Option<T> {
        // SAFETY: the type is that of the column.
        self.datum(row, n).and_then(|datum| unsafe { T::from_datum(datum, false) })
    }
}

/// Runs a SELECT in the open SPI connection by a generic plan: what the plan depends on is decided before,
/// and planning takes longer than finding a few rows. It reads by the snapshot of the calling statement.
pub fn select(sql: &str, parameters: &[Parameter]) -> Rows {
    run(plan(sql, parameters).0, parameters)
}

/// The same, with settings for the planner alone: while a plan is kept they would cost more than finding a few rows.
pub fn select_planned(sql: &str, parameters: &[Parameter], settings: impl FnOnce() -> Settings) -> Rows {
    let (plan, has_run) = plan(sql, parameters);
    // SAFETY: the plan is one that is kept.
    if has_run && unsafe { pg_sys::SPI_plan_is_valid(plan) } {
        return run(plan, parameters);
    }
    let settings = settings();
    let rows = run(plan, parameters);
    drop(settings);
    PLANS.with_borrow_mut(|plans| {
        for (kept, has_run) in plans.values_mut() {
            *has_run |= *kept == plan;
        }
    });
    rows
}

fn run(plan: pg_sys::SPIPlanPtr, parameters: &[Parameter]) -> Rows {
    let mut values: Vec<pg_sys::Datum> =
        parameters.iter().map(|(_, value)| value.unwrap_or(0.into())).collect();
    let nulls: Vec<u8> =
        parameters.iter().map(|(_, value)| if value.is_some() { b' ' } else { b'n' }).collect();
    // SAFETY: the plan was prepared with as many parameters of these types; errors unwind.
    unsafe {
        let code = pg_sys::SPI_execute_plan(plan, values.as_mut_ptr(), nulls.as_ptr().cast(), true, 0);
        if code != pg_sys::SPI_OK_SELECT as i32 {
            error!("SPI returned {code}");
        }
        Rows { table: pg_sys::SPI_tuptable, count: pg_sys::SPI_processed as usize }
    }
}

/// The plan of a statement, and whether it has run.
fn plan(sql: &str, parameters: &[Parameter]) -> (pg_sys::SPIPlanPtr, bool) {
    // Types of an extension get other numbers when it is made anew.
    let mut text = String::with_capacity(sql.len() + 8 * parameters.len());
    for (oid, _) in parameters {
        let _ = write!(text, "{} ", oid.to_u32());
    }
    text.push_str(sql);
    // SAFETY: reads a number.
    let key = (unsafe { pg_sys::GetUserId() }, text);
    if let Some(kept) = PLANS.with_borrow(|plans| plans.get(&key).copied()) {
        return kept;
    }
    let mut types: Vec<pg_sys::Oid> = parameters.iter().map(|(oid, _)| *oid).collect();
    let text = CString::new(sql).unwrap_or_default();
    // SAFETY: a C string and as many types as said; a kept plan lives until it is freed below.
    let plan = unsafe {
        let plan = pg_sys::SPI_prepare_cursor(
            text.as_ptr(),
            types.len() as i32,
            types.as_mut_ptr(),
            pg_sys::CURSOR_OPT_GENERIC_PLAN as i32,
        );
        if plan.is_null() {
            let code = pg_sys::SPI_result;
            error!("SPI cannot prepare: {code}");
        }
        pg_sys::SPI_keepplan(plan);
        plan
    };
    let old = PLANS.with_borrow_mut(|plans| {
        let old = if plans.len() >= MAX_PLANS { std::mem::take(plans) } else { HashMap::new() };
        plans.insert(key, (plan, false));
        old
    });
    for (plan, _) in old.into_values() {
        // SAFETY: it was kept, is in use by nobody, and is forgotten here.
        unsafe { pg_sys::SPI_freeplan(plan) };
    }
    (plan, false)
}

/// Settings that hold until this is dropped, as those of a function's SET clause.
pub struct Settings {
    level: i32,
}

impl Settings {
    pub fn begin() -> Self {
        // SAFETY: opens a level that drop, or the transaction's end after an error, closes.
        Self { level: unsafe { pg_sys::NewGUCNestLevel() } }
    }

    pub fn set(&self, name: &CStr, value: &str) {
        let value = CString::new(value).unwrap_or_default();
        // SAFETY: C strings; GUC_ACTION_SAVE belongs to the level that begin opened.
        unsafe {
            pg_sys::set_config_option(
                name.as_ptr(),
                value.as_ptr(),
                pg_sys::GucContext::PGC_USERSET,
                pg_sys::GucSource::PGC_S_SESSION,
                pg_sys::GucAction::GUC_ACTION_SAVE,
                true,
                0,
                false,
            );
        }
    }
}

impl Drop for Settings {
    fn drop(&mut self) {
        // After an error the transaction's end does it.
        if !std::thread::panicking() {
            // SAFETY: the level is the innermost that is open.
            unsafe { pg_sys::AtEOXact_GUC(true, self.level) };
        }
    }
}

/// A setting of the session where it is other than the default of its library.
pub fn session_setting(name: &CStr) -> Option<String> {
    // SAFETY: the option, where there is one, is valid, and its text lives until the next change.
    unsafe {
        let option = pg_sys::find_option(name.as_ptr(), false, true, 0);
        if option.is_null() || (*option).source == pg_sys::GucSource::PGC_S_DEFAULT {
            return None;
        }
        let value = pg_sys::GetConfigOption(name.as_ptr(), true, false);
        (!value.is_null()).then(|| CStr::from_ptr(value).to_string_lossy().into_owned())
    }
}

/// The bytes of a varlena argument, without its length word, detoasted into the current memory context.
///
/// # Safety
/// The datum is a varlena.
pub unsafe fn varlena(datum: pg_sys::Datum) -> &'static [u8] {
    // SAFETY: as the caller says; the copy lives until the call ends, which is as long as the result is used.
    unsafe { pgrx::varlena_to_byte_slice(pg_sys::pg_detoast_datum(datum.cast_mut_ptr())) }
}

/// A varlena of these bytes in the current memory context.
pub fn varlena_datum(body: &[u8]) -> pg_sys::Datum {
    let size = body.len() + pg_sys::VARHDRSZ;
    // SAFETY: palloc gives `size` bytes, which are then filled.
    unsafe {
        let pointer = pg_sys::palloc(size).cast::<pg_sys::varlena>();
        pgrx::set_varsize_4b(pointer, size as i32);
        std::ptr::copy_nonoverlapping(body.as_ptr(), pointer.cast::<u8>().add(pg_sys::VARHDRSZ), body.len());
        pg_sys::Datum::from(pointer)
    }
}

/// A text as a literal of SQL.
pub fn quoted(text: &str) -> String {
    let text = CString::new(text).unwrap_or_default();
    // SAFETY: gives a palloc'd C string.
    unsafe { CStr::from_ptr(pg_sys::quote_literal_cstr(text.as_ptr())).to_string_lossy().into_owned() }
}
