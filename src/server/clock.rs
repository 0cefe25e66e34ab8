//! The clock of the server, in microseconds since 2000.
#![allow(unsafe_code)] // calls into the server

use std::ffi::CStr;

use pgrx::pg_sys;

/// The time of the clock.
pub fn now() -> i64 {
    // SAFETY: reads the clock.
    unsafe { pg_sys::GetCurrentTimestamp() }
}

/// When the transaction began.
pub fn transaction_start() -> i64 {
    // SAFETY: reads the state of the transaction.
    unsafe { pg_sys::GetCurrentTransactionStartTimestamp() }
}

/// A time as the session shows it.
pub fn shown(time: i64) -> String {
    // SAFETY: a timestamptz is passed by value; the result is a palloc'd C string.
    let text = unsafe { pgrx::direct_function_call::<&CStr>(pg_sys::timestamptz_out, &[Some(time.into())]) };
    text.map(|text| text.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Whether all statements of the transaction see what was committed when it began, as above READ COMMITTED.
pub fn keeps_snapshot() -> bool {
    // SAFETY: the isolation level is set before the first statement of a transaction.
    unsafe { pg_sys::XactIsoLevel >= pg_sys::XACT_REPEATABLE_READ as i32 }
}
