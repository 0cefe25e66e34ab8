//! Builds and drops indexes of tenants, one statement at a time, each outside of a transaction: a process of its own,
//! which the maintenance worker starts where something waits, and which ends when nothing does.
//!
//! Which statement is next, and its text, comes from `_vector_build_next`. It runs as the owner of the tables.
#![allow(unsafe_code)] // runs utility statements at the top level

use std::ffi::{CStr, CString};
use std::panic::AssertUnwindSafe;

use pgrx::bgworkers::{BackgroundWorker, BackgroundWorkerBuilder, BgWorkerStartTime};
use pgrx::pg_sys::panic::CaughtError;
use pgrx::prelude::*;

use crate::server::nest::{self, Until};
use crate::settings;

const ROLE: &CStr = c"llmspell_admin";
const OWNER: &CStr = c"llmspell_owner";

/// A statement that waits.
struct Build {
    statement: String,
    tenant: String,
    space: String,
}

/// Starts a builder where something is to be built or dropped; in the worker, inside a transaction.
pub fn start_where_due() {
    const THERE: &str = "SELECT to_regprocedure('llmspell_internal._vector_build_next(boolean)') IS NOT NULL";
    // One at a time: this worker alone starts them, and of two the later ends.
    const ALONE: &str =
        "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'llmspell index builder')";
    let holds = |query| matches!(Spi::get_one::<bool>(query), Ok(Some(true)));
    if !holds(THERE) || !holds(ALONE) || next(true).is_none() {
        return;
    }
    let started = BackgroundWorkerBuilder::new("llmspell index builder")
        .set_type("llmspell index builder")
        .set_library("llmspell_ext")
        .set_function("llmspell_index_builder")
        .enable_spi_access()
        .set_start_time(BgWorkerStartTime::RecoveryFinished)
        .set_restart_time(None)
        .load_dynamic();
    if started.is_err() {
        warning!("no process is left to build indexes of tenants: raise max_worker_processes");
    }
}

#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn llmspell_index_builder(_argument: pg_sys::Datum) {
    let Some(database) = settings::MAINTENANCE_DATABASE.get() else { return };
    // SAFETY: as an ordinary session ends, at the next check for interrupts; before signals come in.
    unsafe {
        pg_sys::pqsignal_be(pg_sys::SIGTERM as i32, Some(stop));
        pg_sys::BackgroundWorkerUnblockSignals();
        pg_sys::BackgroundWorkerInitializeConnection(
            database.as_ptr(),
            ROLE.as_ptr(),
            pg_sys::BGWORKER_BYPASS_ROLELOGINCHECK,
        );
    }
    // The statements name what they need; a database may have a search_path of its own.
    nest::set(c"search_path", "pg_catalog, pg_temp", Until::Session);
    if BackgroundWorker::transaction(is_second) {
        return;
    }
    let mut last = String::new();
    // bounded: each statement asks for interrupts; a build that fails ends it, and a statement that changed nothing.
    while let Some(build) = BackgroundWorker::transaction(|| next(false)) {
        if build.statement == last {
            break;
        }
        last.clone_from(&build.statement);
        let error = run(&build.statement).err();
        let failed = error.is_some();
        BackgroundWorker::transaction(|| ended(&build, error.as_deref()));
        // A build that failed comes later; the rest too, as it may be the server that lacks something.
        if failed {
            break;
        }
    }
}

/// Whether another builder came first: the worker sees one only once it has connected.
fn is_second() -> bool {
    const FIRST: &str =
        "SELECT EXISTS (SELECT FROM pg_stat_activity o, pg_stat_activity m WHERE m.pid = pg_backend_pid()
        AND o.backend_type = m.backend_type AND (o.backend_start, o.pid) < (m.backend_start, m.pid))";
    matches!(Spi::get_one::<bool>(FIRST), Ok(Some(true)))
}

unsafe extern "C-unwind" fn stop(signal: i32) {
    // SAFETY: the handler of ordinary sessions.
    unsafe { pg_sys::die(signal) };
}

fn next(only_look: bool) -> Option<Build> {
    const NEXT: &str =
        "SELECT n.statement, n.tenant, n.space FROM llmspell_internal._vector_build_next($1) n";
    let found = Spi::get_three_with_args::<String, String, String>(NEXT, &[only_look.into()]);
    match found {
        Ok((Some(statement), Some(tenant), Some(space))) => Some(Build { statement, tenant, space }),
        _ => None,
    }
}

fn ended(build: &Build, error: Option<&str>) {
    const ENDED: &str = "SELECT llmspell_internal._vector_build_ended($1, $2, $3, $4)";
    let parts = [
        build.tenant.as_str().into(),
        build.space.as_str().into(),
        build.statement.as_str().into(),
        error.into(),
    ];
    if let Err(error) = Spi::run_with_args(ENDED, &parts) {
        warning!("the end of a build is not recorded: {error}");
    }
}

/// Runs a statement that begins and ends transactions of its own, as the owner of the tables.
fn run(statement: &str) -> Result<(), String> {
    let statement = CString::new(statement).map_err(|error| error.to_string())?;
    report(Some(&statement));
    let result = PgTryBuilder::new(AssertUnwindSafe(|| {
        // SAFETY: outside of a transaction.
        unsafe { execute(&statement) };
        Ok(())
    }))
    .catch_others(|error| {
        Err(match &error {
            CaughtError::PostgresError(report) | CaughtError::ErrorReport(report) => {
                report.message().to_owned()
            }
            CaughtError::RustPanic { ereport, .. } => ereport.message().to_owned(),
        })
    })
    .execute();
    if result.is_err() {
        // SAFETY: what an ordinary session does after an error; gives back locks and the former user.
        unsafe {
            pg_sys::AbortCurrentTransaction();
            pg_sys::SetUserIdAndSecContext(pg_sys::GetSessionUserId(), 0);
        }
    }
    report(None);
    result
}

/// # Safety
/// Outside of a transaction; the statement is one utility statement.
unsafe fn execute(statement: &CStr) {
    // SAFETY: as PostgresMain runs a utility statement; the parse tree outlives the transactions within.
    unsafe {
        pg_sys::SetCurrentStatementStartTimestamp();
        pg_sys::StartTransactionCommand();
        let (mut user, mut flags) = (pg_sys::InvalidOid, 0);
        pg_sys::GetUserIdAndSecContext(&raw mut user, &raw mut flags);
        pg_sys::SetUserIdAndSecContext(pg_sys::get_role_oid(OWNER.as_ptr(), false), flags);
        pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        let context = pg_sys::AllocSetContextCreateInternal(
            pg_sys::TopMemoryContext,
            c"llmspell statement".as_ptr(),
            pg_sys::ALLOCSET_DEFAULT_MINSIZE as usize,
            pg_sys::ALLOCSET_DEFAULT_INITSIZE as usize,
            pg_sys::ALLOCSET_DEFAULT_MAXSIZE as usize,
        );
        pg_sys::MemoryContextSwitchTo(context);
        let parsed = first(pg_sys::pg_parse_query(statement.as_ptr()));
        let queries = pg_sys::pg_analyze_and_rewrite_fixedparams(
            parsed.cast(),
            statement.as_ptr(),
            std::ptr::null(),
            0,
            std::ptr::null_mut(),
        );
        let plans = pg_sys::pg_plan_queries(queries, statement.as_ptr(), 0, std::ptr::null_mut());
        pg_sys::ProcessUtility(
            first(plans).cast(),
            statement.as_ptr(),
            false,
            pg_sys::ProcessUtilityContext::PROCESS_UTILITY_TOPLEVEL,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            pg_sys::CreateDestReceiver(pg_sys::CommandDest::DestNone),
            std::ptr::null_mut(),
        );
        // The transaction in which it began may be over, and its memory gone.
        pg_sys::MemoryContextSwitchTo(pg_sys::TopMemoryContext);
        if pg_sys::ActiveSnapshotSet() {
            pg_sys::PopActiveSnapshot();
        }
        pg_sys::SetUserIdAndSecContext(user, flags);
        pg_sys::CommitTransactionCommand();
        pg_sys::MemoryContextDelete(context);
    }
}

/// # Safety
/// The list has an element.
unsafe fn first(list: *mut pg_sys::List) -> *mut std::ffi::c_void {
    // SAFETY: as the caller says.
    unsafe { (*(*list).elements).ptr_value }
}

/// Shows what runs, as any session does.
fn report(statement: Option<&CStr>) {
    let (state, text) = match statement {
        Some(statement) => (pg_sys::BackendState::STATE_RUNNING, statement.as_ptr()),
        None => (pg_sys::BackendState::STATE_IDLE, std::ptr::null()),
    };
    // SAFETY: the text is copied.
    unsafe { pg_sys::pgstat_report_activity(state, text) };
}
