//! The background worker: rounds of `maintenance_step()`, one step a transaction.
//!
//! It exists where the library is preloaded and `llmspell.maintenance_database` names a database.
//! An error ends it, and the postmaster starts it again; the errors of a task never get that far.
#![allow(unsafe_code)] // the connection, which pgrx cannot make as a role without LOGIN

use std::ffi::CStr;
use std::time::Duration;

use pgrx::bgworkers::{BackgroundWorker, BackgroundWorkerBuilder, BgWorkerStartTime, SignalWakeFlags};
use pgrx::prelude::*;

use crate::settings;
use crate::vectors::builder;

const ROLE: &CStr = c"llmspell_admin";
const RESTART: Duration = Duration::from_secs(10);

/// Registers the worker; only while the postmaster loads `shared_preload_libraries`.
pub fn register() {
    // SAFETY: reads a global of the server.
    if !unsafe { pg_sys::process_shared_preload_libraries_in_progress } {
        return;
    }
    if settings::MAINTENANCE_DATABASE.get().is_none_or(|database| database.is_empty()) {
        return;
    }
    BackgroundWorkerBuilder::new("llmspell maintenance")
        .set_type("llmspell maintenance")
        .set_library("llmspell_ext")
        .set_function("llmspell_maintenance_worker")
        .enable_spi_access()
        .set_start_time(BgWorkerStartTime::RecoveryFinished)
        .set_restart_time(Some(RESTART))
        .load();
}

#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn llmspell_maintenance_worker(_argument: pg_sys::Datum) {
    BackgroundWorker::attach_signal_handlers(SignalWakeFlags::SIGHUP | SignalWakeFlags::SIGTERM);
    let Some(database) = settings::MAINTENANCE_DATABASE.get() else { return };
    // SAFETY: both are C strings. The flag lets a role connect that nobody can log in as.
    unsafe {
        pg_sys::BackgroundWorkerInitializeConnection(
            database.as_ptr(),
            ROLE.as_ptr(),
            pg_sys::BGWORKER_BYPASS_ROLELOGINCHECK,
        );
    }
    // bounded: by the life of the worker; each turn waits for its latch.
    while BackgroundWorker::wait_latch(Some(Duration::from_millis(100))) {
        if !run_step() {
            continue;
        }
        // After the commit of the step that decided, in a transaction of its own.
        BackgroundWorker::transaction(builder::start_where_due);
        let seconds = settings::MAINTENANCE_INTERVAL.get().unsigned_abs();
        if !BackgroundWorker::wait_latch(Some(Duration::from_secs(seconds.into()))) {
            break;
        }
        if BackgroundWorker::sighup_received() {
            // SAFETY: in the main loop, outside a transaction.
            unsafe { pg_sys::ProcessConfigFile(pg_sys::GucContext::PGC_SIGHUP) };
        }
    }
}

/// One step in a transaction of its own; true where the round is over, or there is nothing to maintain.
fn run_step() -> bool {
    BackgroundWorker::transaction(|| {
        let there = Spi::get_one::<bool>("SELECT to_regprocedure('llmspell.maintenance_step()') IS NOT NULL");
        if !matches!(there, Ok(Some(true))) {
            return true;
        }
        // SAFETY: shows what runs, as any backend does; the string is constant.
        unsafe {
            pg_sys::pgstat_report_activity(
                pg_sys::BackendState::STATE_RUNNING,
                c"llmspell.maintenance_step()".as_ptr(),
            );
        }
        let done = Spi::get_one::<bool>("SELECT done FROM llmspell.maintenance_step()");
        // SAFETY: as above.
        unsafe { pg_sys::pgstat_report_activity(pg_sys::BackendState::STATE_IDLE, std::ptr::null()) };
        match done {
            Ok(Some(false)) => false,
            Ok(_) => true,
            Err(error) => {
                warning!("maintenance step failed: {error}");
                true
            }
        }
    })
}
