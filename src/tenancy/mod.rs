//! The current tenant, and the scope strings inside a tenant.

mod current;
mod refusal;
pub mod scope;
mod source;
mod sql;
pub mod tenant_id;

pub use current::{init, set_local, tenant};
