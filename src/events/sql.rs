//! SQL face of the event log.
#![allow(unsafe_code)] // the partition bounds, the transaction id, and what #[pg_extern] expands to

use std::cell::{Cell, RefCell};
use std::slice;

use pgrx::datum::{AnyElement, DatumWithOid, TimestampWithTimeZone};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::spi::OwnedPreparedStatement;
use pgrx::{PgOid, Uuid};

use super::invalid::Invalid;
use super::{feed, glob, id};
use crate::arguments::{self, fitting, given};
use crate::error::Error;
use crate::limits::NAME_CHARS;
use crate::settings;
use crate::tenancy::tenant;

/// Microseconds from 1970 to 2000, where the timestamps of Postgres begin.
const EPOCH_2000: i64 = 946_684_800_000_000;

/// Longest name of a language, in characters: the guide's `varchar(50)`.
const LANGUAGE_CHARS: usize = 50;

const INSERT: &str = "INSERT INTO llmspell.event_log (tenant_id, event_id, event_type, correlation_id, timestamp, sequence, \
                      language, payload, feed_epoch, feed_xid, feed_pos) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

thread_local! {
    static IDS: RefCell<id::Ids> = const { RefCell::new(id::Ids::NEW) };
    /// Lives as long as the session; Postgres plans it anew when the log changes.
    static PLAN: Cell<Option<&'static OwnedPreparedStatement>> = const { Cell::new(None) };
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
) -> Result<TableIterator<'static, (name!(prefix, String), name!(like_pattern, String), name!(exact, bool))>, ErrorReport>
{
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
    ts: Option<TimestampWithTimeZone>,
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
    let event_type = name(event_type, "event_type", NAME_CHARS)?;
    let payload = given(payload, "payload")?;
    let language = name(language, "language", LANGUAGE_CHARS)?;
    // SAFETY: reads the clock.
    let micros = ts.map_or_else(|| unsafe { pg_sys::GetCurrentTimestamp() }, i64::from);
    let ts = TimestampWithTimeZone::try_from(micros).map_err(|_| Error::from(Invalid::Time))?;
    if !_event_log_has(ts) {
        Spi::run_with_args("SELECT llmspell_internal._event_log_cover($1)", &[ts.into()])
            .map_err(Error::from)?;
    }
    if let Some(id) = event_id
        && let Some((sequence, ts)) = known(id, ts)?
    {
        return Ok(TableIterator::once((id, sequence, ts, false)));
    }
    let id = event_id.map_or_else(_event_id, Ok)?;
    let sequence = sequence.unwrap_or_else(|| _event_micros(ts));
    // SAFETY: the SQL signature says jsonb.
    let payload = unsafe { DatumWithOid::new(payload, pg_sys::JSONBOID) };
    let correlation = correlation_id.unwrap_or(id);
    // What the defaults would give; not having to evaluate them saves 3 microseconds.
    let epoch = _feed_epoch().map_err(Error::from)?;
    // SAFETY: inside a transaction; an xid8 is passed as 64 bits.
    let transaction =
        unsafe { DatumWithOid::new(pg_sys::GetTopFullTransactionId().value as i64, pg_sys::XID8OID) };
    let values = [
        tenant.as_str().into(),
        id.into(),
        event_type.into(),
        correlation.into(),
        ts.into(),
        sequence.into(),
        language.into(),
        payload,
        epoch.into(),
        transaction,
        _feed_pos().into(),
    ];
    Spi::connect_mut(|client| {
        let plan = match PLAN.get() {
            Some(plan) => plan,
            None => {
                use pg_sys::BuiltinOid::{
                    INT4OID, INT8OID, JSONBOID, TEXTOID, TIMESTAMPTZOID, UUIDOID, XID8OID,
                };
                let types = [
                    TEXTOID,
                    UUIDOID,
                    TEXTOID,
                    UUIDOID,
                    TIMESTAMPTZOID,
                    INT8OID,
                    TEXTOID,
                    JSONBOID,
                    INT4OID,
                    XID8OID,
                    INT8OID,
                ];
                let plan = client.prepare_mut(INSERT, &types.map(PgOid::BuiltIn))?.keep();
                let plan: &'static OwnedPreparedStatement = Box::leak(Box::new(plan));
                PLAN.set(Some(plan));
                plan
            }
        };
        client.update(plan, None, &values).map(|_| ())
    })
    .map_err(Error::from)?;
    Ok(TableIterator::once((id, sequence, ts, true)))
}

/// The event that has the id already, near the time; locks the id.
fn known(id: Uuid, ts: TimestampWithTimeZone) -> Result<Option<(i64, TimestampWithTimeZone)>, Error> {
    let found = Spi::connect_mut(|client| -> Result<_, spi::Error> {
        let rows = client.update(
            "SELECT sequence, at FROM llmspell_internal._event_known($1, $2)",
            Some(1),
            &[id.into(), ts.into()],
        )?;
        if rows.is_empty() {
            return Ok(None);
        }
        rows.first().get_two::<i64, TimestampWithTimeZone>().map(Some)
    })?;
    Ok(found.and_then(|(sequence, ts)| sequence.zip(ts)))
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
fn _event_micros(ts: TimestampWithTimeZone) -> i64 {
    i64::from(ts).saturating_add(EPOCH_2000)
}

#[pg_extern(sql = false)]
fn _event_id() -> Result<Uuid, ErrorReport> {
    // SAFETY: reads the clock.
    let micros = unsafe { pg_sys::GetCurrentTimestamp() }.saturating_add(EPOCH_2000).unsigned_abs();
    // SAFETY: the pool is a valid buffer of its length.
    let fill = |pool: &mut [u8]| unsafe { pg_sys::pg_strong_random(pool.as_mut_ptr().cast(), pool.len()) };
    IDS.with_borrow_mut(|ids| ids.next(micros, fill))
        .map(|id| Uuid::from_bytes(id.into_bytes()))
        .ok_or_else(|| Error::from(Invalid::NoRandom).into())
}

/// Whether a month of the log is there for `ts`: by the bounds that an INSERT goes by, without SQL.
#[pg_extern(sql = false)]
fn _event_log_has(ts: TimestampWithTimeZone) -> bool {
    let ts = i64::from(ts);
    let log = relation(c"event_log");
    if log == pg_sys::InvalidOid {
        return false;
    }
    // SAFETY: the relation is open, and locked until the end of the transaction as by an INSERT, while its
    // descriptor is read; a range by one timestamptz column has one datum and one kind in each bound, and
    // one index more than bounds.
    unsafe {
        let relation = pg_sys::table_open(log, pg_sys::AccessShareLock as i32);
        let bounds = (*pg_sys::RelationGetPartitionDesc(relation, true)).boundinfo;
        let found = bounds.as_ref().is_some_and(|b| {
            let count = b.ndatums as usize;
            let below = (0..count)
                .take_while(|&i| match **b.kind.add(i) {
                    pg_sys::PartitionRangeDatumKind::PARTITION_RANGE_DATUM_MINVALUE => true,
                    pg_sys::PartitionRangeDatumKind::PARTITION_RANGE_DATUM_VALUE => {
                        (**b.datums.add(i)).value() as i64 <= ts
                    }
                    _ => false,
                })
                .count();
            slice::from_raw_parts(b.indexes, count + 1)[below] >= 0
        });
        pg_sys::table_close(relation, pg_sys::NoLock as i32);
        found
    }
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

/// Which cluster, and which line of its history, this is.
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
fn _feed_epoch() -> Result<i32, spi::Error> {
    let table = relation(c"_feed_epochs");
    // SAFETY: reads shared memory; an INSERT is under way, so recovery is over.
    let timeline = unsafe { pg_sys::GetWALInsertionTimeLineIfSet() };
    let (of_table, of_timeline, epoch) = EPOCH.get();
    if (of_table, of_timeline) == (table, timeline) && table != pg_sys::InvalidOid {
        return Ok(epoch);
    }
    let (epoch, durable) =
        Spi::get_two::<i32, bool>("SELECT epoch, durable FROM llmspell_internal._feed_epoch_claim()")?;
    let epoch = epoch.unwrap_or(1);
    // What this transaction added may yet be undone.
    if durable == Some(true) {
        EPOCH.set((table, timeline, epoch));
    }
    Ok(epoch)
}

fn relation(name: &std::ffi::CStr) -> pg_sys::Oid {
    // SAFETY: both names are C strings; the caches answer InvalidOid for what is not there.
    unsafe {
        let schema = pg_sys::get_namespace_oid(c"llmspell".as_ptr(), true);
        pg_sys::get_relname_relid(name.as_ptr(), schema)
    }
}
