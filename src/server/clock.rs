//! The clock of the server, in microseconds since 2000.
#![allow(unsafe_code)] // calls into the server

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
