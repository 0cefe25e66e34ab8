//! Walks over the graph at one point of both times: one statement for each step, all with the snapshot of
//! the calling query.

use std::collections::HashMap;
use std::ffi::CStr;

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::arguments::{end, id, natural, one_of, start, uuid, valid_at};
use super::connect;
use crate::error::Error;
use crate::graph::content::Id;
use crate::graph::invalid::Invalid;
use crate::graph::period::{END, Period};
use crate::graph::walk::{Graph, Link, Stopped, path, shortest_path, traverse};
use crate::interrupts::poll;
use crate::server::nest::Settings;
use crate::server::spi::{self, Connection, Cursor, Row};
use crate::tenancy::tenant;

/// The defaults of the SQL signatures, for nulls.
const TRAVERSE_DEPTH: i32 = 3;
const TRAVERSE_NODES: i32 = 10_000;
const PATH_DEPTH: i32 = 10;
const PATH_NODES: i32 = 100_000;

/// How many edges are read at a time. A larger block makes a walk no faster.
const BLOCK: usize = 4096;

/// Most ids in all the paths of a result: a long chain would have the square of its length.
const MAX_PATH_NODES: usize = 10_000_000;

/// The statements of one reading of transaction time.
struct Statements {
    out: &'static CStr,
    into: &'static CStr,
    nodes: &'static CStr,
    names: &'static CStr,
}

static CURRENT: Statements = Statements {
    out: c"
        SELECT r.from_entity, r.to_entity, r.relationship_id, r.valid_time_start, r.valid_time_end, r.relationship_type::text
        FROM llmspell.relationships r
        WHERE r.tenant_id = $1 AND r.from_entity = ANY ($2) AND r.transaction_time_end = 'infinity' AND r.valid_time_start <= $3 AND r.valid_time_end > $3
          AND ($4 IS NULL OR r.relationship_type = ANY ($4))
        ORDER BY r.from_entity",
    into: c"
        SELECT r.to_entity, r.from_entity, r.relationship_id, r.valid_time_start, r.valid_time_end, r.relationship_type::text
        FROM llmspell.relationships r
        WHERE r.tenant_id = $1 AND r.to_entity = ANY ($2) AND r.transaction_time_end = 'infinity' AND r.valid_time_start <= $3 AND r.valid_time_end > $3
          AND ($4 IS NULL OR r.relationship_type = ANY ($4))
        ORDER BY r.to_entity",
    nodes: c"
        SELECT e.entity_id
        FROM llmspell.entities e
        WHERE e.tenant_id = $1 AND e.entity_id = ANY ($2) AND e.transaction_time_end = 'infinity' AND e.valid_time_start <= $3 AND e.valid_time_end > $3
        ORDER BY e.entity_id",
    names: c"
        SELECT e.entity_id, e.entity_type::text, e.name::text
        FROM llmspell.entities e
        WHERE e.tenant_id = $1 AND e.entity_id = ANY ($2) AND e.transaction_time_end = 'infinity' AND e.valid_time_start <= $3 AND e.valid_time_end > $3
        ORDER BY e.entity_id",
};

static KNOWN: Statements = Statements {
    out: c"
        SELECT r.from_entity, r.to_entity, r.relationship_id, r.valid_time_start, r.valid_time_end, r.relationship_type::text
        FROM llmspell.relationships r
        WHERE r.tenant_id = $1 AND r.from_entity = ANY ($2) AND r.transaction_time_start <= $5 AND r.transaction_time_end > $5
          AND r.valid_time_start <= $3 AND r.valid_time_end > $3 AND ($4 IS NULL OR r.relationship_type = ANY ($4))
        ORDER BY r.from_entity",
    into: c"
        SELECT r.to_entity, r.from_entity, r.relationship_id, r.valid_time_start, r.valid_time_end, r.relationship_type::text
        FROM llmspell.relationships r
        WHERE r.tenant_id = $1 AND r.to_entity = ANY ($2) AND r.transaction_time_start <= $5 AND r.transaction_time_end > $5
          AND r.valid_time_start <= $3 AND r.valid_time_end > $3 AND ($4 IS NULL OR r.relationship_type = ANY ($4))
        ORDER BY r.to_entity",
    nodes: c"
        SELECT e.entity_id
        FROM llmspell.entities e
        WHERE e.tenant_id = $1 AND e.entity_id = ANY ($2) AND e.transaction_time_start <= $4 AND e.transaction_time_end > $4
          AND e.valid_time_start <= $3 AND e.valid_time_end > $3
        ORDER BY e.entity_id",
    names: c"
        SELECT e.entity_id, e.entity_type::text, e.name::text
        FROM llmspell.entities e
        WHERE e.tenant_id = $1 AND e.entity_id = ANY ($2) AND e.transaction_time_start <= $4 AND e.transaction_time_end > $4
          AND e.valid_time_start <= $3 AND e.valid_time_end > $3
        ORDER BY e.entity_id",
};

/// For the planner, whatever the statistics say (a node with many edges, a table that nobody has analyzed): a plan that
/// finds the tenant's rows and then looks for each among the ids takes the product of both. The statements want their
/// rows in the order of the ids, and where no plan may sort, only a scan of an index by these ids gives that order.
fn planned() -> Settings {
    Settings::off(&[c"enable_seqscan", c"enable_bitmapscan", c"enable_sort"])
}

/// The graph at one point, seen along some edges.
struct Point {
    tenant: String,
    valid_at: i64,
    known_at: Option<i64>,
    types: Option<Vec<String>>,
    ahead: bool,
    behind: bool,
}

impl Point {
    fn new(
        types: Option<Vec<Option<String>>>,
        direction: Option<&str>,
        at: Option<i64>,
        known_at: Option<i64>,
    ) -> Result<Self, Error> {
        let direction = one_of(direction, "direction", &["out", "in", "both"], "out, in, both")?;
        Ok(Self {
            tenant: tenant()?,
            valid_at: valid_at(at),
            known_at: known_at.filter(|known| *known != END),
            types: types.map(|types| types.into_iter().flatten().collect()),
            ahead: direction != 1,
            behind: direction != 0,
        })
    }

    fn statements(&self) -> &'static Statements {
        if self.known_at.is_some() { &KNOWN } else { &CURRENT }
    }
}

/// A point, through a connection.
struct Seen<'a> {
    connection: &'a Connection,
    point: &'a Point,
    types: Types,
}

impl Seen<'_> {
    fn nodes<T>(&self, text: &'static CStr, nodes: &[Id], each: impl FnMut(&Row<'_>) -> Option<T>) -> Vec<T> {
        let Point { tenant, valid_at, known_at, .. } = self.point;
        let mut args = vec![tenant.as_str().into(), spi::ids(nodes), spi::time(*valid_at)];
        args.extend(known_at.map(spi::time));
        self.connection.rows_planned(text, &args, planned, each).into_iter().flatten().collect()
    }

    /// Type and name of nodes. They are not in the index that tells which nodes exist, and reading them
    /// doubles the cost of a walk.
    fn names(&self, nodes: &[Id]) -> HashMap<Id, (String, String)> {
        let named = |row: &Row<'_>| row.id(0).map(|id| (id, (row.text(1), row.text(2))));
        nodes.chunks(4096).flat_map(|nodes| self.nodes(self.point.statements().names, nodes, named)).collect()
    }
}

/// The types of relationships by number: links are many, their types few.
#[derive(Default)]
struct Types {
    numbers: HashMap<String, u32>,
    names: Vec<String>,
}

impl Types {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len() as u32;
        self.numbers.insert(name.to_owned(), number);
        self.names.push(name.to_owned());
        number
    }
}

fn link(row: &Row<'_>, types: &mut Types) -> Option<Link> {
    let valid = Period::new(row.time(3), row.time(4))?;
    let kind = types.number(row.str(5)?);
    Some(Link { near: row.id(0)?, far: row.id(1)?, edge: row.id(2)?, kind, valid })
}

impl<'a> Graph for Seen<'a> {
    type Error = Error;
    type Links = Vec<Cursor<'a>>;

    fn links(&mut self, nodes: &[Id], backwards: bool) -> Result<Vec<Cursor<'a>>, Error> {
        let (point, statements) = (self.point, self.point.statements());
        let (out, into) = if backwards { (point.behind, point.ahead) } else { (point.ahead, point.behind) };
        let mut args = vec![
            point.tenant.as_str().into(),
            spi::ids(nodes),
            spi::time(point.valid_at),
            point.types.clone().into(),
        ];
        args.extend(point.known_at.map(spi::time));
        let wanted =
            [(out, statements.out), (into, statements.into)].into_iter().filter(|(wanted, _)| *wanted);
        Ok(wanted.map(|(_, text)| self.connection.open_planned(text, &args, planned)).collect())
    }

    fn more(&mut self, links: &mut Vec<Cursor<'a>>) -> Result<Vec<Link>, Error> {
        let mut found = Vec::new();
        while let Some(cursor) = links.last_mut() {
            poll();
            let rows = cursor.fetch(BLOCK - found.len(), |row| link(row, &mut self.types));
            found.extend(rows.into_iter().flatten());
            if cursor.is_over() {
                links.pop();
            } else if found.len() >= BLOCK / 2 {
                break;
            }
        }
        Ok(found)
    }

    fn existing(&mut self, nodes: &[Id]) -> Result<Vec<Id>, Error> {
        Ok(self.nodes(self.point.statements().nodes, nodes, |row| row.id(0)))
    }
}

fn stopped(max_nodes: i32) -> impl Fn(Stopped<Error>) -> Error {
    move |stopped| match stopped {
        Stopped::TooManyNodes => Invalid::TooManyNodes { max: max_nodes }.into(),
        Stopped::Graph(error) => error,
    }
}

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments, clippy::type_complexity)] // as the SQL signature
fn graph_traverse(
    from: Option<pgrx::Uuid>,
    max_depth: Option<i32>,
    types: Option<Vec<Option<String>>>,
    direction: Option<&str>,
    at: Option<i64>,
    known_at: Option<i64>,
    max_nodes: Option<i32>,
    include_start: Option<bool>,
    with_path: Option<bool>,
    with_names: Option<bool>,
) -> Result<
    TableIterator<
        'static,
        (
            name!(entity_id, pgrx::Uuid),
            name!(entity_type, Option<String>),
            name!(name, Option<String>),
            name!(depth, i32),
            name!(parent_id, Option<pgrx::Uuid>),
            name!(relationship_id, Option<pgrx::Uuid>),
            name!(relationship_type, Option<String>),
            name!(valid_from, Option<i64>),
            name!(valid_to, Option<i64>),
            name!(path, Option<Vec<pgrx::Uuid>>),
        ),
    >,
    ErrorReport,
> {
    tenant()?;
    let from = id(from, "start")?;
    let max_depth = natural(max_depth.unwrap_or(TRAVERSE_DEPTH), "max_depth")?;
    let max = max_nodes.unwrap_or(TRAVERSE_NODES);
    let room = natural(max, "max_nodes")? as usize;
    let skip = usize::from(!include_start.unwrap_or(false));
    let with_path = with_path.unwrap_or(false);
    let with_names = with_names.unwrap_or(false);
    let point = Point::new(types, direction, at, known_at)?;
    let (reached, mut names, types) = connect(|connection| {
        let mut seen = Seen { connection, point: &point, types: Types::default() };
        let reached = traverse(&mut seen, from, max_depth, room)?;
        let ids: Vec<Id> = reached.iter().filter(|_| with_names).map(|r| r.id).collect();
        let names = seen.names(&ids);
        Ok((reached, names, seen.types.names))
    })
    .map_err(stopped(max))?;
    let nodes: usize = reached.iter().map(|r| r.depth as usize + 1).sum();
    if with_path && nodes > MAX_PATH_NODES {
        return Err(Error::from(Invalid::PathsTooLong { max: MAX_PATH_NODES }).into());
    }
    let mut next = skip;
    Ok(TableIterator::new(std::iter::from_fn(move || {
        let place = next;
        next += 1;
        reached.get(place)?;
        let way = with_path.then(|| path(&reached, place).into_iter().map(uuid).collect());
        let parent = reached.get(place)?.parent.map(|(parent, edge)| (uuid(reached[parent].id), uuid(edge)));
        let (parent, edge) = parent.unzip();
        let found = reached.get(place)?;
        let (kind, name) = names.remove(&found.id).unzip();
        let edge_kind = edge.and_then(|_| types.get(found.kind as usize).cloned());
        let (since, until) = (start(found.valid), end(found.valid));
        Some((uuid(found.id), kind, name, found.depth as i32, parent, edge, edge_kind, since, until, way))
    })))
}

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments, clippy::type_complexity)] // as the SQL signature
fn graph_shortest_path(
    from_entity: Option<pgrx::Uuid>,
    to_entity: Option<pgrx::Uuid>,
    max_depth: Option<i32>,
    types: Option<Vec<Option<String>>>,
    direction: Option<&str>,
    at: Option<i64>,
    known_at: Option<i64>,
    max_nodes: Option<i32>,
) -> Result<
    TableIterator<
        'static,
        (
            name!(length, i32),
            name!(entities, Vec<pgrx::Uuid>),
            name!(relationships, Vec<pgrx::Uuid>),
            name!(valid_from, Option<i64>),
            name!(valid_to, Option<i64>),
        ),
    >,
    ErrorReport,
> {
    tenant()?;
    let (from, to) = (id(from_entity, "from_entity")?, id(to_entity, "to_entity")?);
    let max_depth = natural(max_depth.unwrap_or(PATH_DEPTH), "max_depth")?;
    let max = max_nodes.unwrap_or(PATH_NODES);
    let room = natural(max, "max_nodes")? as usize;
    let point = Point::new(types, direction, at, known_at)?;
    let found = connect(|connection| {
        shortest_path(
            &mut Seen { connection, point: &point, types: Types::default() },
            from,
            to,
            max_depth,
            room,
        )
    })
    .map_err(stopped(max))?;
    Ok(TableIterator::new(found.map(|path| {
        let all = |ids: Vec<Id>| ids.into_iter().map(uuid).collect();
        (path.edges.len() as i32, all(path.nodes), all(path.edges), start(path.valid), end(path.valid))
    })))
}
