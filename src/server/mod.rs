//! Calls into the server that more than one domain makes. [`spi`] is the crate's only unsafe SPI
//! code, but for [`calls`].
//!
//! Rules for every statement that runs through it:
//!
//! **Role.** A statement runs with the rights of the current user, and the server checks them at each
//! execution. The session keeps a plan for each role, since the policies that apply to the role are part of
//! the plan: a session that changes to another role and back plans once for each. [`spi::Sees`] and the
//! plans know nothing of the tenant: every statement takes it as a parameter, and policies ask for the
//! tenant at each execution.
//!
//! **Row security.** It is never switched off or on here. The setting `row_security` is part of the key of a
//! plan, as the role is. The server compares both with those that it planned for before each execution, so an
//! error in the key would cost a plan and could not show a row of another tenant.
//!
//! **Invalidation.** The server plans a statement again after a change of a table, an index, a policy, a
//! function or `search_path`, and after DISCARD PLANS. It analyses the statement again as well, so the
//! result may change its types, and [`spi::Row`] compares the types with those that are asked for. In two
//! cases, of which the server knows nothing, the plan is made anew here: where the tables that the
//! connection names have since grown to twice their size (a plan for a small table may read all of an
//! index, and nothing invalidates it before the next ANALYZE), and where the server planned again without
//! the settings that the plan needs.
//!
//! **Snapshot.** The caller says what a statement sees, as [`spi::Sees`]. pgrx offers two of the three only:
//! its `select` takes a new snapshot as soon as the transaction has written, so that a read in several
//! statements would see several states.
//!
//! **Plans** are generic: every parameter is planned as unknown, and planning takes longer than finding a
//! few rows. Where the plan depends on a value, the text of the statement does.

mod cache;
pub mod calls;
pub mod catalog;
pub mod clock;
pub mod jsonb;
pub mod locks;
pub mod memory;
pub mod nest;
mod plans;
pub mod spi;
pub mod srf;
mod stream;
pub mod varlena;
