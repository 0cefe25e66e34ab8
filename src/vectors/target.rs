//! How a space is searched: looked up in the catalog and kept until something says that it changed.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::rc::Rc;
use std::time::{Duration, Instant};

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::costs::{self, Costs};
use super::invalid::Invalid;
use super::query::Query;
use super::statement::{Key, Metric, Space};
use super::{cache, halves, length};
use crate::error::Error;
use crate::server::catalog;
use crate::server::spi::{Connection, Sees, connect};

/// pgvector's schema and types, as this database has them.
#[derive(Clone, Copy)]
pub struct Types {
    schema: &'static str,
    pub vector: pg_sys::Oid,
    pub halfvec: pg_sys::Oid,
}

/// Spaces by name and dimensions. What somebody chooses or measures empties it in every session; how many
/// rows a space has is only as old as this.
const TARGET_LIFE: Duration = Duration::from_secs(60);

type Targets = HashMap<(Option<String>, i32), (Instant, Rc<Target>)>;

thread_local! {
    static TYPES: Cell<Option<Types>> = const { Cell::new(None) };
    static TARGETS: RefCell<Targets> = RefCell::default();
    /// Whether there are spaces of a purpose.
    static PURPOSES: RefCell<HashMap<String, bool>> = RefCell::default();
    /// The table whose invalidation stands for that of all spaces.
    static SPACES: Cell<pg_sys::Oid> = const { Cell::new(pg_sys::InvalidOid) };
}

/// Forgets what depends on a table that changed: on the list of spaces, or on the indexes of one of them;
/// everything where it is none.
pub fn forget(changed: pg_sys::Oid) {
    let all = changed == pg_sys::InvalidOid || changed == SPACES.get();
    cache::forget((!all).then_some(changed.to_u32()));
    if all {
        PURPOSES.with(|purposes| {
            purposes.try_borrow_mut().map(|mut purposes| purposes.clear()).unwrap_or_default()
        });
    }
    TARGETS.with(|targets| {
        if let Ok(mut targets) = targets.try_borrow_mut() {
            targets.retain(|_, (_, target)| !all && target.relation != changed);
        }
    });
}

/// Whether there is a space of a purpose.
pub fn has_space(purpose: &str) -> bool {
    if let Some(has) = PURPOSES.with_borrow(|purposes| purposes.get(purpose).copied()) {
        return has;
    }
    SPACES.set(catalog::relation(c"vector_spaces").unwrap_or(pg_sys::InvalidOid));
    let has =
        connect(|connection| connection.row(HAS_SPACE, &[purpose.into()], Sees::Latest, |_| ()).is_some());
    PURPOSES.with_borrow_mut(|purposes| purposes.insert(purpose.to_owned(), has));
    has
}

const HAS_SPACE: &CStr = c"SELECT FROM llmspell.vector_spaces WHERE purpose = $1 LIMIT 1";

const SPACE_SQL: &CStr = c"SELECT s.name, format('llmspell.%I', s.table_name), s.dims, s.metric, coalesce(i.method, 'none'), i.lists, \
         k.exact_us, k.ann_us, k.exact_rows, k.efs, k.recalls, 'llmspell.vector_spaces'::regclass::oid, s.table_name, i.beside_vchordrq \
     FROM llmspell_internal._vector_space($1, $2, coalesce((SELECT v.purpose FROM llmspell.vector_spaces v WHERE v.name = $1), 'vectors')) s \
     LEFT JOIN LATERAL llmspell_internal._vector_index_in_force(s.name) i ON true \
     LEFT JOIN llmspell.vector_calibrations k ON k.space = s.name";

/// How a space is searched.
pub struct Target {
    pub name: String,
    pub method: String,
    pub costs: Costs,
    pub space_rows: f64,
    pub space: Space,
    pub relation: pg_sys::Oid,
    pub lists: Vec<i32>,
    pub beside_vchordrq: bool,
    pub types: Types,
}

impl Target {
    pub fn key(&self) -> Key {
        match (self.space.halves, self.method.as_str()) {
            (true, _) => Key::Half,
            (false, "hnsw_halfvec") => Key::Cast,
            (false, _) => Key::Vector,
        }
    }
}

fn types(vector: pg_sys::Oid) -> Types {
    if let Some(types) = TYPES.get().filter(|types| types.vector == vector) {
        return types;
    }
    let Some((schema, halfvec)) = catalog::beside(vector, c"halfvec") else {
        error!("extension \"vector\" is missing");
    };
    // Once for each time that the extension is made anew in a session.
    let types = Types { schema: schema.leak(), vector, halfvec };
    TYPES.set(Some(types));
    types
}

/// The space that a query names, or that of its dimensions; `vector` is the type of the query.
pub fn target(
    connection: &Connection,
    query: &Query,
    vector: pg_sys::Oid,
) -> Result<Rc<Target>, ErrorReport> {
    let types = types(vector);
    let key = (query.space.clone(), query.numbers.len() as i32);
    // A tenant's own: the name says another table for another tenant.
    let is_small = query.space.as_deref().is_some_and(|name| name.starts_with("small:"));
    let kept = TARGETS.with_borrow(|targets| {
        targets
            .get(&key)
            .filter(|(at, kept)| at.elapsed() < TARGET_LIFE && kept.types.vector == types.vector)
            .cloned()
    });
    let target = match kept {
        Some((_, target)) => target,
        None => {
            let target = Rc::new(look_up(connection, query, types));
            TARGETS.with_borrow_mut(|targets| {
                if is_small {
                    return;
                }
                // Names are the user's, and may be many.
                if targets.len() >= 1000 {
                    targets.clear();
                }
                targets.insert(key, (Instant::now(), target.clone()));
            });
            target
        }
    };
    check(&target, query.numbers.len(), query.length)?;
    Ok(target)
}

/// Refuses a query that has no distance from the vectors of a space.
pub fn check(target: &Target, dims: usize, length: f64) -> Result<(), Error> {
    if dims != target.space.dims as usize {
        return Err(Invalid::Dims { wanted: target.space.dims, got: dims }.into());
    }
    if target.space.metric == Metric::Cosine && length == 0.0 {
        return Err(Invalid::Zero.into());
    }
    // A cosine depends on the direction only, whatever the length.
    if target.space.metric != Metric::Cosine && length > *length::LENGTHS.end() {
        return Err(Invalid::Long(length).into());
    }
    Ok(())
}

fn look_up(connection: &Connection, query: &Query, types: Types) -> Target {
    let dims = query.numbers.len() as i32;
    let args = [query.space.as_deref().into(), dims.into()];
    let found = connection.row(SPACE_SQL, &args, Sees::Query, |row| {
        let relation = CString::new(row.text(12)).ok().and_then(|name| catalog::relation(&name));
        let space_rows = relation.map_or(0.0, |relation| {
            let (rows, pages) = catalog::analyzed(relation);
            costs::space_rows(rows, pages, catalog::pages_of(relation).into(), dims)
        });
        let assumed = Costs::assumed(dims, space_rows);
        let efs: Vec<i32> = row.get(9).unwrap_or_default();
        let recalls: Vec<f64> = row.get(10).unwrap_or_default();
        let metric = Metric::parse(&row.text(3)).unwrap_or(Metric::Cosine);
        SPACES.set(row.get(11).unwrap_or(pg_sys::InvalidOid));
        Target {
            name: row.text(0),
            method: row.text(4),
            lists: row.get(5).unwrap_or_default(),
            costs: Costs {
                dims,
                exact_us: row.get(6).unwrap_or(assumed.exact_us),
                ann_us: row.get(7).unwrap_or(assumed.ann_us),
                exact_rows: row.get::<i32>(8).map_or(assumed.exact_rows, i64::from),
                ..assumed.measured(efs.into_iter().zip(recalls).collect())
            },
            space_rows,
            space: Space {
                table: row.text(1),
                dims,
                metric,
                halves: metric == Metric::Cosine && halves::DIMS_WITH_HALVES.contains(&dims),
                vector_schema: types.schema.to_owned(),
            },
            relation: relation.unwrap_or(pg_sys::InvalidOid),
            beside_vchordrq: row.get(13).unwrap_or(false),
            types,
        }
    });
    let Some(target) = found else { error!("a space of {dims} dimensions has no row") };
    target
}
