//! Every setting (GUC) of the library but the tenant, which [`crate::tenancy`] has.
#![allow(unsafe_code)] // reserves the prefix

use std::ffi::CString;

use pgrx::guc::{GucContext, GucFlags, GucRegistry, GucSetting};
use pgrx::prelude::*;

use crate::limits::CONTENT_BYTES;

/// `llmspell.event_log_months_back`: how many months before the current one may be made.
pub static EVENT_LOG_MONTHS_BACK: GucSetting<i32> = GucSetting::<i32>::new(24);

/// `llmspell.event_log_months_ahead`: how many months after the current one may be made.
pub static EVENT_LOG_MONTHS_AHEAD: GucSetting<i32> = GucSetting::<i32>::new(4);

/// `llmspell.max_tx_skew`: how far ahead of the clock a transaction time may be, seconds.
pub static MAX_TX_SKEW: GucSetting<i32> = GucSetting::<i32>::new(60);

/// `llmspell.artifact_max_bytes`: how large a content may be.
static ARTIFACT_MAX_BYTES: GucSetting<i32> = GucSetting::<i32>::new(100 << 20);

/// `llmspell.threads`: how many threads hash and compress the chunks of a content.
static THREADS: GucSetting<i32> = GucSetting::<i32>::new(1);

/// `llmspell.event_dedup_window`: seconds around its time within which an event id names one event.
pub static EVENT_DEDUP_WINDOW: GucSetting<i32> = GucSetting::<i32>::new(7 * 86_400);

/// `llmspell.maintenance_database`: where the background worker works; empty for no worker.
pub static MAINTENANCE_DATABASE: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);

/// `llmspell.maintenance_interval`: seconds from the end of a round to the next.
pub static MAINTENANCE_INTERVAL: GucSetting<i32> = GucSetting::<i32>::new(300);

/// `llmspell.vector_tenant_indexes`: how many indexes of tenants maintenance may decide; none where it is 0.
static VECTOR_TENANT_INDEXES: GucSetting<i32> = GucSetting::<i32>::new(64);

/// `llmspell.restoring`: set by the triggers that see to the order of a restore, for as long as they do.
static RESTORING: GucSetting<bool> = GucSetting::<bool>::new(false);

pub fn init() {
    GucRegistry::define_int_guc(
        c"llmspell.event_log_months_back",
        c"How many months before the current one an event month may be made.",
        c"Older events are refused with 22008.",
        &EVENT_LOG_MONTHS_BACK,
        0,
        1200,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"llmspell.event_log_months_ahead",
        c"How many months after the current one an event month may be made.",
        c"Later events are refused with 22008.",
        &EVENT_LOG_MONTHS_AHEAD,
        3,
        1200,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"llmspell.artifact_max_bytes",
        c"How large the content of an artifact may be.",
        c"Larger ones are refused with 54000. At most 512 MB, so that one fits into a value with room to spare.",
        &ARTIFACT_MAX_BYTES,
        1,
        CONTENT_BYTES as i32,
        GucContext::Suset,
        GucFlags::UNIT_BYTE,
    );
    GucRegistry::define_int_guc(
        c"llmspell.threads",
        c"How many threads a session may use to hash and compress the chunks of a content.",
        c"1 for none beside its own.",
        &THREADS,
        1,
        64,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"llmspell.event_dedup_window",
        c"How far from its time the append functions look for an event with the same id.",
        c"0 switches the look-up off.",
        &EVENT_DEDUP_WINDOW,
        0,
        10 * 366 * 86_400,
        GucContext::Userset,
        GucFlags::UNIT_S,
    );
    GucRegistry::define_string_guc(
        c"llmspell.maintenance_database",
        c"The database that the background worker maintains; empty for no worker.",
        c"Needs llmspell_ext in shared_preload_libraries.",
        &MAINTENANCE_DATABASE,
        GucContext::Sighup,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"llmspell.maintenance_interval",
        c"How long the background worker rests after a round of maintenance.",
        c"",
        &MAINTENANCE_INTERVAL,
        1,
        7 * 86_400,
        GucContext::Sighup,
        GucFlags::UNIT_S,
    );
    GucRegistry::define_int_guc(
        c"llmspell.max_tx_skew",
        c"How far ahead of the clock the transaction time of a version in the graph may be.",
        c"A write that would have to record after such a version is refused with 22008.",
        &MAX_TX_SKEW,
        0,
        86_400,
        GucContext::Suset,
        GucFlags::UNIT_S,
    );
    GucRegistry::define_int_guc(
        c"llmspell.vector_tenant_indexes",
        c"How many tenants maintenance may give an index of their own.",
        c"0 for none; those that it built are then dropped.",
        &VECTOR_TENANT_INDEXES,
        0,
        1000,
        GucContext::Sighup,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"llmspell.restoring",
        c"Whether rows of artifacts are being restored; set by triggers.",
        c"",
        &RESTORING,
        GucContext::Suset,
        GucFlags::NO_SHOW_ALL,
    );
    // SAFETY: a constant C string; refuses unknown llmspell.* names from here on.
    unsafe { pg_sys::MarkGUCPrefixReserved(c"llmspell".as_ptr()) };
}

pub fn artifact_max_bytes() -> usize {
    usize::try_from(ARTIFACT_MAX_BYTES.get()).unwrap_or_default()
}

pub fn threads() -> usize {
    usize::try_from(THREADS.get()).unwrap_or(1)
}
