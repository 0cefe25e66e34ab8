//! Writes of entities.

use std::ffi::CStr;

use pgrx::AnyElement;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::arguments::{id, one_of, portion, shown, shown_id, shown_periods};
use super::connect;
use super::locks::{Kind, exclusive, lock, lock_with, of_relationships};
use super::target::{ENTITIES, RELATIONSHIPS, Target, time};
use super::write::{Said, once, only};
use crate::arguments::given;
use crate::graph::content::{Change, Id, Operation};
use crate::graph::invalid::Invalid;
use crate::graph::period::{Period, Periods};
use crate::interrupts::poll;
use crate::server::spi::{self, Sees};
use crate::tenancy::tenant;

const EDGES: &CStr = c"
    SELECT relationship_id FROM llmspell.relationships
    WHERE tenant_id = $1 AND from_entity = $2 AND transaction_time_end = 'infinity'
      AND valid_time_start < $4 AND valid_time_end > $3
    UNION
    SELECT relationship_id FROM llmspell.relationships
    WHERE tenant_id = $1 AND to_entity = $2 AND transaction_time_end = 'infinity'
      AND valid_time_start < $4 AND valid_time_end > $3
    ORDER BY 1";

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)] // as the SQL signature
fn entity_put(
    entity: Option<pgrx::Uuid>,
    kind: Option<&str>,
    name: Option<&str>,
    properties: Option<AnyElement>,
    valid_from: Option<i64>,
    valid_to: Option<i64>,
    source_kind: Option<&str>,
    source_id: Option<&str>,
) -> Result<TableIterator<'static, (i64, i32, i32)>, ErrorReport> {
    tenant()?;
    let entity = id(entity, "entity_id")?;
    let (kind, name) = (given(kind, "entity_type")?, given(name, "name")?);
    let change =
        Said { of: &ENTITIES, kind: Some(kind), name: Some(name), properties, source_kind, source_id }
            .change()?;
    once(only(&ENTITIES, entity, portion(valid_from, valid_to)?, Operation::Put, &change))
}

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)] // as the SQL signature
fn entity_insert(
    entity: Option<pgrx::Uuid>,
    kind: Option<&str>,
    name: Option<&str>,
    properties: Option<AnyElement>,
    valid_from: Option<i64>,
    valid_to: Option<i64>,
    source_kind: Option<&str>,
    source_id: Option<&str>,
) -> Result<TableIterator<'static, (i64, i32, i32)>, ErrorReport> {
    let tenant = tenant()?;
    let entity = id(entity, "entity_id")?;
    let (kind, name) = (given(kind, "entity_type")?, given(name, "name")?);
    let change =
        Said { of: &ENTITIES, kind: Some(kind), name: Some(name), properties, source_kind, source_id }
            .change()?;
    let portion = portion(valid_from, valid_to)?;
    once(connect(|connection| {
        lock(&tenant, [exclusive(Kind::Entity, entity)])?;
        let target = Target::load(connection, &ENTITIES, &tenant, entity, portion);
        let there: Periods = target.versions.iter().filter_map(|v| v.valid.intersect(portion)).collect();
        if !there.is_empty() {
            return Err(Invalid::Overlap {
                what: "entity",
                id: shown_id(entity),
                periods: shown_periods(&there),
            }
            .into());
        }
        let at = time(std::slice::from_ref(&target), i64::MIN)?;
        let (closed, added) = target.apply(connection, &tenant, Operation::Put, &change, at)?;
        Ok((at, closed, added))
    }))
}

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)] // as the SQL signature
fn entity_patch(
    entity: Option<pgrx::Uuid>,
    properties: Option<AnyElement>,
    valid_from: Option<i64>,
    valid_to: Option<i64>,
    kind: Option<&str>,
    name: Option<&str>,
    source_kind: Option<&str>,
    source_id: Option<&str>,
    remove: Option<Vec<Option<String>>>,
) -> Result<TableIterator<'static, (i64, i32, i32)>, ErrorReport> {
    tenant()?;
    let entity = id(entity, "entity_id")?;
    let properties = Some(given(properties, "properties")?);
    let mut change = Said { of: &ENTITIES, kind, name, properties, source_kind, source_id }.change()?;
    change.remove = remove.unwrap_or_default().into_iter().flatten().collect();
    once(only(&ENTITIES, entity, portion(valid_from, valid_to)?, Operation::Patch, &change))
}

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)] // as the SQL signature
fn entity_upsert(
    entity: Option<pgrx::Uuid>,
    kind: Option<&str>,
    name: Option<&str>,
    properties: Option<AnyElement>,
    valid_from: Option<i64>,
    valid_to: Option<i64>,
    source_kind: Option<&str>,
    source_id: Option<&str>,
) -> Result<TableIterator<'static, (i64, i32, i32)>, ErrorReport> {
    tenant()?;
    let entity = id(entity, "entity_id")?;
    let change = Said { of: &ENTITIES, kind, name, properties, source_kind, source_id }.change()?;
    once(only(&ENTITIES, entity, portion(valid_from, valid_to)?, Operation::Upsert, &change))
}

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)] // as the SQL signature
fn entity_correct(
    entity: Option<pgrx::Uuid>,
    valid_at: Option<i64>,
    properties: Option<AnyElement>,
    kind: Option<&str>,
    name: Option<&str>,
    source_kind: Option<&str>,
    source_id: Option<&str>,
    mode: Option<&str>,
) -> Result<TableIterator<'static, (i64, i32, i32)>, ErrorReport> {
    let tenant = tenant()?;
    let entity = id(entity, "entity_id")?;
    let properties = Some(given(properties, "properties")?);
    let valid_at = given(valid_at, "valid_at")?;
    let operation =
        [Operation::Patch, Operation::Put][one_of(mode, "mode", &["merge", "replace"], "merge, replace")?];
    let mut change = Said { of: &ENTITIES, kind, name, properties, source_kind, source_id }.change()?;
    once(connect(|connection| {
        lock(&tenant, [exclusive(Kind::Entity, entity)])?;
        let mut target = Target::load(connection, &ENTITIES, &tenant, entity, Period::ALWAYS);
        let Some((portion, content)) = target.stretch(valid_at) else {
            return Err(
                Invalid::NoVersion { what: "entity", id: shown_id(entity), at: shown(valid_at) }.into()
            );
        };
        if operation == Operation::Put {
            change.kind.get_or_insert(content.kind);
            change.name.get_or_insert(content.name);
        }
        target.portion = portion;
        let at = time(std::slice::from_ref(&target), i64::MIN)?;
        let (closed, added) = target.apply(connection, &tenant, operation, &change, at)?;
        Ok((at, closed, added))
    }))
}

#[pg_extern(sql = false)]
fn entity_retract(
    entity: Option<pgrx::Uuid>,
    valid_from: Option<i64>,
    valid_to: Option<i64>,
    on_edges: Option<&str>,
) -> Result<TableIterator<'static, (i64, i32, i32)>, ErrorReport> {
    let tenant = tenant()?;
    let entity = id(entity, "entity_id")?;
    let portion = portion(valid_from, valid_to)?;
    let restrict = one_of(on_edges, "on_edges", &["cascade", "restrict"], "cascade, restrict")? == 1;
    once(connect(|connection| {
        let args =
            [tenant.as_str().into(), spi::id(entity), spi::time(portion.start), spi::time(portion.end)];
        let keys = vec![exclusive(Kind::Existence, entity), exclusive(Kind::Entity, entity)];
        let mut edges: Vec<Id> = Vec::new();
        lock_with(&tenant, keys, || {
            let found = connection.rows(EDGES, &args, Sees::Latest, |row| row.id(0));
            edges = found.into_iter().flatten().collect();
            of_relationships(edges.iter().copied())
        })?;
        if restrict && !edges.is_empty() {
            let named = edges.iter().take(10).map(|edge| shown_id(*edge)).collect();
            return Err(
                Invalid::HasEdges { id: shown_id(entity), edges: named, more: edges.len() > 10 }.into()
            );
        }
        let mut targets = vec![Target::load(connection, &ENTITIES, &tenant, entity, portion)];
        targets.extend(edges.iter().map(|edge| {
            let mut target = Target::load(connection, &RELATIONSHIPS, &tenant, *edge, portion);
            target.retain(|content| content.ends.is_some_and(|(from, to)| from == entity || to == entity));
            target
        }));
        let at = time(&targets, i64::MIN)?;
        let mut done = (at, 0, 0);
        for target in &targets {
            poll();
            let (closed, added) =
                target.apply(connection, &tenant, Operation::Retract, &Change::default(), at)?;
            done = (at, done.1 + closed, done.2 + added);
        }
        Ok(done)
    }))
}
