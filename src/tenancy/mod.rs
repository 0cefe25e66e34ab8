//! Who the tenant is, and the scope strings inside a tenant.

pub mod scope;
mod sql;
pub mod tenant_id;
