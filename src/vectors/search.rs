//! A search: looks the space up, counts, decides, asks, and asks again where the index came back short.
#![allow(unsafe_code)] // values go to the server as they came from it

use std::cell::RefCell;
use std::ffi::CStr;
use std::rc::Rc;

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::query::Query;
use super::route::{self, Ann, Mode, Question, Route, Rows, Step, Why};
use super::statement::{Conditions, Key, Metric};
use super::target::{Target, target};
use super::{cache, costs, halves, layout, length};
use crate::filters::Given;
use crate::server::catalog;
use crate::server::nest::{self, Settings};
use crate::server::spi::{self, Arg, Connection, Row, Sees, Value, typed};
use crate::server::varlena;

/// The size of the tenant as maintenance keeps it, and the index of its own that it should have.
const TENANT_SQL: &CStr = c"SELECT s.row_count, r.index_name FROM (SELECT) AS one \
     LEFT JOIN llmspell.vector_tenant_sizes s ON s.tenant_id = $1 AND s.space = $2 \
     LEFT JOIN llmspell.vector_tenant_indexes r ON r.tenant_id = $1 AND r.space = $2 AND r.state = 'kept'";

/// The value in the predicate of a tenant's own index: a hash, so that the catalog tells nobody the tenant's id.
const HASH_SQL: &CStr = c"SELECT md5($1)";

thread_local! {
    /// The tenant that was last asked for, and its hash.
    static HASH: RefCell<(String, String)> = RefCell::default();
}

/// The decision, and its grounds.
pub struct Decision {
    pub target: Rc<Target>,
    pub known: Option<cache::Known>,
    pub route: Route,
    pub why: Why,
    pub ef_search: Option<i32>,
}

impl Decision {
    pub fn rows(&self) -> Option<Rows> {
        self.known.map(|known| known.rows)
    }

    pub fn question<'a>(&'a self, query: &Query) -> Question<'a> {
        question(query, &self.target, self.known, self.ef_search)
    }
}

/// One row found; the values live as long as the connection.
pub struct Hit<'c> {
    pub id: Value<'c>,
    pub distance: f64,
    pub score: f64,
    pub rest: [Option<Value<'c>>; 5],
}

pub struct Found<'c> {
    pub hits: Vec<Hit<'c>>,
    pub exact: bool,
    pub complete: bool,
}

fn question<'a>(
    query: &Query,
    target: &'a Target,
    known: Option<cache::Known>,
    ef_search: Option<i32>,
) -> Question<'a> {
    let own = known.and_then(|known| known.own);
    Question {
        mode: query.mode,
        indexed: target.method != "none",
        // For a search that must take the index nothing is counted.
        rows: known.map(|known| known.rows).filter(|_| query.mode == Mode::Auto),
        index_rows: own.map_or(target.space_rows, |rows| rows as f64),
        own: own.is_some(),
        precise: target.key() == Key::Vector,
        seen: known.and_then(|known| known.share),
        k: query.k,
        ef_search,
        recall: query.recall,
        costs: &target.costs,
    }
}

/// Settings that keep the planner to the way that was chosen: all plans of a search are made, and kept, under these.
pub const PLAIN: [&CStr; 4] = [c"enable_seqscan", c"enable_hashjoin", c"enable_mergejoin", c"jit"];

/// The vector that rows are compared with: for angles one whose length pgvector can compute with.
pub fn query_vector(query: &Query, target: &Target) -> pg_sys::Datum {
    match target.space.metric == Metric::Cosine && !length::LENGTHS.contains(&query.length) {
        true => varlena::of(&layout::vector(&length::unit(&query.numbers))),
        false => query.vector,
    }
}

/// Values for the parameters of [`super::statement`].
pub fn parameters<'a>(query: &'a Query, target: &Target, fetch: i64) -> [Arg<'a>; 14] {
    parameters_with(query, target, fetch, &[])
}

/// The same, with ids.
pub fn parameters_with<'a>(query: &'a Query, target: &Target, fetch: i64, ids: &[[u8; 16]]) -> [Arg<'a>; 14] {
    let cosine = target.space.metric == Metric::Cosine;
    let vector = query_vector(query, target);
    let half = matches!(target.key(), Key::Half | Key::Cast)
        .then(|| varlena::of(&layout::halfvec(&halves::encode(&query.numbers, cosine))));
    // SAFETY: the datums are those of the call's arguments, or just made; the types are those of the signature,
    // and pgvector's.
    let given = |oid, datum| unsafe { typed(oid, datum) };
    let filter = |part: fn(&'a Given) -> Arg<'a>| {
        query.filter.as_deref().map_or(Arg::null_oid(pg_sys::JSONBOID), part)
    };
    [
        given(target.types.vector, Some(vector)),
        query.tenant.as_str().into(),
        query.scope.as_deref().into(),
        filter(Given::contained),
        given(pg_sys::TIMESTAMPTZOID, query.since),
        given(pg_sys::TIMESTAMPTZOID, query.until),
        query.max_distance.into(),
        i64::from(query.k).into(),
        fetch.into(),
        given(target.types.halfvec, half),
        given(pg_sys::TEXTARRAYOID, query.excluded),
        query.role.as_deref().into(),
        filter(Given::tested),
        spi::ids(ids),
    ]
}

fn count(connection: &Connection, query: &Query, target: &Target, kept: Option<i64>) -> Rows {
    let limit = target.costs.count_limit();
    // Expired rows count as well: whether one is stands in the table, and the rest in an index.
    let conditions = Conditions { with_expired: true, max_distance: false, ..query.conditions() };
    if let Some(rows) = kept.filter(|rows| *rows >= limit && conditions == Conditions::ALL) {
        return Rows::About(rows);
    }
    let number = |sql: &str, limit| {
        let parameters = parameters(query, target, limit);
        let found =
            connection.kept_planned(sql, &parameters, || Settings::off(&PLAIN), |row| row.get::<i64>(0));
        found.into_iter().flatten().next().unwrap_or(0)
    };
    match number(&target.space.count(conditions), limit) {
        n if n < limit => Rows::Exactly(n),
        n => {
            let share = costs::sample_share(target.space_rows);
            route::sampled(number(&target.space.sample(conditions), share), share, n)
        }
    }
}

fn known(connection: &Connection, query: &Query, target: &Target) -> cache::Known {
    let key = query.count_key(&target.space.table);
    if let Some(known) = cache::get(key) {
        return known;
    }
    let names = [query.tenant.as_str().into(), target.name.as_str().into()];
    let (kept, own) = connection
        .row(TENANT_SQL, &names, Sees::Query, |row| (row.get::<i64>(0), row.get::<String>(1)))
        .unwrap_or_default();
    let own = own.is_some_and(|name| catalog::is_valid_index(&name));
    let rows = if query.mode == Mode::Auto { count(connection, query, target, kept) } else { Rows::About(0) };
    let found = cache::Known {
        relation: target.relation.to_u32(),
        rows,
        own: own.then(|| kept.unwrap_or(0).max(rows.number())),
        share: None,
    };
    if query.mode == Mode::Auto {
        cache::put(key, found);
    }
    found
}

/// Looks the space up, counts where that matters, and decides.
pub fn decide(connection: &Connection, query: &Query, vector: pg_sys::Oid) -> Result<Decision, ErrorReport> {
    let target = target(connection, query, vector)?;
    let ef_search = query.ef_search.or_else(|| match query.recall {
        None => nest::given(c"hnsw.ef_search").and_then(|ef| ef.parse().ok()),
        Some(_) => None,
    });
    let indexed = query.mode != Mode::Exact && target.method != "none";
    let known = indexed.then(|| known(connection, query, &target));
    let (route, why) = route::decide(&question(query, &target, known, ef_search));
    Ok(Decision { target, known, route, why, ef_search })
}

fn exact<'c>(connection: &'c Connection, query: &Query, target: &Target, rows: Option<Rows>) -> Found<'c> {
    let run = |sql: &str, parameters: &[Arg<'_>], off: &[&CStr]| {
        connection.kept_planned(sql, parameters, || Settings::off(off), |row| hit(row, target))
    };
    // mode 'exact' compares at full precision. The error bound of half precision holds only for unit vectors.
    if target.space.halves && query.mode != Mode::Exact {
        let fetch = route::fetch_halves(query.k);
        let sql = target.space.exact_halves(query.conditions());
        let (mut candidates, mut nearest_out) = (0, None);
        let parameters = parameters(query, target, fetch);
        let hits: Vec<_> = connection.kept_planned(
            sql.as_str(),
            &parameters,
            || Settings::off(&PLAIN),
            |row| {
                (candidates, nearest_out) = (row.get(7).unwrap_or(0), row.get(8));
                hit(row, target)
            },
        );
        let hits: Vec<_> = hits.into_iter().flatten().collect();
        let full = hits.len() == query.k as usize;
        // A threshold may leave fewer than k: then the first row left out is the threshold.
        let last = if full { hits.last().map(|hit| hit.distance) } else { query.max_distance };
        let exact = route::halves_are_exact(candidates, fetch, last, nearest_out);
        if exact || full {
            return Found { exact, complete: true, hits };
        }
    }
    let few = matches!(rows, Some(Rows::Exactly(n)) if n <= route::FEW_ROWS);
    let conditions = query.conditions();
    let parameters = parameters(query, target, 0);
    let hits = if few {
        // One index in its order, unless the filter has its own.
        let off = if conditions.contained {
            &PLAIN[..]
        } else {
            &[c"enable_seqscan", c"enable_bitmapscan", c"jit"]
        };
        run(&target.space.exact_few(conditions), &parameters, off)
    } else {
        run(&target.space.exact(conditions), &parameters, &PLAIN)
    };
    Found { exact: true, complete: true, hits: hits.into_iter().flatten().collect() }
}

fn hit<'c>(row: &Row<'c>, target: &Target) -> Option<Hit<'c>> {
    let distance = row.get::<f64>(1)?;
    Some(Hit {
        id: row.value(0)?,
        distance,
        score: target.space.metric.score(distance),
        rest: [2, 3, 4, 5, 6].map(|column| row.value(column)),
    })
}

/// The hash of a tenant in the predicate of its own index.
fn tenant_hash(connection: &Connection, tenant: &str) -> String {
    let kept = HASH.with_borrow(|(of, hash)| (of == tenant).then(|| hash.clone()));
    kept.unwrap_or_else(|| {
        let hash =
            connection.row(HASH_SQL, &[tenant.into()], Sees::Query, |row| row.text(0)).unwrap_or_default();
        HASH.set((tenant.to_owned(), hash.clone()));
        hash
    })
}

/// Candidates that the index gives, by one pass or by as many as it takes, and how many candidates those were.
fn ann<'c>(
    connection: &'c Connection,
    query: &Query,
    target: &Target,
    ann: Ann,
    own: bool,
    iterative: bool,
) -> (Found<'c>, i64) {
    let parameters = parameters(query, target, ann.fetch);
    let hash = own.then(|| tenant_hash(connection, &query.tenant));
    let settings = Settings::off(&PLAIN);
    // Else the planner might sort the tenant's rows, which is what the exact way is for.
    // bounded: two.
    for name in [c"enable_sort", c"enable_bitmapscan"] {
        settings.set(name, "off");
    }
    let set = |name: &CStr, value: &dyn ToString| settings.set(name, &value.to_string());
    // There is one way left, and planning it looks at every index of a tenant.
    set(c"plan_cache_mode", &"force_generic_plan");
    match target.method.as_str() {
        "vchordrq" => {
            // As many numbers as the index has levels, or every query of the table fails.
            let probes: Vec<String> =
                route::probes(&target.lists, ann.ef_search).iter().map(ToString::to_string).collect();
            set(c"vchordrq.probes", &probes.join(","));
            set(c"vchordrq.prefilter", &"on");
        }
        "vchordg" => set(c"vchordg.ef_search", &ann.ef_search),
        _ => {
            set(c"hnsw.ef_search", &ann.ef_search);
            set(c"hnsw.iterative_scan", &(if iterative { "relaxed_order" } else { "off" }));
            set(c"hnsw.max_scan_tuples", &ann.max_scan_tuples);
            set(c"hnsw.scan_mem_multiplier", &4);
        }
    }
    if target.beside_vchordrq {
        // Its probes are not known, and the planner asks for its cost even where another index serves.
        set(c"vchordrq.enable_scan", &"off");
    }
    let sql = match ann.is_whole {
        true => target.space.ann_whole(query.conditions(), hash.as_deref().unwrap_or_default()),
        false => target.space.ann(query.conditions(), target.key(), hash.as_deref()),
    };
    let mut candidates = 0;
    let hits = connection.kept(sql.as_str(), &parameters, |row| {
        candidates = row.get(7).unwrap_or(0);
        hit(row, target)
    });
    let hits: Vec<_> = hits.into_iter().flatten().collect();
    (Found { exact: false, complete: hits.len() == query.k as usize, hits }, candidates)
}

/// Runs what was decided.
pub fn run<'c>(connection: &'c Connection, query: &Query, decision: &Decision) -> Found<'c> {
    let target = &decision.target;
    let Route::Ann(wanted) = decision.route else {
        return exact(connection, query, target, decision.rows());
    };
    let question = decision.question(query);
    // A caller who names a recall accepts that share, within a threshold too.
    let content = query.mode == Mode::Ann || query.recall.is_some();
    let mut step = match target.method.starts_with("hnsw") {
        true => route::begin(&question, wanted),
        // The others know one way only.
        false => Step::Iterative,
    };
    // bounded: a pass, and a scan.
    while step != Step::Exact {
        let (found, candidates) =
            ann(connection, query, target, wanted, question.own, step == Step::Iterative);
        let enough = candidates >= wanted.enough;
        if step == Step::Pass {
            let share = route::share_of(wanted, candidates);
            cache::saw(query.count_key(&target.space.table), share, question.share());
            step = route::go_on(&question, wanted, share);
        } else {
            step = Step::Exact;
        }
        if enough && (found.complete || content) || query.mode == Mode::Ann && step == Step::Exact {
            return found;
        }
    }
    exact(connection, query, target, decision.rows())
}
