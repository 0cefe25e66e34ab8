//! SQL face of tenancy: the tenant in force, and setting it.
#![allow(unsafe_code)] // what #[pg_extern] expands to, and the calls into the server named below

use pgrx::AnyElement;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::{current, scope, source, tenant_id};
use crate::arguments::given;
use crate::error::Error;

#[pg_extern(sql = false)]
fn current_tenant() -> Option<&'static str> {
    current::current()
}

#[pg_extern(sql = false)]
fn _tenant_source() -> Option<&'static str> {
    source::source()
}

#[pg_extern(sql = false)]
fn _require_tenant() -> Result<&'static str, ErrorReport> {
    Ok(current::required()?)
}

/// An argument that must be given, of a function that needs a tenant: that is asked for first.
#[pg_extern(sql = false)]
fn _tenant_given(value: Option<AnyElement>, argument: Option<&str>) -> Result<AnyElement, ErrorReport> {
    current::required()?;
    Ok(given(value, given(argument, "argument")?)?)
}

#[pg_extern(sql = false)]
fn tenant_set(tenant: Option<&str>, is_local: Option<bool>) -> Result<String, ErrorReport> {
    let tenant = given(tenant, "tenant")?;
    let is_local = is_local.unwrap_or(true);
    let tenant = tenant_id::check(tenant.as_bytes()).map_err(Error::from)?;
    if is_local {
        // SAFETY: only reads the transaction state and may raise WARNING 25P01.
        unsafe { pg_sys::WarnNoTransactionBlock(true, c"tenant_set(…, is_local => true)".as_ptr()) };
    }
    current::set(tenant, is_local);
    Ok(tenant.to_owned())
}

#[pg_extern(sql = false)]
fn tenant_clear() {
    current::set("", false);
}

#[pg_extern(sql = false)]
fn _check_scope(scope: Option<&str>) -> Result<&str, ErrorReport> {
    let scope = given(scope, "scope")?;
    Ok(scope::check(scope).map_err(Error::from)?)
}

#[cfg(any(test, feature = "pg_test"))]
#[pg_schema]
mod tests {
    use pgrx::prelude::*;

    use super::super::{current, source};

    #[pg_test]
    fn tenant_follows_the_transaction() -> Result<(), pgrx::spi::Error> {
        assert_eq!(current::current(), None);
        current::set("acme", true);
        assert_eq!(current::current(), Some("acme"));
        assert_eq!(source::source(), Some("transaction"));
        Spi::run("SET app.current_tenant_id = 'other'")?;
        assert_eq!(current::current(), Some("other"));
        assert_eq!(source::source(), Some("session"));
        current::set("", false);
        assert_eq!(current::current(), None);
        Ok(())
    }

    #[pg_test(error = "invalid value for parameter \"app.current_tenant_id\": \"a\tb\"")]
    fn control_characters_are_refused() -> Result<(), pgrx::spi::Error> {
        Spi::run("SET app.current_tenant_id = E'a\\tb'")
    }
}
