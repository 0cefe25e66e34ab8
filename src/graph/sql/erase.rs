//! Erasing with all history, and the locks of writes for functions in SQL.

use std::ffi::CStr;

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::arguments::{id, shown_id};
use super::connect;
use super::locks::{Key, Kind, exclusive, lock_with, of_ends, of_relationships, shared};
use super::target::{ENTITIES, RELATIONSHIPS, Table};
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
const ENDS_EVER: &CStr = c"
    SELECT DISTINCT from_entity, to_entity FROM llmspell.relationships WHERE tenant_id = $1 AND relationship_id = $2";
const ENDS_OF: &CStr = c"
    SELECT DISTINCT from_entity, to_entity FROM llmspell.relationships
    WHERE tenant_id = $1 AND relationship_id = ANY ($2) AND transaction_time_end = 'infinity'";
const EDGES_EVER: &CStr = c"
    SELECT relationship_id FROM llmspell.relationships WHERE tenant_id = $1 AND from_entity = $2
    UNION
    SELECT relationship_id FROM llmspell.relationships WHERE tenant_id = $1 AND to_entity = $2";
const EDGES_OF: &CStr = c"
    SELECT relationship_id FROM llmspell.relationships
    WHERE tenant_id = $1 AND from_entity = ANY ($2) AND transaction_time_end = 'infinity'
    UNION
    SELECT relationship_id FROM llmspell.relationships
    WHERE tenant_id = $1 AND to_entity = ANY ($2) AND transaction_time_end = 'infinity'";
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
        let args = [tenant.as_str().into(), spi::id(entity)];
        lock_with(&tenant, vec![exclusive(Kind::Existence, entity), exclusive(Kind::Entity, entity)], || {
            let edges = connection.rows(EDGES_EVER, &args, Sees::Latest, |row| row.id(0));
            of_relationships(edges.into_iter().flatten())
        })?;
        erase(connection, &ENTITIES, &tenant, entity, &[ERASE_ENTITY, ERASE_EDGES], ENTITY_LEFT)
    })?;
    Ok(TableIterator::once((deleted[0], deleted[1])))
}

#[pg_extern(sql = false)]
fn relationship_erase(relationship: Option<pgrx::Uuid>) -> Result<i64, ErrorReport> {
    let tenant = tenant()?;
    let relationship = id(relationship, "relationship_id")?;
    let deleted = connect(|connection| {
        let args = [tenant.as_str().into(), spi::id(relationship)];
        lock_with(&tenant, vec![exclusive(Kind::Relationship, relationship)], || {
            let ends = connection.rows(ENDS_EVER, &args, Sees::Latest, |row| row.id(0).zip(row.id(1)));
            of_ends(ends.into_iter().flatten())
        })?;
        erase(connection, &RELATIONSHIPS, &tenant, relationship, &[ERASE_RELATIONSHIP], RELATIONSHIP_LEFT)
    })?;
    Ok(deleted[0])
}

/// Locks as the writes do, for functions in SQL: entities (and their existence, exclusively), that ends exist,
/// and relationships with the ends that they have.
#[pg_extern(sql = false)]
fn _graph_lock(
    entities: Vec<pgrx::Uuid>,
    ends: Vec<pgrx::Uuid>,
    relationships: Vec<pgrx::Uuid>,
    existence: bool,
) -> Result<(), ErrorReport> {
    let tenant = tenant()?;
    let ids = |list: Vec<pgrx::Uuid>| list.into_iter().map(|id| *id.as_bytes()).collect::<Vec<Id>>();
    let (entities, relationships) = (ids(entities), ids(relationships));
    let mut keys: Vec<Key> = entities.iter().map(|id| exclusive(Kind::Entity, *id)).collect();
    if existence {
        keys.extend(entities.iter().map(|id| exclusive(Kind::Existence, *id)));
    }
    keys.extend(ids(ends).into_iter().map(shared));
    keys.extend(relationships.iter().map(|id| exclusive(Kind::Relationship, *id)));
    connect(|connection| {
        lock_with(&tenant, keys, || {
            let mut more = Vec::new();
            if !relationships.is_empty() {
                let args = [tenant.as_str().into(), spi::ids(&relationships)];
                let found = connection.rows(ENDS_OF, &args, Sees::Latest, |row| row.id(0).zip(row.id(1)));
                more.extend(of_ends(found.into_iter().flatten()));
            }
            if existence {
                let args = [tenant.as_str().into(), spi::ids(&entities)];
                let edges = connection.rows(EDGES_OF, &args, Sees::Latest, |row| row.id(0));
                more.extend(of_relationships(edges.into_iter().flatten()));
            }
            more
        })
    })?;
    Ok(())
}
