//! SQL face of the event log.
#![allow(unsafe_code)] // the transaction id, random bytes, and what #[pg_extern] expands to

use std::cell::{Cell, RefCell};
use std::ffi::CStr;

use pgrx::Uuid;
use pgrx::datum::{AnyElement, TimestampWithTimeZone};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::invalid::Invalid;
use super::{feed, glob, id};
use crate::arguments::{self, fitting, given};
use crate::error::Error;
use crate::limits::NAME_CHARS;
use crate::server::spi::{self, Sees, connect, typed};
use crate::server::{catalog, clock};
use crate::settings;
use crate::tenancy::tenant;

/// Microseconds from 1970 to 2000, where the timestamps of Postgres begin.
const EPOCH_2000: i64 = 946_684_800_000_000;

/// Longest name of a language, in characters: the guide's `varchar(50)`.
const LANGUAGE_CHARS: usize = 50;

const INSERT: &CStr = c"
    INSERT INTO llmspell.event_log (tenant_id, event_id, event_type, correlation_id, timestamp, sequence, language, payload,
        feed_epoch, feed_xid, feed_pos)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
const COVER: &CStr = c"SELECT llmspell_internal._event_log_cover($1)";
const KNOWN: &CStr = c"SELECT sequence, at FROM llmspell_internal._event_known($1, $2)";
const PRESENT: &CStr = c"SELECT pg_current_snapshot()::text, pg_current_xact_id()::text";
const CONCEALED: &CStr = c"
    SELECT FROM llmspell.event_log l
    WHERE l.tenant_id = $1 AND l.event_id = ANY ($2) AND l.timestamp >= $3 AND l.timestamp <= $4
      AND l.feed_epoch = $5 AND l.feed_xid <> $6::xid8 AND NOT pg_visible_in_snapshot(l.feed_xid, $7::pg_snapshot)
    LIMIT 1";
const CLAIM: &CStr = c"SELECT epoch, durable FROM llmspell_internal._feed_epoch_claim()";

thread_local! {
    static IDS: RefCell<id::Ids> = const { RefCell::new(id::Ids::NEW) };
    static COUNTER: Cell<feed::Counter> = const { Cell::new(feed::Counter::NEW) };
    /// The table that the epoch was read from, the timeline, and the epoch.
    static EPOCH: Cell<(pg_sys::Oid, u32, i32)> = const { Cell::new((pg_sys::InvalidOid, 0, 0)) };
}

/// Read here and not with current_setting(): before the library is loaded anybody could have set
/// placeholders of these names.
#[pg_extern(sql = false)]
fn _event_log_window() -> TableIterator<'static, (name!(months_back, i32), name!(months_ahead, i32))> {
    TableIterator::once((settings::EVENT_LOG_MONTHS_BACK.get(), settings::EVENT_LOG_MONTHS_AHEAD.get()))
}

/// Seconds.
#[pg_extern(sql = false)]
fn _event_dedup_window() -> i32 {
    settings::EVENT_DEDUP_WINDOW.get()
}

#[pg_extern(sql = false)]
fn _event_glob(
    pattern: Option<&str>,
) -> Result<
    TableIterator<'static, (name!(prefix, String), name!(like_pattern, String), name!(exact, bool))>,
    ErrorReport,
> {
    let glob::Glob { prefix, like, exact } = glob::parse(given(pattern, "pattern")?);
    Ok(TableIterator::once((prefix, like, exact)))
}

/// In Rust, with a plan of its own: the layers of SQL and plpgsql above one INSERT took as long as the INSERT.
#[allow(clippy::type_complexity)] // #[pg_extern] wants the columns spelled out
#[pg_extern(sql = false)]
fn event_append(
    event_type: Option<&str>,
    payload: Option<AnyElement>,
    correlation_id: Option<Uuid>,
    event_id: Option<Uuid>,
    at: Option<TimestampWithTimeZone>,
    language: Option<&str>,
    sequence: Option<i64>,
) -> Result<
    TableIterator<
        'static,
        (name!(event_id, Uuid), name!(sequence, i64), name!(at, TimestampWithTimeZone), name!(created, bool)),
    >,
    ErrorReport,
> {
    let tenant = tenant()?;
    // SAFETY: both raise 25006, or do nothing.
    unsafe {
        pg_sys::PreventCommandDuringRecovery(c"event_append()".as_ptr());
        pg_sys::PreventCommandIfReadOnly(c"event_append()".as_ptr());
    }
    let event_type = name(event_type, "event_type", NAME_CHARS)?;
    let payload = given(payload, "payload")?;
    let language = name(language.or(Some("sql")), "language", LANGUAGE_CHARS)?;
    let micros = at.map_or_else(clock::now, i64::from);
    let at = TimestampWithTimeZone::try_from(micros).map_err(|_| Error::from(Invalid::Time))?;
    if !_event_log_has(at) {
        connect(|connection| connection.execute(COVER, &[at.into()], Sees::Write));
    }
    if let Some(id) = event_id
        && let Some((sequence, at)) = known(id, at)
    {
        return Ok(TableIterator::once((id, sequence, at, false)));
    }
    let id = event_id.map_or_else(_event_id, Ok)?;
    let sequence = sequence.unwrap_or_else(|| _event_micros(at));
    // SAFETY: the SQL signature says jsonb.
    let payload = unsafe { typed(pg_sys::JSONBOID, Some(payload.datum())) };
    let correlation = correlation_id.unwrap_or(id);
    // The values of the defaults; not having to evaluate them saves 3 microseconds.
    // SAFETY: inside a transaction; an xid8 is passed as 64 bits.
    let transaction = unsafe { typed(pg_sys::XID8OID, Some(pg_sys::GetTopFullTransactionId().value.into())) };
    let values = [
        tenant.as_str().into(),
        id.into(),
        event_type.into(),
        correlation.into(),
        at.into(),
        sequence.into(),
        language.into(),
        payload,
        _feed_epoch().into(),
        transaction,
        _feed_pos().into(),
    ];
    connect(|connection| connection.execute(INSERT, &values, Sees::Write));
    Ok(TableIterator::once((id, sequence, at, true)))
}

/// The event that has the id already, near the time; locks the id.
fn known(id: Uuid, at: TimestampWithTimeZone) -> Option<(i64, TimestampWithTimeZone)> {
    let args = [id.into(), at.into()];
    let found =
        connect(|connection| connection.row(KNOWN, &args, Sees::Write, |row| row.get(0).zip(row.get(1))));
    found.flatten()
}

/// Whether one of the ids belongs to an event that is committed, but that the snapshot of this transaction does not
/// show, as may be above READ COMMITTED.
#[pg_extern(sql = false)]
fn _event_concealed(
    ids: Vec<Uuid>,
    since: TimestampWithTimeZone,
    until: TimestampWithTimeZone,
) -> Result<bool, ErrorReport> {
    if !clock::keeps_snapshot() {
        return Ok(false);
    }
    let tenant = tenant()?;
    let ids: Vec<[u8; 16]> = ids.iter().map(|id| *id.as_bytes()).collect();
    Ok(connect(|connection| {
        let present = connection.row(PRESENT, &[], Sees::Write, |row| (row.text(0), row.text(1)));
        let (snapshot, transaction) = present.unwrap_or_default();
        let epoch = _feed_epoch();
        let args = [
            tenant.as_str().into(),
            spi::ids(&ids),
            since.into(),
            until.into(),
            epoch.into(),
            transaction.as_str().into(),
            snapshot.as_str().into(),
        ];
        connection.row(CONCEALED, &args, Sees::Latest, |_| ()).is_some()
    }))
}

/// A text argument that must be there, not be empty, and fit its column.
fn name<'a>(value: Option<&'a str>, argument: &str, max: usize) -> Result<&'a str, Error> {
    match fitting(given(value, argument)?, argument, max)? {
        "" => Err(arguments::Invalid::Empty(argument.to_owned()).into()),
        value => Ok(value),
    }
}

/// Microseconds since 1970; by way of extract() it takes a numeric multiplication for each event.
#[pg_extern(sql = false)]
fn _event_micros(at: TimestampWithTimeZone) -> i64 {
    i64::from(at).saturating_add(EPOCH_2000)
}

#[pg_extern(sql = false)]
fn _event_id() -> Result<Uuid, ErrorReport> {
    let micros = clock::now().saturating_add(EPOCH_2000).unsigned_abs();
    // SAFETY: the pool is a valid buffer of its length.
    let fill = |pool: &mut [u8]| unsafe { pg_sys::pg_strong_random(pool.as_mut_ptr().cast(), pool.len()) };
    IDS.with_borrow_mut(|ids| ids.next(micros, fill))
        .map(|id| Uuid::from_bytes(id.into_bytes()))
        .ok_or_else(|| Error::from(Invalid::NoRandom).into())
}

/// Whether a month of the log is there for `at`.
#[pg_extern(sql = false)]
fn _event_log_has(at: TimestampWithTimeZone) -> bool {
    catalog::relation(c"event_log").is_some_and(|log| catalog::has_partition(log, at.into()))
}

/// Position of the next event of this transaction in the feed.
#[pg_extern(sql = false)]
fn _feed_pos() -> i64 {
    // SAFETY: inside a transaction, as every function call is; refused in parallel workers by the declaration.
    let transaction = unsafe { pg_sys::GetTopFullTransactionId() }.value;
    let mut counter = COUNTER.get();
    let position = counter.next(transaction);
    COUNTER.set(counter);
    position
}

/// The cluster, and the line of its history, that this is.
#[pg_extern(sql = false)]
fn _feed_cluster() -> TableIterator<'static, (name!(system_identifier, String), name!(timeline, i32))> {
    // SAFETY: both read what the control file said at the start; the timeline is 0 during recovery.
    let (system, timeline) =
        unsafe { (pg_sys::GetSystemIdentifier(), pg_sys::GetWALInsertionTimeLineIfSet()) };
    TableIterator::once((system.to_string(), timeline as i32))
}

/// The epoch that a new event belongs to. Asks the table once in the life of a session, as an epoch
/// ends only with the cluster or its timeline.
#[pg_extern(sql = false)]
fn _feed_epoch() -> i32 {
    let table = catalog::relation(c"_feed_epochs").unwrap_or(pg_sys::InvalidOid);
    // SAFETY: reads shared memory; an INSERT is under way, so recovery is over.
    let timeline = unsafe { pg_sys::GetWALInsertionTimeLineIfSet() };
    let (of_table, of_timeline, epoch) = EPOCH.get();
    if (of_table, of_timeline) == (table, timeline) && table != pg_sys::InvalidOid {
        return epoch;
    }
    let claimed =
        connect(|connection| connection.row(CLAIM, &[], Sees::Write, |row| (row.get(0), row.get(1))));
    let (epoch, durable) = claimed.unwrap_or_default();
    let epoch = epoch.unwrap_or(1);
    // Rows that this transaction added may yet be undone.
    if durable == Some(true) {
        EPOCH.set((table, timeline, epoch));
    }
    epoch
}
