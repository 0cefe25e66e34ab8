//! Every setting (GUC) of the library.
#![allow(unsafe_code)] // GUC variables are C globals

use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr;

use pgrx::guc::{GucContext, GucFlags, GucRegistry, GucSetting};
use pgrx::prelude::*;

use crate::tenancy::tenant_id;

/// `app.current_tenant_id`: the tenant that the session acts for; '' is no tenant. It is the name
/// that every client of the guide sets, here a real setting so that a bad value is refused at once
/// and reading it costs nanoseconds. Not reserved for superusers: it is a claim, not a credential.
const TENANT_NAME: &CStr = c"app.current_tenant_id";

/// Written by the server only, through `DefineCustomStringVariable`.
static mut TENANT: *mut c_char = ptr::null_mut();

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

/// `llmspell.restoring`: set by the triggers that see to the order of a restore, for as long as they do.
static RESTORING: GucSetting<bool> = GucSetting::<bool>::new(false);

pub fn init() {
    // SAFETY: the names and the variable live as long as the process; the hook keeps the contract of guc.h.
    unsafe {
        pg_sys::DefineCustomStringVariable(
            TENANT_NAME.as_ptr(),
            c"The tenant that this session acts for; empty for none.".as_ptr(),
            ptr::null(),
            &raw mut TENANT,
            c"".as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            (pg_sys::GUC_NOT_IN_SAMPLE | pg_sys::GUC_DISALLOW_IN_FILE) as i32,
            Some(check_tenant),
            None,
            None,
        );
    }
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
        512 << 20,
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

/// The tenant in force, or `None`.
pub fn tenant() -> Option<&'static str> {
    // SAFETY: the server keeps TENANT null or a NUL-terminated string, and backends have one thread.
    // The result is copied into a datum before control returns to the server, which may then free it.
    let value = unsafe { TENANT };
    if value.is_null() {
        return None;
    }
    // SAFETY: as above; check_tenant let only valid UTF-8 in.
    let value = unsafe { str::from_utf8_unchecked(CStr::from_ptr(value).to_bytes()) };
    (!value.is_empty()).then_some(value)
}

/// Where the tenant in force comes from.
pub fn tenant_source() -> Option<&'static str> {
    // SAFETY: the option was defined by init, so the pointer is valid; its stack is null or valid.
    let (source, state) = unsafe {
        let option = pg_sys::find_option(TENANT_NAME.as_ptr(), false, true, 0);
        if option.is_null() {
            return None;
        }
        ((*option).source, (*option).stack.as_ref().map(|entry| entry.state))
    };
    use pg_sys::GucStackState::{GUC_LOCAL, GUC_SET_LOCAL};
    if matches!(state, Some(GUC_LOCAL | GUC_SET_LOCAL)) {
        return Some("transaction");
    }
    match source {
        pg_sys::GucSource::PGC_S_DEFAULT => None,
        pg_sys::GucSource::PGC_S_CLIENT => Some("connection option"),
        pg_sys::GucSource::PGC_S_DATABASE => Some("database"),
        pg_sys::GucSource::PGC_S_USER | pg_sys::GucSource::PGC_S_DATABASE_USER => Some("role"),
        pg_sys::GucSource::PGC_S_SESSION => Some("session"),
        _ => Some("server"),
    }
}

/// Sets the tenant as SET (or, with `is_local`, SET LOCAL) does.
pub fn set_tenant(tenant: &str, is_local: bool) {
    // A text datum holds no NUL, so nothing is cut off here.
    let value = CString::new(tenant).unwrap_or_default();
    let action =
        if is_local { pg_sys::GucAction::GUC_ACTION_LOCAL } else { pg_sys::GucAction::GUC_ACTION_SET };
    // SAFETY: both strings outlive the call, which copies them.
    unsafe {
        pg_sys::set_config_option(
            TENANT_NAME.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            pg_sys::GucSource::PGC_S_SESSION,
            action,
            true,
            0,
            false,
        );
    }
}

/// Refuses what cannot name a tenant, and a default that a role without rights would plant for
/// later sessions (ALTER ROLE … SET tests its value with PGC_S_TEST).
#[pg_guard]
unsafe extern "C-unwind" fn check_tenant(
    new_value: *mut *mut c_char,
    _extra: *mut *mut c_void,
    source: pg_sys::GucSource::Type,
) -> bool {
    // SAFETY: the server passes a valid pointer to a null or NUL-terminated string.
    let value = unsafe { *new_value };
    if value.is_null() {
        return true;
    }
    // SAFETY: as above.
    let value = unsafe { CStr::from_ptr(value) }.to_bytes();
    let refusal = if value.is_empty() {
        None
    } else if let Err(reason) = tenant_id::check(value) {
        Some((PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE, reason.to_string()))
    } else if source == pg_sys::GucSource::PGC_S_TEST && !is_superuser() {
        let reason = "only a superuser may give a role or a database a default tenant".to_owned();
        Some((PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE, reason))
    } else {
        None
    };
    let Some((code, reason)) = refusal else {
        return true;
    };
    let reason = CString::new(reason).unwrap_or_default();
    // SAFETY: the two fields are how a check hook reports; pstrdup copies into the current context.
    unsafe {
        pg_sys::GUC_check_errcode(code as i32);
        pg_sys::GUC_check_errdetail_string = pg_sys::pstrdup(reason.as_ptr());
    }
    false
}

fn is_superuser() -> bool {
    // SAFETY: reads the current user's role, inside a transaction as PGC_S_TEST always is.
    unsafe { pg_sys::superuser() }
}
