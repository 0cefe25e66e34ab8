//! Writes: lock, read what is true now, plan, apply.

use std::ffi::CStr;

use pgrx::AnyElement;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::arguments::{id, object, one_of, portion, short, shown, shown_id, shown_periods, source, tenant};
use super::locks::{Key, Kind, lock};
use super::spi::{Arg, Place, Row, Sees, connect, execute, rows};
use crate::error::{Error, required};
use crate::graph::clock::{Stamps, instant};
use crate::graph::content::{Change, Content, Id, Operation, Refused, Source};
use crate::graph::fault::Fault;
use crate::graph::period::{END, Period, Periods};
use crate::graph::plan::{Version, plan};
use crate::settings;

/// What entities and relationships have not in common.
pub struct Table {
    pub what: &'static str,
    kind: Kind,
    versions: &'static CStr,
    close: &'static CStr,
    remove: &'static CStr,
}

/// The current versions that overlap the portion, and the stamps of all that the transaction time must
/// be after: versions that began, or ended, at or after the transaction's beginning. `= ANY (ARRAY[…])` keeps
/// the planner from the GiST index of the exclusion constraint, which costs ten times a btree's look-up.
pub static ENTITIES: Table = Table {
    what: "entity",
    kind: Kind::Entity,
    versions: c"
        SELECT true, valid_time_start, valid_time_end, transaction_time_start, transaction_time_end, xmin,
            entity_type::text, name::text, NULL::uuid, NULL::uuid, properties::text, source_kind, source_id, created_at, ctid
        FROM llmspell.entities
        WHERE tenant_id = $1 AND entity_id = ANY (ARRAY[$2]) AND transaction_time_end = 'infinity'
          AND valid_time_start < $4 AND valid_time_end > $3
        UNION ALL
        SELECT false, NULL, NULL, transaction_time_start, transaction_time_end, xmin, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
        FROM llmspell.entities WHERE tenant_id = $1 AND entity_id = $2 AND transaction_time_start >= $5
        UNION ALL
        SELECT false, NULL, NULL, transaction_time_start, transaction_time_end, xmin, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
        FROM llmspell.entities
        WHERE tenant_id = $1 AND entity_id = $2 AND transaction_time_end > $5 AND transaction_time_end < 'infinity'",
    close: c"
        UPDATE llmspell.entities SET transaction_time_end = $4
        WHERE tenant_id = $1 AND entity_id = $2 AND ctid = $3 AND transaction_time_end = 'infinity'",
    remove: c"
        DELETE FROM llmspell.entities WHERE tenant_id = $1 AND entity_id = $2 AND ctid = $3 AND transaction_time_end = 'infinity'",
};

pub static RELATIONSHIPS: Table = Table {
    what: "relationship",
    kind: Kind::Relationship,
    versions: c"
        SELECT true, valid_time_start, valid_time_end, transaction_time_start, transaction_time_end, xmin,
            relationship_type::text, '', from_entity, to_entity, properties::text, source_kind, source_id, created_at, ctid
        FROM llmspell.relationships
        WHERE tenant_id = $1 AND relationship_id = ANY (ARRAY[$2]) AND transaction_time_end = 'infinity'
          AND valid_time_start < $4 AND valid_time_end > $3
        UNION ALL
        SELECT false, NULL, NULL, transaction_time_start, transaction_time_end, xmin, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
        FROM llmspell.relationships WHERE tenant_id = $1 AND relationship_id = $2 AND transaction_time_start >= $5
        UNION ALL
        SELECT false, NULL, NULL, transaction_time_start, transaction_time_end, xmin, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
        FROM llmspell.relationships
        WHERE tenant_id = $1 AND relationship_id = $2 AND transaction_time_end > $5 AND transaction_time_end < 'infinity'",
    close: c"
        UPDATE llmspell.relationships SET transaction_time_end = $4
        WHERE tenant_id = $1 AND relationship_id = $2 AND ctid = $3 AND transaction_time_end = 'infinity'",
    remove: c"
        DELETE FROM llmspell.relationships WHERE tenant_id = $1 AND relationship_id = $2 AND ctid = $3 AND transaction_time_end = 'infinity'",
};

const INSERT_ENTITY: &CStr = c"
    INSERT INTO llmspell.entities (tenant_id, entity_id, entity_type, name, properties, valid_time_start, valid_time_end,
        transaction_time_start, created_at, source_kind, source_id)
    VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7, $8, $9, $10, $11)";

const INSERT_RELATIONSHIP: &CStr = c"
    INSERT INTO llmspell.relationships (tenant_id, relationship_id, from_entity, to_entity, relationship_type, properties,
        valid_time_start, valid_time_end, transaction_time_start, created_at, source_kind, source_id)
    VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9, $10, $11, $12)";

const EDGES: &CStr = c"
    SELECT relationship_id FROM llmspell.relationships
    WHERE tenant_id = $1 AND from_entity = $2 AND transaction_time_end = 'infinity'
      AND valid_time_start < $4 AND valid_time_end > $3
    UNION
    SELECT relationship_id FROM llmspell.relationships
    WHERE tenant_id = $1 AND to_entity = $2 AND transaction_time_end = 'infinity'
      AND valid_time_start < $4 AND valid_time_end > $3
    ORDER BY 1";

const COVER: &CStr = c"
    SELECT valid_time_start, valid_time_end, transaction_time_start FROM llmspell.entities
    WHERE tenant_id = $1 AND entity_id = ANY (ARRAY[$2]) AND transaction_time_end = 'infinity'
      AND valid_time_start < $4 AND valid_time_end > $3";

const AT: &CStr = c"
    SELECT valid_time_start, valid_time_end, entity_type::text, name::text FROM llmspell.entities
    WHERE tenant_id = $1 AND entity_id = ANY (ARRAY[$2]) AND transaction_time_end = 'infinity'
      AND valid_time_start <= $3 AND valid_time_end > $3";

/// A node or edge and the portion of it that is written, with what is there.
struct Target {
    table: &'static Table,
    id: Id,
    portion: Period,
    versions: Vec<Version>,
    /// Where the versions lie.
    places: Vec<Place>,
    stamps: Vec<Stamps>,
}

/// (transaction time, versions closed, versions added).
type Done = (i64, i32, i32);

fn began() -> i64 {
    // SAFETY: reads the state of the transaction.
    unsafe { pg_sys::GetCurrentTransactionStartTimestamp() }
}

impl Target {
    fn load(table: &'static Table, tenant: &str, id: Id, portion: Period) -> Self {
        let args = [
            Arg::Text(tenant),
            Arg::Id(id),
            Arg::Time(portion.start),
            Arg::Time(portion.end),
            Arg::Time(began()),
        ];
        let mut target =
            Self { table, id, portion, versions: Vec::new(), places: Vec::new(), stamps: Vec::new() };
        let mut found = Vec::new();
        for (stamps, version) in rows(table.versions, &args, Sees::Latest, read_version) {
            target.stamps.push(stamps);
            found.extend(version);
        }
        found.sort_by_key(|(version, _)| version.valid);
        (target.versions, target.places) = found.into_iter().unzip();
        target
    }

    /// Leaves out versions that are not meant: an edge may have had other ends for some time.
    fn retain(&mut self, meant: impl Fn(&Content) -> bool) {
        let found = std::mem::take(&mut self.versions).into_iter().zip(std::mem::take(&mut self.places));
        (self.versions, self.places) = found.filter(|(version, _)| meant(&version.content)).unzip();
    }

    fn apply(
        &self,
        tenant: &str,
        operation: Operation,
        change: &Change,
        at: i64,
    ) -> Result<(i32, i32), Error> {
        let plan =
            plan(&self.versions, operation, self.portion, change, at).map_err(|refused| match refused {
                Refused::Missing(argument) => Error::NullArgument(argument.to_owned()),
                Refused::NoObject => {
                    Fault::NotMergeable { what: self.table.what, id: shown_id(self.id) }.into()
                }
            })?;
        for (statement, versions) in [(self.table.close, &plan.close), (self.table.remove, &plan.replace)] {
            for version in versions {
                // Where it was found: the key is locked, and a raw writer who moved it since is noticed.
                let key = [Arg::Text(tenant), Arg::Id(self.id), Arg::Place(self.places[*version])];
                let at = (statement == self.table.close).then_some(Arg::Time(at));
                let args: Vec<Arg<'_>> = key.into_iter().chain(at).collect();
                if execute(statement, &args, Sees::Write) != 1 {
                    return Err(Fault::Concurrent { what: self.table.what, id: shown_id(self.id) }.into());
                }
            }
        }
        for (valid, content) in &plan.add {
            insert(tenant, self.id, *valid, content, at);
        }
        Ok((plan.close.len() as i32, plan.add.len() as i32))
    }
}

fn read_version(row: &Row<'_>) -> (Stamps, Option<(Version, Place)>) {
    let stamps = Stamps { since: row.time(3), until: row.time(4), own: row.is_own(5) };
    let version = Period::new(row.time(1), row.time(2)).map(|valid| Version {
        valid,
        since: stamps.since,
        own: stamps.own,
        content: Content {
            kind: row.text(6),
            name: row.text(7),
            ends: row.id(8).zip(row.id(9)),
            properties: row.text(10),
            source: row.maybe_text(11).zip(row.maybe_text(12)).map(|(kind, id)| Source { kind, id }),
            created: row.time(13),
        },
    });
    (stamps, version.zip(row.place(14)))
}

fn insert(tenant: &str, id: Id, valid: Period, content: &Content, at: i64) {
    let (kind, source) = content.source.as_ref().map(|s| (s.kind.as_str(), s.id.as_str())).unzip();
    let stamps = [
        Arg::Time(valid.start),
        Arg::Time(valid.end),
        Arg::Time(at),
        Arg::Time(content.created),
        Arg::MaybeText(kind),
        Arg::MaybeText(source),
    ];
    let (kind, properties) = (Arg::Text(&content.kind), Arg::Text(&content.properties));
    let (text, what) = match content.ends {
        None => (INSERT_ENTITY, vec![Arg::Id(id), kind, Arg::Text(&content.name), properties]),
        Some((from, to)) => {
            (INSERT_RELATIONSHIP, vec![Arg::Id(id), Arg::Id(from), Arg::Id(to), kind, properties])
        }
    };
    let args: Vec<Arg<'_>> = [Arg::Text(tenant)].into_iter().chain(what).chain(stamps).collect();
    execute(text, &args, Sees::Write);
}

/// The transaction time of a write to all of the targets; `floor` is what else it must not be before.
fn time(targets: &[Target], floor: i64) -> Result<i64, Error> {
    let stamps =
        || targets.iter().flat_map(|target| target.stamps.iter().map(move |stamps| (target, *stamps)));
    let at = instant(began().max(floor), stamps().map(|(_, stamps)| stamps));
    let seconds = settings::MAX_TX_SKEW.get();
    // SAFETY: reads the clock.
    let clock = unsafe { pg_sys::GetCurrentTimestamp() };
    if at.saturating_sub(clock) <= i64::from(seconds) * 1_000_000 {
        return Ok(at);
    }
    let latest =
        |stamps: &Stamps| if stamps.until == END { stamps.since } else { stamps.since.max(stamps.until) };
    let worst = stamps().max_by_key(|(_, stamps)| latest(stamps));
    let (what, id, stamp) =
        worst.map_or(("entity", String::new(), at), |(t, s)| (t.table.what, shown_id(t.id), latest(&s)));
    Err(Fault::Skew { what, id, stamp: shown(stamp), seconds }.into())
}

fn key(kind: Kind, id: Id) -> Key {
    Key { kind, id, exclusive: true }
}

fn only(
    table: &'static Table,
    id: Id,
    portion: Period,
    operation: Operation,
    change: &Change,
) -> Result<Done, Error> {
    let tenant = tenant()?;
    connect(|| {
        lock(&tenant, &mut vec![key(table.kind, id)]);
        let target = Target::load(table, &tenant, id, portion);
        let at = time(std::slice::from_ref(&target), i64::MIN)?;
        let (closed, added) = target.apply(&tenant, operation, change, at)?;
        Ok((at, closed, added))
    })
}

/// #[pg_extern] wants the columns spelled out in each function.
fn once(
    done: Result<Done, Error>,
) -> Result<TableIterator<'static, (name!(tx_time, i64), name!(closed, i32), name!(added, i32))>, ErrorReport>
{
    Ok(TableIterator::once(done?))
}

/// What is given for an entity, of which a null type or name is left as it is.
fn change_entity(
    kind: Option<&str>,
    name: Option<&str>,
    properties: Option<AnyElement>,
    source_kind: Option<&str>,
    source_id: Option<&str>,
) -> Result<Change, Error> {
    Ok(Change {
        kind: kind.map(|kind| short(kind, "type", 255)).transpose()?,
        name: name.map(|name| short(name, "name", 500)).transpose()?,
        ends: None,
        properties: object(properties)?,
        source: source(source_kind, source_id)?,
    })
}

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
) -> Result<TableIterator<'static, (name!(tx_time, i64), name!(closed, i32), name!(added, i32))>, ErrorReport>
{
    tenant()?;
    let entity = id(entity, "id")?;
    let (kind, name) = (required(kind, "type")?, required(name, "name")?);
    let change = change_entity(Some(kind), Some(name), properties, source_kind, source_id)?;
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
) -> Result<TableIterator<'static, (name!(tx_time, i64), name!(closed, i32), name!(added, i32))>, ErrorReport>
{
    let tenant = tenant()?;
    let entity = id(entity, "id")?;
    let (kind, name) = (required(kind, "type")?, required(name, "name")?);
    let change = change_entity(Some(kind), Some(name), properties, source_kind, source_id)?;
    let portion = portion(valid_from, valid_to)?;
    once(connect(|| {
        lock(&tenant, &mut vec![key(Kind::Entity, entity)]);
        let target = Target::load(&ENTITIES, &tenant, entity, portion);
        let there: Periods = target.versions.iter().filter_map(|v| v.valid.intersect(portion)).collect();
        if !there.is_empty() {
            return Err(Fault::Overlap {
                what: "entity",
                id: shown_id(entity),
                periods: shown_periods(&there),
            }
            .into());
        }
        let at = time(std::slice::from_ref(&target), i64::MIN)?;
        let (closed, added) = target.apply(&tenant, Operation::Put, &change, at)?;
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
) -> Result<TableIterator<'static, (name!(tx_time, i64), name!(closed, i32), name!(added, i32))>, ErrorReport>
{
    tenant()?;
    let entity = id(entity, "id")?;
    let change = change_entity(kind, name, properties, source_kind, source_id)?;
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
) -> Result<TableIterator<'static, (name!(tx_time, i64), name!(closed, i32), name!(added, i32))>, ErrorReport>
{
    tenant()?;
    let entity = id(entity, "id")?;
    let change = change_entity(kind, name, properties, source_kind, source_id)?;
    once(only(&ENTITIES, entity, portion(valid_from, valid_to)?, Operation::Upsert, &change))
}

#[pg_extern(sql = false)]
fn entity_correct(
    entity: Option<pgrx::Uuid>,
    valid_at: Option<i64>,
    properties: Option<AnyElement>,
    kind: Option<&str>,
    name: Option<&str>,
    source_kind: Option<&str>,
    source_id: Option<&str>,
) -> Result<TableIterator<'static, (name!(tx_time, i64), name!(closed, i32), name!(added, i32))>, ErrorReport>
{
    let tenant = tenant()?;
    let entity = id(entity, "id")?;
    let valid_at = required(valid_at, "valid_at")?;
    let mut change = change_entity(kind, name, properties, source_kind, source_id)?;
    once(connect(|| {
        lock(&tenant, &mut vec![key(Kind::Entity, entity)]);
        let args = [Arg::Text(&tenant), Arg::Id(entity), Arg::Time(valid_at)];
        let found = rows(AT, &args, Sees::Latest, |row| {
            Period::new(row.time(0), row.time(1)).map(|period| (period, row.text(2), row.text(3)))
        });
        let Some((portion, kind, name)) = found.into_iter().flatten().next() else {
            return Err(Fault::NoVersion { what: "entity", id: shown_id(entity), at: shown(valid_at) }.into());
        };
        change.kind.get_or_insert(kind);
        change.name.get_or_insert(name);
        let target = Target::load(&ENTITIES, &tenant, entity, portion);
        let at = time(std::slice::from_ref(&target), i64::MIN)?;
        let (closed, added) = target.apply(&tenant, Operation::Put, &change, at)?;
        Ok((at, closed, added))
    }))
}

#[pg_extern(sql = false)]
fn entity_retract(
    entity: Option<pgrx::Uuid>,
    valid_from: Option<i64>,
    valid_to: Option<i64>,
    on_edges: Option<&str>,
) -> Result<TableIterator<'static, (name!(tx_time, i64), name!(closed, i32), name!(added, i32))>, ErrorReport>
{
    let tenant = tenant()?;
    let entity = id(entity, "id")?;
    let portion = portion(valid_from, valid_to)?;
    let restrict = one_of(on_edges, "on_edges", &["cascade", "restrict"], "cascade, restrict")? == 1;
    once(connect(|| {
        lock(&tenant, &mut vec![key(Kind::Existence, entity), key(Kind::Entity, entity)]);
        let args = [Arg::Text(&tenant), Arg::Id(entity), Arg::Time(portion.start), Arg::Time(portion.end)];
        let edges: Vec<Id> =
            rows(EDGES, &args, Sees::Latest, |row| row.id(0)).into_iter().flatten().collect();
        if restrict && !edges.is_empty() {
            let named = edges.iter().take(10).map(|edge| shown_id(*edge)).collect();
            return Err(Fault::HasEdges { id: shown_id(entity), edges: named, more: edges.len() > 10 }.into());
        }
        // Nobody can put an edge to the entity any more, so there are no others.
        lock(&tenant, &mut edges.iter().map(|edge| key(Kind::Relationship, *edge)).collect());
        let mut targets = vec![Target::load(&ENTITIES, &tenant, entity, portion)];
        targets.extend(edges.iter().map(|edge| {
            let mut target = Target::load(&RELATIONSHIPS, &tenant, *edge, portion);
            target.retain(|content| content.ends.is_some_and(|(from, to)| from == entity || to == entity));
            target
        }));
        let at = time(&targets, i64::MIN)?;
        let mut done = (at, 0, 0);
        for target in &targets {
            pgrx::check_for_interrupts!();
            let (closed, added) = target.apply(&tenant, Operation::Retract, &Change::default(), at)?;
            done = (at, done.1 + closed, done.2 + added);
        }
        Ok(done)
    }))
}

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)] // as the SQL signature
fn relationship_put(
    relationship: Option<pgrx::Uuid>,
    from_entity: Option<pgrx::Uuid>,
    to_entity: Option<pgrx::Uuid>,
    kind: Option<&str>,
    properties: Option<AnyElement>,
    valid_from: Option<i64>,
    valid_to: Option<i64>,
    on_missing: Option<&str>,
    source_kind: Option<&str>,
    source_id: Option<&str>,
) -> Result<TableIterator<'static, (name!(tx_time, i64), name!(closed, i32), name!(added, i32))>, ErrorReport>
{
    let tenant = tenant()?;
    let relationship = id(relationship, "id")?;
    let (from, to) = (id(from_entity, "from_entity")?, id(to_entity, "to_entity")?);
    let change = Change {
        kind: Some(short(required(kind, "type")?, "type", 255)?),
        name: Some(String::new()),
        ends: Some((from, to)),
        properties: object(properties)?,
        source: source(source_kind, source_id)?,
    };
    let portion = portion(valid_from, valid_to)?;
    let on_missing = one_of(on_missing, "on_missing", &["error", "clip", "allow"], "error, clip, allow")?;
    let ends = if from == to { vec![from] } else { vec![from, to] };
    once(connect(|| {
        let shared = ends.iter().map(|end| Key { kind: Kind::Existence, id: *end, exclusive: false });
        lock(&tenant, &mut shared.chain([key(Kind::Relationship, relationship)]).collect());
        let (mut pieces, mut missing, mut floor) = (Periods::from(portion), Vec::new(), i64::MIN);
        for end in ends.iter().filter(|_| on_missing < 2) {
            let args = [Arg::Text(&tenant), Arg::Id(*end), Arg::Time(portion.start), Arg::Time(portion.end)];
            let found =
                rows(COVER, &args, Sees::Latest, |row| (Period::new(row.time(0), row.time(1)), row.time(2)));
            // So that the edge is not older than its ends, whose clock may be ahead.
            floor = found.iter().map(|(_, since)| *since).fold(floor, i64::max);
            let cover: Periods = found.into_iter().filter_map(|(period, _)| period).collect();
            let gap = Periods::from(portion).subtract(&cover);
            if !gap.is_empty() {
                missing.push((shown_id(*end), shown_periods(&gap)));
            }
            pieces = pieces.intersect(&cover);
        }
        if on_missing == 0 && !missing.is_empty() {
            return Err(Fault::Dangling { missing }.into());
        }
        let whole = Target::load(&RELATIONSHIPS, &tenant, relationship, portion);
        let at = time(std::slice::from_ref(&whole), floor)?;
        let mut done = (at, 0, 0);
        for piece in pieces.iter() {
            let target = Target::load(&RELATIONSHIPS, &tenant, relationship, piece);
            let (closed, added) = target.apply(&tenant, Operation::Put, &change, at)?;
            done = (at, done.1 + closed, done.2 + added);
        }
        Ok(done)
    }))
}

#[pg_extern(sql = false)]
fn relationship_patch(
    relationship: Option<pgrx::Uuid>,
    properties: Option<AnyElement>,
    valid_from: Option<i64>,
    valid_to: Option<i64>,
    kind: Option<&str>,
    source_kind: Option<&str>,
    source_id: Option<&str>,
) -> Result<TableIterator<'static, (name!(tx_time, i64), name!(closed, i32), name!(added, i32))>, ErrorReport>
{
    tenant()?;
    let relationship = id(relationship, "id")?;
    let change = change_entity(kind, None, properties, source_kind, source_id)?;
    once(only(&RELATIONSHIPS, relationship, portion(valid_from, valid_to)?, Operation::Patch, &change))
}

#[pg_extern(sql = false)]
fn relationship_retract(
    relationship: Option<pgrx::Uuid>,
    valid_from: Option<i64>,
    valid_to: Option<i64>,
) -> Result<TableIterator<'static, (name!(tx_time, i64), name!(closed, i32), name!(added, i32))>, ErrorReport>
{
    tenant()?;
    let (relationship, portion) = (id(relationship, "id")?, portion(valid_from, valid_to)?);
    once(only(&RELATIONSHIPS, relationship, portion, Operation::Retract, &Change::default()))
}

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
    table: &Table,
    tenant: &str,
    id: Id,
    statements: &[&'static CStr],
    left: &'static CStr,
) -> Result<Vec<i64>, Error> {
    let args = [Arg::Text(tenant), Arg::Id(id)];
    let deleted = statements.iter().map(|text| execute(text, &args, Sees::Write) as i64).collect();
    if rows(left, &args, Sees::Latest, |_| ()).is_empty() {
        Ok(deleted)
    } else {
        Err(Fault::Concurrent { what: table.what, id: shown_id(id) }.into())
    }
}

#[pg_extern(sql = false)]
fn _entity_erase(
    entity: Option<pgrx::Uuid>,
) -> Result<TableIterator<'static, (name!(entity_rows, i64), name!(relationship_rows, i64))>, ErrorReport> {
    let tenant = tenant()?;
    let entity = id(entity, "id")?;
    let deleted = connect(|| {
        lock(&tenant, &mut vec![key(Kind::Existence, entity), key(Kind::Entity, entity)]);
        let args = [Arg::Text(&tenant), Arg::Id(entity)];
        let edges = rows(EDGES_EVER, &args, Sees::Latest, |row| row.id(0)).into_iter().flatten();
        lock(&tenant, &mut edges.map(|edge| key(Kind::Relationship, edge)).collect());
        erase(&ENTITIES, &tenant, entity, &[ERASE_ENTITY, ERASE_EDGES], ENTITY_LEFT)
    })?;
    Ok(TableIterator::once((deleted[0], deleted[1])))
}

#[pg_extern(sql = false)]
fn relationship_erase(relationship: Option<pgrx::Uuid>) -> Result<i64, ErrorReport> {
    let tenant = tenant()?;
    let relationship = id(relationship, "id")?;
    let deleted = connect(|| {
        lock(&tenant, &mut vec![key(Kind::Relationship, relationship)]);
        erase(&RELATIONSHIPS, &tenant, relationship, &[ERASE_RELATIONSHIP], RELATIONSHIP_LEFT)
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
