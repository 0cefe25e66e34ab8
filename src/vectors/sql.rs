//! SQL face of vectors.
#![allow(unsafe_code)] // rows and values go to the server as they came from it

use pgrx::AnyElement;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::costs::{self, Costs};
use super::invalid::Invalid;
use super::query::Query;
use super::route::{self, Route, Rows};
use super::statement::Metric;
use super::{halves, layout, length, many, search, target};
use crate::error::Error;
use crate::interrupts::polled;
use crate::server::catalog;
use crate::server::spi::{Value, connect};
use crate::server::srf::{first_type, rows_of};
use crate::server::varlena::{self, Detoasted};

#[pg_extern(sql = false)]
fn vector_search(fcinfo: pg_sys::FunctionCallInfo) -> Result<(), ErrorReport> {
    // SAFETY: the signature is the one above.
    let (query, mut put, vector) = unsafe { (Query::read(fcinfo)?, rows_of(fcinfo), first_type(fcinfo)) };
    connect(|connection| {
        let decision = search::decide(connection, &query, vector)?;
        let found = search::run(connection, &query, &decision);
        for hit in polled(&found.hits) {
            let [scope, metadata, content, created_at, text_id] =
                hit.rest.map(|value| value.map(Value::datum));
            put(&[
                Some(hit.id.datum()),
                hit.distance.into_datum(),
                hit.score.into_datum(),
                scope,
                metadata,
                content,
                created_at,
                found.exact.into_datum(),
                found.complete.into_datum(),
                text_id,
            ]);
        }
        Ok(())
    })
}

#[pg_extern(sql = false)]
fn vector_search_many(fcinfo: pg_sys::FunctionCallInfo) -> Result<(), ErrorReport> {
    // SAFETY: the signature is the one of the SQL file, its first argument an array of vectors.
    let ((mut query, vectors), put, vector) =
        unsafe { (Query::read_many(fcinfo)?, rows_of(fcinfo), pg_sys::get_element_type(first_type(fcinfo))) };
    connect(|connection| many::run(connection, &mut query, &vectors, vector, put))
}

#[pg_extern(sql = false)]
fn vector_explain(fcinfo: pg_sys::FunctionCallInfo) -> Result<(), ErrorReport> {
    // SAFETY: the signature is the one above.
    let (query, mut put, vector) = unsafe { (Query::read(fcinfo)?, rows_of(fcinfo), first_type(fcinfo)) };
    connect(|connection| {
        let decision = search::decide(connection, &query, vector)?;
        let question = decision.question(&query);
        let (exact_ms, ann_ms) = route::estimate(&question);
        let rows = question.rows;
        let (name, ef_search, fetch, max_scan_tuples) = match decision.route {
            Route::Exact => ("exact", None, None, None),
            Route::Ann(ann) => ("ann", Some(ann.ef_search), Some(ann.fetch), Some(ann.max_scan_tuples)),
        };
        put(&[
            decision.target.name.as_str().into_datum(),
            name.into_datum(),
            decision.why.text().into_datum(),
            rows.and_then(|rows| rows.number().into_datum()),
            rows.and_then(|rows| matches!(rows, Rows::About(_)).into_datum()),
            decision.target.costs.exact_rows.into_datum(),
            decision.target.method.as_str().into_datum(),
            ef_search.and_then(IntoDatum::into_datum),
            fetch.and_then(IntoDatum::into_datum),
            max_scan_tuples.and_then(IntoDatum::into_datum),
            rows.and_then(|_| exact_ms.into_datum()),
            // Where every row is looked at it would tell how many rows others have.
            matches!(decision.route, Route::Ann(_)).then_some(ann_ms).and_then(IntoDatum::into_datum),
            question.own.into_datum(),
        ]);
        Ok(())
    })
}

/// A `vector` of little-endian halves.
#[pg_extern(sql = false)]
fn _vector_from_halves(embedding: &[u8]) -> Result<Option<AnyElement>, ErrorReport> {
    let numbers = halves::decode(embedding).map_err(Error::from)?;
    Ok(varlena::result(&layout::vector(&numbers)))
}

/// The indexes for nearest neighbours over all rows of a table, and whether any of it is `vchordrq`.
#[pg_extern(sql = false)]
fn _vector_whole_indexes(
    table_name: &str,
) -> TableIterator<'static, (pg_sys::Oid, String, String, Option<String>, bool)> {
    let all = catalog::indexes(table_name);
    let beside = all.iter().any(|index| index.method == "vchordrq");
    let near = all
        .into_iter()
        .filter(|index| index.is_whole && ["hnsw", "vchordrq", "vchordg"].contains(&index.method.as_str()));
    let rows: Vec<_> = near.map(|x| (x.oid, x.name, x.method, x.column, beside)).collect();
    TableIterator::new(rows)
}

/// Number of rows at which both ways of a search take equally long.
#[pg_extern(sql = false)]
fn _vector_break_even(exact_us: f64, ann_us: f64, ef_search: i32, max_rows: i32, space_rows: f64) -> i32 {
    i32::try_from(costs::break_even(exact_us, ann_us, ef_search, max_rows, space_rows)).unwrap_or(i32::MAX)
}

#[pg_extern(sql = false)]
fn _vector_space_rows_of(analyzed_rows: f64, analyzed_pages: f64, pages: f64, dims: i32) -> f64 {
    costs::space_rows(analyzed_rows, analyzed_pages, pages, dims)
}

/// Milliseconds of a search of a tenant of so many rows: without an index of its own, and with one.
#[pg_extern(sql = false)]
fn _vector_tenant_costs(
    rows: Option<i64>,
    space_rows: Option<f64>,
    dims: Option<i32>,
    exact_us: Option<f64>,
    ann_us: Option<f64>,
) -> Option<Vec<f64>> {
    let (rows, space_rows, dims) = (rows?, space_rows?, dims?);
    let assumed = Costs::assumed(dims, space_rows);
    let costs = Costs {
        exact_us: exact_us.unwrap_or(assumed.exact_us),
        ann_us: ann_us.unwrap_or(assumed.ann_us),
        ..assumed
    };
    let (shared, own) = route::tenant_costs(&costs, rows, space_rows);
    Some(vec![shared, own])
}

/// The most dimensions that a method takes.
#[pg_extern(sql = false)]
fn _vector_max_dims(method: &str) -> i32 {
    match method {
        "hnsw" => halves::INLINE_DIMS,
        "hnsw_halfvec" => halves::INLINE_HALF_DIMS,
        _ => halves::MAX_DIMS as i32,
    }
}

#[pg_extern(sql = false)]
fn _vector_halves(dims: i32, metric: &str) -> bool {
    metric == "cosine" && halves::DIMS_WITH_HALVES.contains(&dims)
}

/// Refuses what an index of half precision cannot hold.
#[pg_extern(sql = false)]
fn _vector_check_half(embedding: AnyElement) -> Result<(), ErrorReport> {
    // SAFETY: the signature says vector.
    let numbers = layout::numbers(unsafe { Detoasted::new(embedding.datum()) }.bytes()).unwrap_or_default();
    match halves::beyond(&numbers) {
        Some((position, value)) => Err(Error::from(Invalid::Half { position, value }).into()),
        None => Ok(()),
    }
}

#[pg_extern(sql = false)]
fn _vector_lengths(metric: &str) -> Option<Vec<f64>> {
    let stored = length::stored(Metric::parse(metric)?);
    Some(vec![*stored.start(), *stored.end()])
}

#[pg_extern(sql = false)]
fn _vector_check_length(embedding: AnyElement, metric: &str) -> Result<(), ErrorReport> {
    // SAFETY: the signature says vector.
    let numbers = layout::numbers(unsafe { Detoasted::new(embedding.datum()) }.bytes()).unwrap_or_default();
    match Metric::parse(metric) {
        Some(metric) => Ok(length::check(length::of(&numbers), metric).map_err(Error::from)?),
        None => Ok(()),
    }
}

/// Triggers ask this for each row that is written.
#[pg_extern(sql = false)]
fn _vector_has_space(purpose: &str) -> bool {
    target::has_space(purpose)
}

/// Tells every session, when this transaction commits, that spaces changed.
#[pg_extern(sql = false)]
fn _vector_spaces_changed(spaces: pg_sys::Oid) {
    // SAFETY: queues a message; the number need not be that of a table.
    unsafe { pg_sys::CacheInvalidateRelcacheByRelid(spaces) };
}

#[pg_guard]
unsafe extern "C-unwind" fn forget(_argument: pg_sys::Datum, relation: pg_sys::Oid) {
    target::forget(relation);
}

/// Listens for what [`_vector_spaces_changed`] tells.
pub fn init() {
    // SAFETY: once for each process, with a function that lives as long.
    unsafe { pg_sys::CacheRegisterRelcacheCallback(Some(forget), 0.into()) };
}
