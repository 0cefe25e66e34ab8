//! The current tenant: the setting that names it, reading it and setting it.
#![allow(unsafe_code)] // the setting is a C global

use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr;

use pgrx::prelude::*;

use super::refusal::NoTenant;
use super::tenant_id;
use crate::error::Error;
use crate::server::nest::{self, Until};

/// `app.current_tenant_id`: the tenant that the session acts for; '' is no tenant. It is the name
/// that every client of the guide sets, here a real setting so that a bad value is refused at once
/// and reading it costs nanoseconds. Not reserved for superusers: it is a claim, not a credential.
pub(super) const NAME: &CStr = c"app.current_tenant_id";

/// Written by the server only, through `DefineCustomStringVariable`.
static mut TENANT: *mut c_char = ptr::null_mut();

/// Defines the setting, before the other settings of the library.
pub fn init() {
    // SAFETY: the names and the variable live as long as the process; the hook keeps the contract of guc.h.
    unsafe {
        pg_sys::DefineCustomStringVariable(
            NAME.as_ptr(),
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
}

/// The tenant in force, or `None`. Valid until the server may change the setting: [`tenant`] gives a copy.
pub(super) fn current() -> Option<&'static str> {
    // SAFETY: the server keeps TENANT null or a NUL-terminated string, and backends have one thread.
    let value = unsafe { TENANT };
    if value.is_null() {
        return None;
    }
    // SAFETY: as above; check_tenant let only valid UTF-8 in.
    let value = unsafe { str::from_utf8_unchecked(CStr::from_ptr(value).to_bytes()) };
    (!value.is_empty()).then_some(value)
}

/// The tenant in force, refused where there is none. Valid as that of [`current`].
pub(super) fn required() -> Result<&'static str, Error> {
    current().ok_or_else(|| NoTenant.into())
}

/// The tenant that a function acts for; without one it is refused. A copy, as what the function calls may
/// change the setting.
pub fn tenant() -> Result<String, Error> {
    Ok(required()?.to_owned())
}

/// Sets the tenant as SET (or, with `is_local`, SET LOCAL) does.
pub(super) fn set(tenant: &str, is_local: bool) {
    nest::set(NAME, tenant, if is_local { Until::Transaction } else { Until::Session });
}

/// Sets the tenant for the transaction.
pub fn set_local(tenant: &str) -> Result<(), Error> {
    set(tenant_id::check(tenant.as_bytes())?, true);
    Ok(())
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
