//! SQL face of episodes.
#![allow(unsafe_code)] // reads the clock of the server

use std::cell::Cell;

use pgrx::prelude::*;

use super::moment;

thread_local! {
    static LAST: Cell<i64> = const { Cell::new(i64::MIN) };
}

#[pg_extern(sql = false)]
fn _episode_moment() -> TimestampWithTimeZone {
    // SAFETY: reads the clock.
    let clock = unsafe { pg_sys::GetCurrentTimestamp() };
    let moment = moment::after(LAST.get(), clock);
    LAST.set(moment);
    TimestampWithTimeZone::try_from(moment).unwrap_or_else(|_| now())
}
