//! A search of many queries in one call: one look-up, one count and one decision, and where every row is compared one
//! pass over the rows for all queries.
#![allow(unsafe_code)] // values go to the server as they came from it, and distances are pgvector's own

use std::collections::BinaryHeap;
use std::ffi::CStr;

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::nearest::Nearest;
use super::query::Query;
use super::route::{Mode, Route};
use super::search::{self, Decision, Found, PLAIN};
use super::statement::Metric;
use super::target::{self, Target};
use crate::interrupts::polled;
use crate::server::nest::Settings;
use crate::server::spi::{Connection, Sees, Value};
use crate::server::varlena::Detoasted;

/// pgvector's function of an operator, so that distances are the same to the last digit.
const FUNCTION_SQL: &CStr = c"SELECT pg_catalog.to_regprocedure($1)::oid";

/// Where rows are read at half the precision first, so many queries are sooner answered by one pass over the whole ones.
const WHOLE_PASS: usize = 4;

/// The columns of a row beside id and distance.
type Rest = [Option<pg_sys::Datum>; 5];

fn function(connection: &Connection, target: &Target) -> pg_sys::FmgrInfo {
    let schema = &target.space.vector_schema;
    let name = match target.space.metric {
        Metric::Cosine => "cosine_distance",
        Metric::L2 => "l2_distance",
        Metric::Ip => "vector_negative_inner_product",
    };
    let signature = format!("{schema}.{name}({schema}.vector, {schema}.vector)");
    let found =
        connection.row(FUNCTION_SQL, &[signature.as_str().into()], Sees::Query, |row| row.get(0)).flatten();
    let Some(oid) = found else { error!("function {signature} is missing") };
    // SAFETY: fills the description of a function that exists; errors are raised from within.
    unsafe {
        let mut info: pg_sys::FmgrInfo = std::mem::zeroed();
        pg_sys::fmgr_info(oid, &raw mut info);
        info
    }
}

/// The nearest of every query, by one pass over the rows.
fn pass(
    connection: &Connection,
    query: &Query,
    target: &Target,
    vectors: &[pg_sys::Datum],
) -> Vec<Vec<Nearest>> {
    let mut function = function(connection, target);
    let most = query.max_distance;
    let mut heaps: Vec<BinaryHeap<Nearest>> = vectors.iter().map(|_| BinaryHeap::new()).collect();
    connection.each_planned(
        target.space.vectors(query.conditions()).as_str(),
        &search::parameters(query, target, 0),
        || Settings::off(&PLAIN),
        |row| {
            let (Some(id), Some(embedding)) = (row.id(0), row.value(1)) else { return };
            // SAFETY: a vector, which lives as long as the row; once for all queries.
            let embedding = unsafe { Detoasted::aligned(embedding.datum()) };
            // bounded: the queries, at most 1,000.
            for (heap, vector) in heaps.iter_mut().zip(vectors) {
                // SAFETY: pgvector's function of two vectors; errors are raised from within.
                let distance = unsafe {
                    let datum = pg_sys::FunctionCall2Coll(
                        &raw mut function,
                        pg_sys::InvalidOid,
                        embedding.whole().into(),
                        *vector,
                    );
                    f64::from_datum(datum, false).unwrap_or(f64::NAN)
                };
                if most.is_none_or(|most| distance <= most) {
                    Nearest { distance, id }.keep(heap, query.k as usize);
                }
            }
        },
    );
    heaps.into_iter().map(BinaryHeap::into_sorted_vec).collect()
}

/// Hands on the rows of all queries, by key, in order.
fn rows(
    connection: &Connection,
    query: &Query,
    target: &Target,
    found: &[Vec<Nearest>],
    mut put: impl FnMut(usize, &Nearest, Rest, bool, bool),
) {
    let all: Vec<(usize, &Nearest)> =
        found.iter().enumerate().flat_map(|(n, hits)| hits.iter().map(move |hit| (n, hit))).collect();
    let ids: Vec<[u8; 16]> = all.iter().map(|(_, hit)| hit.id).collect();
    connection.each_planned(
        target.space.by_ids().as_str(),
        &search::parameters_with(query, target, 0, &ids),
        || Settings::off(&PLAIN),
        |row| {
            let place = row.get::<i64>(0).and_then(|n| usize::try_from(n - 1).ok());
            let Some((n, hit)) = place.and_then(|n| all.get(n)) else { return };
            put(*n, hit, [1, 2, 3, 4, 5].map(|column| row.value(column).map(Value::datum)), true, true);
        },
    );
}

/// Runs the queries; `put` takes the number of the query, from 1, and the columns of `vector_search`.
pub fn run(
    connection: &Connection,
    query: &mut Query,
    vectors: &[pg_sys::Datum],
    vector: pg_sys::Oid,
    mut put: impl FnMut(&[Option<pg_sys::Datum>]),
) -> Result<(), ErrorReport> {
    let Some(first) = vectors.first() else { return Ok(()) };
    query.ask(*first);
    let decision: Decision = search::decide(connection, query, vector)?;
    let target = decision.target.clone();
    let mut values = Vec::with_capacity(vectors.len());
    for given in polled(vectors) {
        query.ask(*given);
        target::check(&target, query.numbers.len(), query.length)?;
        values.push(search::query_vector(query, &target));
    }
    let mut emit = |n: usize, id: pg_sys::Datum, distance: f64, rest: Rest, exact: bool, complete: bool| {
        let [scope, metadata, content, created_at, text_id] = rest;
        put(&[
            (n as i32 + 1).into_datum(),
            Some(id),
            distance.into_datum(),
            target.space.metric.score(distance).into_datum(),
            scope,
            metadata,
            content,
            created_at,
            exact.into_datum(),
            complete.into_datum(),
            text_id,
        ]);
    };
    let by_halves = target.space.halves && query.mode != Mode::Exact && vectors.len() < WHOLE_PASS;
    if decision.route == Route::Exact && !by_halves {
        let found = pass(connection, query, &target, &values);
        rows(connection, query, &target, &found, |n, hit, rest, exact, complete| {
            let id = pgrx::Uuid::from_bytes(hit.id).into_datum().unwrap_or(pg_sys::Datum::null());
            emit(n, id, hit.distance, rest, exact, complete);
        });
        return Ok(());
    }
    for (n, given) in polled(vectors.iter().enumerate()) {
        query.ask(*given);
        let Found { hits, exact, complete } = search::run(connection, query, &decision);
        for hit in polled(&hits) {
            emit(
                n,
                hit.id.datum(),
                hit.distance,
                hit.rest.map(|value| value.map(Value::datum)),
                exact,
                complete,
            );
        }
    }
    Ok(())
}
