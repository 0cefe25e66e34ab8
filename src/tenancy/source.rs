//! Where the tenant in force comes from, by the server's stack of settings.
#![allow(unsafe_code)] // reads the server's record of the setting

use pgrx::prelude::*;

use super::current::NAME;

/// `None` where no tenant was ever set.
pub fn source() -> Option<&'static str> {
    // SAFETY: the option was defined when the library was loaded, so the pointer is valid; its stack is null or valid.
    let (source, state) = unsafe {
        let option = pg_sys::find_option(NAME.as_ptr(), false, true, 0);
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
