//! SQL face of the event log.
#![allow(unsafe_code)] // the partition bounds, the transaction id, and what #[pg_extern] expands to

use std::cell::Cell;
use std::slice;

use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::{feed, glob};
use crate::error::required;
use crate::settings;

thread_local! {
    static COUNTER: Cell<feed::Counter> = const { Cell::new(feed::Counter::NEW) };
    /// The table that the epoch was read from, the timeline, and the epoch.
    static EPOCH: Cell<(pg_sys::Oid, u32, i32)> = const { Cell::new((pg_sys::InvalidOid, 0, 0)) };
}

/// Read here and not with current_setting(): before the library is loaded anybody could have set
/// placeholders of these names.
#[pg_extern(schema = "llmspell", stable, parallel_safe)]
fn _event_log_window() -> TableIterator<'static, (name!(months_back, i32), name!(months_ahead, i32))> {
    TableIterator::once((settings::EVENT_LOG_MONTHS_BACK.get(), settings::EVENT_LOG_MONTHS_AHEAD.get()))
}

/// Seconds.
#[pg_extern(schema = "llmspell", stable, parallel_safe)]
fn _event_dedup_window() -> i32 {
    settings::EVENT_DEDUP_WINDOW.get()
}

#[pg_extern(schema = "llmspell", immutable, parallel_safe)]
fn _event_glob(
    pattern: Option<&str>,
) -> Result<TableIterator<'static, (name!(prefix, String), name!(like_pattern, Option<String>))>, ErrorReport> {
    let glob::Glob { prefix, like } = glob::parse(required(pattern, "pattern")?);
    Ok(TableIterator::once((prefix, like)))
}

/// Whether a month of the log is there for `ts`: by the bounds that an INSERT goes by, without SQL.
#[pg_extern(schema = "llmspell")]
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
#[pg_extern(schema = "llmspell", volatile, parallel_unsafe)]
fn _feed_pos() -> i64 {
    // SAFETY: inside a transaction, as every function call is; refused in parallel workers by the declaration.
    let transaction = unsafe { pg_sys::GetTopFullTransactionId() }.value;
    let mut counter = COUNTER.get();
    let position = counter.next(transaction);
    COUNTER.set(counter);
    position
}

/// Which cluster, and which line of its history, this is.
#[pg_extern(schema = "llmspell", stable, parallel_restricted)]
fn _feed_cluster() -> TableIterator<'static, (name!(system_identifier, String), name!(timeline, i32))> {
    // SAFETY: both read what the control file said at the start; the timeline is 0 during recovery.
    let (system, timeline) =
        unsafe { (pg_sys::GetSystemIdentifier(), pg_sys::GetWALInsertionTimeLineIfSet()) };
    TableIterator::once((system.to_string(), timeline as i32))
}

/// The epoch that a new event belongs to. Asks the table once in the life of a session, as an epoch
/// ends only with the cluster or its timeline.
#[pg_extern(schema = "llmspell", volatile, parallel_unsafe)]
fn _feed_epoch() -> Result<i32, spi::Error> {
    let table = relation(c"_feed_epochs");
    // SAFETY: reads shared memory; an INSERT is under way, so recovery is over.
    let timeline = unsafe { pg_sys::GetWALInsertionTimeLineIfSet() };
    let (of_table, of_timeline, epoch) = EPOCH.get();
    if (of_table, of_timeline) == (table, timeline) && table != pg_sys::InvalidOid {
        return Ok(epoch);
    }
    let (epoch, durable) = Spi::get_two::<i32, bool>("SELECT epoch, durable FROM llmspell._feed_epoch_claim()")?;
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
