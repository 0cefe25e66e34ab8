//! A node or edge as a write finds it: what is there, what is planned, and putting the plan into the table.

use std::collections::HashSet;
use std::ffi::CStr;

use pgrx::itemptr::item_pointer_get_both;

use super::arguments::{shown, shown_id};
use super::locks::Kind;
use crate::arguments;
use crate::error::Error;
use crate::graph::clock::{Stamps, instant};
use crate::graph::content::{self, Change, Content, Id, Operation, Source};
use crate::graph::invalid::Invalid;
use crate::graph::period::{END, Period};
use crate::graph::plan::{Version, plan};
use crate::interrupts::{poll, polled};
use crate::server::clock;
use crate::server::spi::{self, Arg, Connection, Place, Row, Sees};
use crate::settings;

/// The differences between entities and relationships.
pub struct Table {
    pub what: &'static str,
    /// The argument that holds the type.
    pub kind_argument: &'static str,
    pub kind: Kind,
    versions: &'static CStr,
    close: &'static CStr,
    remove: &'static CStr,
}

/// The current versions that overlap the portion, and the stamps of all that the transaction time must
/// be after: versions that began, or ended, at or after the transaction's beginning. `= ANY (ARRAY[…])` keeps
/// the planner from the GiST index of the exclusion constraint, which costs ten times a btree's look-up.
pub static ENTITIES: Table = Table {
    what: "entity",
    kind_argument: "entity_type",
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
    kind_argument: "relationship_type",
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

// The words are made here, since the triggers that make them for other writers cost more.
const INSERT_ENTITY: &CStr = c"
    INSERT INTO llmspell.entities (tenant_id, entity_id, entity_type, name, properties, valid_time_start, valid_time_end,
        transaction_time_start, created_at, source_kind, source_id, fts)
    VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7, $8, $9, $10, $11,
        to_tsvector(get_current_ts_config(), llmspell_internal._entity_content($3, $4, $5::jsonb)))";

const INSERT_RELATIONSHIP: &CStr = c"
    INSERT INTO llmspell.relationships (tenant_id, relationship_id, from_entity, to_entity, relationship_type, properties,
        valid_time_start, valid_time_end, transaction_time_start, created_at, source_kind, source_id, fts)
    VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9, $10, $11, $12,
        to_tsvector(get_current_ts_config(), llmspell_internal._relationship_content($5, NULL, NULL, $6::jsonb)))";

/// A node or edge and the portion of it that is written, with what is there.
pub struct Target {
    table: &'static Table,
    id: Id,
    pub portion: Period,
    pub versions: Vec<Version>,
    /// Where the versions lie.
    places: Vec<Place>,
    stamps: Vec<Stamps>,
    /// Whether the transaction keeps a snapshot that still shows a current version which is none any more.
    sees_ended: bool,
}

impl Target {
    pub fn load(
        connection: &Connection,
        table: &'static Table,
        tenant: &str,
        id: Id,
        portion: Period,
    ) -> Self {
        let args = [
            tenant.into(),
            spi::id(id),
            spi::time(portion.start),
            spi::time(portion.end),
            spi::time(clock::transaction_start()),
        ];
        let mut target = Self {
            table,
            id,
            portion,
            versions: Vec::new(),
            places: Vec::new(),
            stamps: Vec::new(),
            sees_ended: false,
        };
        let mut found = Vec::new();
        for (stamps, version) in polled(connection.rows(table.versions, &args, Sees::Latest, read_version)) {
            target.stamps.push(stamps);
            found.extend(version);
        }
        found.sort_by_key(|(version, _)| version.valid);
        (target.versions, target.places) = found.into_iter().unzip();
        if clock::keeps_snapshot() {
            let there: HashSet<_> = target.places.iter().map(|place| item_pointer_get_both(*place)).collect();
            let kept = connection.rows(table.versions, &args, Sees::Write, read_version);
            let mut places = kept.into_iter().filter_map(|(_, version)| Some(version?.1));
            target.sees_ended = places.any(|place| !there.contains(&item_pointer_get_both(place)));
        }
        target
    }

    /// The whole period around a moment in which the same is said, however its versions are cut, and what it is.
    pub fn stretch(&self, at: i64) -> Option<(Period, Content)> {
        let here = self.versions.iter().position(|v| v.valid.start <= at && at < v.valid.end)?;
        let joins = |a: usize, b: usize| {
            let (a, b) = (&self.versions[a], &self.versions[b]);
            a.valid.end == b.valid.start && a.content.same(&b.content)
        };
        let first = (1..=here).rev().take_while(|n| joins(n - 1, *n)).last().map_or(here, |n| n - 1);
        let last =
            (here..self.versions.len() - 1).take_while(|n| joins(*n, n + 1)).last().map_or(here, |n| n + 1);
        let period = Period::new(self.versions[first].valid.start, self.versions[last].valid.end)?;
        Some((period, self.versions[here].content.clone()))
    }

    /// Leaves out versions that are not meant: an edge may have had other ends for some time.
    pub fn retain(&mut self, meant: impl Fn(&Content) -> bool) {
        let found = std::mem::take(&mut self.versions).into_iter().zip(std::mem::take(&mut self.places));
        (self.versions, self.places) = found.filter(|(version, _)| meant(&version.content)).unzip();
    }

    pub fn apply(
        &self,
        connection: &Connection,
        tenant: &str,
        operation: Operation,
        change: &Change,
        at: i64,
    ) -> Result<(i32, i32), Error> {
        if self.sees_ended {
            return Err(self.concurrent());
        }
        let plan =
            plan(&self.versions, operation, self.portion, change, at).map_err(|invalid| match invalid {
                content::Invalid::Missing(argument) => {
                    Error::from(arguments::Invalid::Null(argument.to_owned()))
                }
                content::Invalid::NotObject => {
                    Invalid::NotMergeable { what: self.table.what, id: shown_id(self.id) }.into()
                }
            })?;
        // bounded: two.
        for (statement, versions) in [(self.table.close, &plan.close), (self.table.remove, &plan.replace)] {
            for version in versions {
                poll();
                // Where it was found: the key is locked, and a raw writer who moved it since is noticed.
                let key = [tenant.into(), spi::id(self.id), spi::place(&self.places[*version])];
                let at = (statement == self.table.close).then_some(spi::time(at));
                let args: Vec<Arg<'_>> = key.into_iter().chain(at).collect();
                if connection.execute(statement, &args, Sees::Write) != 1 {
                    return Err(self.concurrent());
                }
            }
        }
        for (valid, content) in &plan.add {
            poll();
            insert(connection, tenant, self.id, *valid, content, at);
        }
        Ok((plan.close.len() as i32, plan.add.len() as i32))
    }

    fn concurrent(&self) -> Error {
        Invalid::Concurrent { what: self.table.what, id: shown_id(self.id) }.into()
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
            source: row.get(11).zip(row.get(12)).map(|(kind, id)| Source { kind, id }),
            created: row.time(13),
        },
    });
    (stamps, version.zip(row.place(14)))
}

fn insert(connection: &Connection, tenant: &str, id: Id, valid: Period, content: &Content, at: i64) {
    let (kind, source) = content.source.as_ref().map(|s| (s.kind.as_str(), s.id.as_str())).unzip();
    let stamps = [
        spi::time(valid.start),
        spi::time(valid.end),
        spi::time(at),
        spi::time(content.created),
        kind.into(),
        source.into(),
    ];
    let (kind, properties) = (content.kind.as_str().into(), content.properties.as_str().into());
    let (text, what) = match content.ends {
        None => (INSERT_ENTITY, vec![spi::id(id), kind, content.name.as_str().into(), properties]),
        Some((from, to)) => {
            (INSERT_RELATIONSHIP, vec![spi::id(id), spi::id(from), spi::id(to), kind, properties])
        }
    };
    let args: Vec<Arg<'_>> = [tenant.into()].into_iter().chain(what).chain(stamps).collect();
    connection.execute(text, &args, Sees::Write);
}

/// The transaction time of a write to all of the targets; `floor` is what else it must not be before.
pub fn time(targets: &[Target], floor: i64) -> Result<i64, Error> {
    let stamps =
        || targets.iter().flat_map(|target| target.stamps.iter().map(move |stamps| (target, *stamps)));
    let at = instant(clock::transaction_start().max(floor), stamps().map(|(_, stamps)| stamps));
    let seconds = settings::MAX_TX_SKEW.get();
    if at.saturating_sub(clock::now()) <= i64::from(seconds) * 1_000_000 {
        return Ok(at);
    }
    let latest =
        |stamps: &Stamps| if stamps.until == END { stamps.since } else { stamps.since.max(stamps.until) };
    let worst = stamps().max_by_key(|(_, stamps)| latest(stamps));
    let (what, id, stamp) =
        worst.map_or(("entity", String::new(), at), |(t, s)| (t.table.what, shown_id(t.id), latest(&s)));
    Err(Invalid::Skew { what, id, stamp: shown(stamp), seconds }.into())
}
