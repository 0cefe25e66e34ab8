//! Settings of the session, set as SET, SET LOCAL and the SET clause of a function do.
#![allow(unsafe_code)] // calls into the server

use std::ffi::{CStr, CString};

use pgrx::prelude::*;

/// How long a setting holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// As after SET.
    Session,
    /// As after SET LOCAL.
    Transaction,
    /// As in a function with a SET clause.
    Level,
}

/// Sets as a user without rights could, and raises what the check of the setting refuses.
pub fn set(name: &CStr, value: &str, until: Until) {
    // A text of the server holds no NUL, so nothing is cut off.
    let value = CString::new(value).unwrap_or_default();
    let action = match until {
        Until::Session => pg_sys::GucAction::GUC_ACTION_SET,
        Until::Transaction => pg_sys::GucAction::GUC_ACTION_LOCAL,
        Until::Level => pg_sys::GucAction::GUC_ACTION_SAVE,
    };
    // SAFETY: both strings outlive the call, which copies them.
    unsafe {
        pg_sys::set_config_option(
            name.as_ptr(),
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

/// Settings that hold until this is dropped.
pub struct Settings {
    level: i32,
}

impl Settings {
    pub fn begin() -> Self {
        // SAFETY: opens a level that drop, or the transaction's end after an error, closes.
        Self { level: unsafe { pg_sys::NewGUCNestLevel() } }
    }

    pub fn off(names: &[&CStr]) -> Self {
        let settings = Self::begin();
        // bounded: names that the code has.
        for name in names {
            settings.set(name, "off");
        }
        settings
    }

    pub fn set(&self, name: &CStr, value: &str) {
        set(name, value, Until::Level);
    }
}

impl Drop for Settings {
    fn drop(&mut self) {
        // After an error the transaction's end does it.
        if !std::thread::panicking() {
            // SAFETY: the level is the innermost that is open.
            unsafe { pg_sys::AtEOXact_GUC(true, self.level) };
        }
    }
}

/// A setting of the session where it differs from the default of its library.
pub fn given(name: &CStr) -> Option<String> {
    // SAFETY: the option, where there is one, is valid, and its text lives until the next change.
    unsafe {
        let option = pg_sys::find_option(name.as_ptr(), false, true, 0);
        if option.is_null() || (*option).source == pg_sys::GucSource::PGC_S_DEFAULT {
            return None;
        }
        let value = pg_sys::GetConfigOption(name.as_ptr(), true, false);
        (!value.is_null()).then(|| CStr::from_ptr(value).to_string_lossy().into_owned())
    }
}
