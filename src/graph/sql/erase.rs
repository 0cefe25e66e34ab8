//! Erasing with all history, and the locks of writes for functions in SQL.

use std::ffi::CStr;

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::arguments::{id, shown_id};
use super::connect;
use super::locks::{Key, Kind, lock};
use super::target::{ENTITIES, RELATIONSHIPS, Table};
use super::write::key;
use crate::error::Error;
use crate::graph::content::Id;
use crate::graph::invalid::Invalid;
use crate::server::spi::{self, Connection, Sees};
use crate::tenancy::tenant;

const ERASE_ENTITY: &CStr = c"DELETE FROM llmspell.entities WHERE tenant_id = $1 AND entity_id = $2";
const ERASE_EDGES: &CStr =
    c"DELETE FROM llmspell.relationships WHERE tenant_id = $1 AND (from_entity = $2 OR to_entity = $2)";
const ERASE_RELATIONSHIP: &CStr =
    c"DELETE FROM llmspell.relationships WHERE tenant_id = $1 AND relationship_id = $2";
const EDGES_EVER: &CStr = c"
    SELECT relationship_id FROM llmspell.relationships WHERE tenant_id = $1 AND from_entity = $2
    UNION
    SELECT relationship_id FROM llmspell.relationships WHERE tenant_id = $1 AND to_entity = $2";
const ENTITY_LEFT: &CStr = c"
    SELECT FROM llmspell.entities WHERE tenant_id = $1 AND entity_id = $2
    UNION ALL
    SELECT FROM llmspell.relationships WHERE tenant_id = $1 AND from_entity = $2
    UNION ALL
    SELECT FROM llmspell.relationships WHERE tenant_id = $1 AND to_entity = $2";
const RELATIONSHIP_LEFT: &CStr =
    c"SELECT FROM llmspell.relationships WHERE tenant_id = $1 AND relationship_id = $2";

/// Deletes all versions; a transaction that does not see them all is refused.
fn erase(
    connection: &Connection,
    table: &Table,
    tenant: &str,
    id: Id,
    statements: &[&'static CStr],
    left: &'static CStr,
) -> Result<Vec<i64>, Error> {
    let args = [tenant.into(), spi::id(id)];
    let deleted =
        statements.iter().map(|text| connection.execute(*text, &args, Sees::Write) as i64).collect();
    if connection.rows(left, &args, Sees::Latest, |_| ()).is_empty() {
        Ok(deleted)
    } else {
        Err(Invalid::Concurrent { what: table.what, id: shown_id(id) }.into())
    }
}

#[pg_extern(sql = false)]
fn _entity_erase(
    entity: Option<pgrx::Uuid>,
) -> Result<TableIterator<'static, (name!(entity_rows, i64), name!(relationship_rows, i64))>, ErrorReport> {
    let tenant = tenant()?;
    let entity = id(entity, "entity_id")?;
    let deleted = connect(|connection| {
        lock(&tenant, &mut vec![key(Kind::Existence, entity), key(Kind::Entity, entity)]);
        let args = [tenant.as_str().into(), spi::id(entity)];
        let edges = connection.rows(EDGES_EVER, &args, Sees::Latest, |row| row.id(0)).into_iter().flatten();
        lock(&tenant, &mut edges.map(|edge| key(Kind::Relationship, edge)).collect());
        erase(connection, &ENTITIES, &tenant, entity, &[ERASE_ENTITY, ERASE_EDGES], ENTITY_LEFT)
    })?;
    Ok(TableIterator::once((deleted[0], deleted[1])))
}

#[pg_extern(sql = false)]
fn relationship_erase(relationship: Option<pgrx::Uuid>) -> Result<i64, ErrorReport> {
    let tenant = tenant()?;
    let relationship = id(relationship, "relationship_id")?;
    let deleted = connect(|connection| {
        lock(&tenant, &mut vec![key(Kind::Relationship, relationship)]);
        erase(connection, &RELATIONSHIPS, &tenant, relationship, &[ERASE_RELATIONSHIP], RELATIONSHIP_LEFT)
    })?;
    Ok(deleted[0])
}

/// Locks as the writes do, for functions in SQL: entities exclusively (and their existence, shared or not),
/// and relationships.
#[pg_extern(sql = false)]
fn _graph_lock(
    entities: Vec<pgrx::Uuid>,
    ends: Vec<pgrx::Uuid>,
    relationships: Vec<pgrx::Uuid>,
    existence: bool,
) -> Result<(), ErrorReport> {
    let tenant = tenant()?;
    let ids = |list: Vec<pgrx::Uuid>| list.into_iter().map(|id| *id.as_bytes());
    let mut keys = Vec::new();
    for entity in ids(entities) {
        keys.push(key(Kind::Entity, entity));
        keys.extend(existence.then_some(key(Kind::Existence, entity)));
    }
    keys.extend(ids(ends).map(|id| Key { kind: Kind::Existence, id, exclusive: false }));
    keys.extend(ids(relationships).map(|id| key(Kind::Relationship, id)));
    lock(&tenant, &mut keys);
    Ok(())
}
