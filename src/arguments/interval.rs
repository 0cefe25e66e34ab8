//! Intervals that reach forward, and moments of expiry.
#![allow(unsafe_code)] // calls of the server's functions on times

use pgrx::direct_function_call;
use pgrx::prelude::*;

use super::check::Invalid;
use crate::error::Error;

/// The end of an interval from the start of the statement; later than it. The server itself refuses an end
/// beyond the last timestamp (22008).
///
/// Intervals compare with 30-day months: '-12 months 361 days' is greater than 0, but moves a date back.
/// Therefore the interval is judged by where it leads.
pub fn forward(interval: Interval, name: &str) -> Result<TimestampWithTimeZone, Error> {
    let refused = || Invalid::NotPositive { argument: name.to_owned(), value: shown(interval) }.into();
    if !finite(interval) || far_back(interval) {
        return Err(refused());
    }
    let now = now();
    // SAFETY: the server's own addition, with the arguments that it declares.
    let end = unsafe {
        direct_function_call::<TimestampWithTimeZone>(
            pg_sys::timestamptz_pl_interval,
            &[now.into_datum(), interval.into_datum()],
        )
    };
    end.filter(|end| *end > now).ok_or_else(refused)
}

/// When the statement began.
fn now() -> TimestampWithTimeZone {
    // SAFETY: only reads; the server's clock is within the range of timestamps.
    unsafe { TimestampWithTimeZone::try_from(pg_sys::GetCurrentStatementStartTimestamp()) }
        .unwrap_or_else(|_| TimestampWithTimeZone::negative_infinity())
}

fn finite(interval: Interval) -> bool {
    let parts = (interval.months(), interval.days(), interval.micros());
    parts != (i32::MAX, i32::MAX, i64::MAX) && parts != (i32::MIN, i32::MIN, i64::MIN)
}

/// Whether the interval surely reaches back, so that adding it cannot pass the first timestamp.
fn far_back(interval: Interval) -> bool {
    const DAYS_OF_MONTH: f64 = 30.436_875;
    const MICROS_OF_DAY: f64 = 86_400e6;
    let days = f64::from(interval.months()) * DAYS_OF_MONTH + f64::from(interval.days());
    #[allow(clippy::cast_precision_loss)] // an estimate with years to spare
    let days = days + interval.micros() as f64 / MICROS_OF_DAY;
    days < -366_000.0
}

fn shown(interval: Interval) -> String {
    // SAFETY: the server's own output function, with the argument that it declares.
    unsafe { direct_function_call::<&std::ffi::CStr>(pg_sys::interval_out, &[interval.into_datum()]) }
        .map(|text| text.to_string_lossy().into_owned())
        .unwrap_or_default()
}
