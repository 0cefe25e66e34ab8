//! SQL face of tenancy: the tenant in force, and setting it.
#![allow(unsafe_code)] // what #[pg_extern] expands to, and the calls into the server named below

use pgrx::AnyElement;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::{scope, tenant_id};
use crate::error::{Error, required};
use crate::settings;

#[pg_extern(sql = false)]
fn current_tenant() -> Option<&'static str> {
    settings::tenant()
}

#[pg_extern(sql = false)]
fn _tenant_source() -> Option<&'static str> {
    settings::tenant_source()
}

#[pg_extern(sql = false)]
fn _require_tenant() -> Result<&'static str, ErrorReport> {
    settings::tenant().ok_or_else(|| Error::NoTenant.into())
}

/// STABLE and not strict, so that a null constant is not folded away before anybody is asked.
#[pg_extern(sql = false)]
fn _required(value: Option<AnyElement>, argument: &str) -> Result<AnyElement, ErrorReport> {
    _require_tenant()?;
    required(value, argument).map_err(Into::into)
}

#[pg_extern(sql = false)]
fn tenant_set(tenant: Option<&str>, is_local: Option<bool>) -> Result<String, ErrorReport> {
    let tenant = required(tenant, "tenant")?;
    let is_local = required(is_local, "is_local")?;
    let tenant = tenant_id::check(tenant.as_bytes()).map_err(Error::TenantId)?;
    if is_local {
        // SAFETY: only reads the transaction state and may raise WARNING 25P01.
        unsafe { pg_sys::WarnNoTransactionBlock(true, c"tenant_set(…, is_local => true)".as_ptr()) };
    }
    settings::set_tenant(tenant, is_local);
    Ok(tenant.to_owned())
}

#[pg_extern(sql = false)]
fn tenant_clear() {
    settings::set_tenant("", false);
}

#[pg_extern(sql = false)]
fn _check_scope(scope: Option<&str>) -> Result<&str, ErrorReport> {
    let scope = required(scope, "scope")?;
    scope::check(scope).map_err(|reason| Error::Scope { scope: scope.to_owned(), reason }.into())
}

#[cfg(any(test, feature = "pg_test"))]
#[pg_schema]
mod tests {
    use pgrx::prelude::*;

    use crate::settings;

    #[pg_test]
    fn tenant_follows_the_transaction() -> Result<(), pgrx::spi::Error> {
        assert_eq!(settings::tenant(), None);
        settings::set_tenant("acme", true);
        assert_eq!(settings::tenant(), Some("acme"));
        assert_eq!(settings::tenant_source(), Some("transaction"));
        Spi::run("SET app.current_tenant_id = 'other'")?;
        assert_eq!(settings::tenant(), Some("other"));
        assert_eq!(settings::tenant_source(), Some("session"));
        settings::set_tenant("", false);
        assert_eq!(settings::tenant(), None);
        Ok(())
    }

    #[pg_test(error = "invalid value for parameter \"app.current_tenant_id\": \"a\tb\"")]
    fn control_characters_are_refused() -> Result<(), pgrx::spi::Error> {
        Spi::run("SET app.current_tenant_id = E'a\\tb'")
    }
}
