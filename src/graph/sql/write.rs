//! Writes: lock, read what is true now, plan, apply.

use pgrx::AnyElement;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::arguments::{object, short, source};
use super::connect;
use super::locks::{ends, exclusive, lock_with, of_ends};
use super::target::{Table, Target, time};
use crate::error::Error;
use crate::graph::content::{Change, Id, Operation};
use crate::graph::period::Period;
use crate::limits::{KEY_CHARS, NAME_CHARS};
use crate::server::spi::Connection;
use crate::tenancy::tenant;

/// (transaction time, versions closed, versions added).
pub type Done = (i64, i32, i32);

/// The row that every write returns. Their signatures spell the columns out, as pgrx reads them there and knows no alias.
pub fn once(done: Result<Done, Error>) -> Result<TableIterator<'static, Done>, ErrorReport> {
    Ok(TableIterator::once(done?))
}

/// The arguments with the content of an entity or relationship; a type or name that is not given stays.
pub struct Said<'a> {
    pub of: &'static Table,
    pub kind: Option<&'a str>,
    pub name: Option<&'a str>,
    pub properties: Option<AnyElement>,
    pub source_kind: Option<&'a str>,
    pub source_id: Option<&'a str>,
}

impl Said<'_> {
    pub fn change(self) -> Result<Change, Error> {
        Ok(Change {
            kind: self.kind.map(|kind| short(kind, self.of.kind_argument, NAME_CHARS)).transpose()?,
            name: self.name.map(|name| short(name, "name", KEY_CHARS)).transpose()?,
            ends: None,
            remove: Vec::new(),
            properties: object(self.properties)?,
            source: source(self.source_kind, self.source_id)?,
        })
    }
}

/// The present versions, under the locks of a write of them.
fn locked(
    connection: &Connection,
    table: &'static Table,
    tenant: &str,
    id: Id,
    portion: Period,
) -> Result<Target, Error> {
    let keys = vec![exclusive(table.kind, id)];
    let mut target = None;
    lock_with(tenant, keys, || {
        of_ends(ends(target.insert(Target::load(connection, table, tenant, id, portion))))
    })?;
    Ok(target.unwrap_or_else(|| Target::load(connection, table, tenant, id, portion)))
}

/// A write that needs no other key than its own.
pub fn only(
    table: &'static Table,
    id: Id,
    portion: Period,
    operation: Operation,
    change: &Change,
) -> Result<Done, Error> {
    let tenant = tenant()?;
    connect(|connection| {
        let target = locked(connection, table, &tenant, id, portion)?;
        let at = time(std::slice::from_ref(&target), i64::MIN)?;
        let (closed, added) = target.apply(connection, &tenant, operation, change, at)?;
        Ok((at, closed, added))
    })
}
