//! llmspell: the multi-tenant storage engine of an LLM agent platform, inside PostgreSQL.
//!
//! SQL in `sql/` owns tables, rights and single-statement functions; the modules here own
//! algorithms and bytes. In each domain the pure files know nothing of Postgres, `sql.rs` is the glue.

use std::ffi::CStr;

use pgrx::prelude::*;

mod arguments;
mod artifacts;
mod call;
mod cursor;
mod episodes;
mod error;
mod events;
mod filters;
mod graph;
mod hooks;
mod install;
mod interrupts;
mod introspection;
mod items;
mod json;
mod kv;
mod limits;
mod maintenance;
mod pack;
mod parallel;
mod patterns;
mod recall;
mod search;
mod server;
mod sessions;
mod settings;
mod storage;
mod tenancy;
mod text;
mod threads;
mod vectors;

// Both names are given: without them pgrx 0.18.1 puts the version into the name.
pgrx::pg_module_magic!(name = c"llmspell_ext", version = VERSION);

const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => c"",
};

#[pg_guard]
#[allow(unsafe_code)]
pub extern "C-unwind" fn _PG_init() {
    // Errors of the server that pass through Rust would carry a backtrace in DETAIL where RUST_BACKTRACE is set.
    // SAFETY: a backend has one thread while a library is loaded.
    unsafe { std::env::set_var("RUST_LIB_BACKTRACE", "0") };
    server::memory::init();
    interrupts::ask_by(|| {
        pgrx::check_for_interrupts!();
    });
    tenancy::init();
    settings::init();
    vectors::sql::init();
    call::init();
    maintenance::worker::register();
}

/// Hooks that pgrx-tests calls before the first #[pg_test].
#[cfg(test)]
pub mod pg_test {
    pub fn setup(_options: Vec<&str>) {}

    #[must_use]
    pub fn postgresql_conf_options() -> Vec<&'static str> {
        Vec::new()
    }
}
