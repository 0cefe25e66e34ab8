//! SQL face of vectors.
#![allow(unsafe_code)] // rows and values go to the server as they came from it

use pgrx::AnyElement;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::invalid::Invalid;
use super::query::Query;
use super::route::{self, Route, Rows};
use super::{fusion, halves, layout, search, target};
use crate::arguments::given;
use crate::error::Error;
use crate::server::spi::{Value, connect};
use crate::server::varlena;

/// Takes rows for a function that returns a table.
///
/// # Safety
/// `fcinfo` is that of a set-returning call.
unsafe fn rows_of(fcinfo: pg_sys::FunctionCallInfo) -> impl FnMut(&[Option<pg_sys::Datum>]) {
    // SAFETY: makes the tuple store of the call, which copies what is put into it.
    let result = unsafe {
        pg_sys::InitMaterializedSRF(fcinfo, 0);
        (*fcinfo).resultinfo.cast::<pg_sys::ReturnSetInfo>()
    };
    move |row| {
        let values: Vec<pg_sys::Datum> = row.iter().map(|value| value.unwrap_or(0.into())).collect();
        let nulls: Vec<bool> = row.iter().map(Option::is_none).collect();
        // SAFETY: as many values, of the types, as the function returns columns.
        unsafe {
            pg_sys::tuplestore_putvalues(
                (*result).setResult,
                (*result).setDesc,
                values.as_ptr(),
                nulls.as_ptr(),
            );
        }
    }
}

/// The type of the first argument, which is pgvector's `vector`.
///
/// # Safety
/// `fcinfo` is that of a call with an argument.
unsafe fn vector_type(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Oid {
    // SAFETY: as the caller says.
    unsafe { pg_sys::get_fn_expr_argtype((*fcinfo).flinfo, 0) }
}

#[pg_extern(sql = false)]
fn vector_search(fcinfo: pg_sys::FunctionCallInfo) -> Result<(), ErrorReport> {
    // SAFETY: the signature is the one above.
    let (query, mut put, vector) = unsafe { (Query::read(fcinfo)?, rows_of(fcinfo), vector_type(fcinfo)) };
    connect(|connection| {
        let decision = search::decide(connection, &query, vector)?;
        let found = search::run(connection, &query, &decision);
        for hit in &found.hits {
            let [scope, metadata, content, created_at] = hit.rest.map(|value| value.map(Value::datum));
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
            ]);
        }
        Ok(())
    })
}

#[pg_extern(sql = false)]
fn vector_explain(fcinfo: pg_sys::FunctionCallInfo) -> Result<(), ErrorReport> {
    // SAFETY: the signature is the one above.
    let (query, mut put, vector) = unsafe { (Query::read(fcinfo)?, rows_of(fcinfo), vector_type(fcinfo)) };
    connect(|connection| {
        let decision = search::decide(connection, &query, vector)?;
        let (exact_ms, ann_ms) = route::estimate(&decision.question(&query));
        let (name, ef_search, fetch, max_scan_tuples) = match decision.route {
            Route::Exact => ("exact", None, None, None),
            Route::Ann(ann) => ("ann", Some(ann.ef_search), Some(ann.fetch), Some(ann.max_scan_tuples)),
        };
        put(&[
            decision.target.name.as_str().into_datum(),
            name.into_datum(),
            decision.why.text().into_datum(),
            decision.rows.and_then(|rows| rows.at_least().into_datum()),
            decision.rows.and_then(|rows| matches!(rows, Rows::MoreThan(_)).into_datum()),
            decision.target.costs.exact_rows.into_datum(),
            decision.target.method.as_str().into_datum(),
            ef_search.and_then(IntoDatum::into_datum),
            fetch.and_then(IntoDatum::into_datum),
            max_scan_tuples.and_then(IntoDatum::into_datum),
            decision.rows.and_then(|_| exact_ms.into_datum()),
            decision.rows.and_then(|_| ann_ms.into_datum()),
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

/// What two lists give a row for its ranks, less what its age takes away.
#[pg_extern(sql = false)]
fn _fusion_score(
    vector_rank: Option<i64>,
    text_rank: Option<i64>,
    vector_weight: f64,
    text_weight: f64,
    constant: f64,
    age: Option<f64>,
    half_life: Option<f64>,
) -> f64 {
    fusion::ranks(vector_rank, text_rank, vector_weight, text_weight, constant)
        * fusion::decay(age.unwrap_or(0.0), half_life)
}

/// The logarithm of [`_fusion_score`].
#[pg_extern(sql = false)]
fn _fusion_order(
    vector_rank: Option<i64>,
    text_rank: Option<i64>,
    vector_weight: f64,
    text_weight: f64,
    constant: f64,
    age: Option<f64>,
    half_life: Option<f64>,
) -> f64 {
    fusion::order(
        fusion::ranks(vector_rank, text_rank, vector_weight, text_weight, constant),
        age.unwrap_or(0.0),
        half_life,
    )
}

/// Positions, from 1, of the `k` items that are relevant and unlike one another; `orders` are the logarithms of
/// their scores, `embeddings` an array of `vector` or `halfvec`.
#[pg_extern(sql = false)]
fn _fusion_diversify(
    orders: Vec<f64>,
    embeddings: pgrx::AnyArray,
    lambda: f64,
    k: i32,
) -> Result<Vec<i32>, ErrorReport> {
    if !(0.0..=1.0).contains(&lambda) {
        return Err(Error::from(Invalid::Lambda(lambda)).into());
    }
    let vectors = varlena::elements(&embeddings, layout::numbers);
    let k = usize::try_from(k).unwrap_or_default();
    let chosen = fusion::diversify(&orders, &vectors, lambda, k, || {
        pgrx::check_for_interrupts!();
    });
    Ok(chosen.into_iter().map(|n| n as i32 + 1).collect())
}

/// Rows at which both ways of a search take equally long.
#[pg_extern(sql = false)]
fn _vector_break_even(exact_us: f64, ann_us: f64, ef_search: i32, k: i32, space_rows: f64) -> i32 {
    i32::try_from(route::break_even(exact_us, ann_us, ef_search, k, space_rows)).unwrap_or(i32::MAX)
}

/// How many neighbours, where a function in SQL asks.
#[pg_extern(sql = false)]
fn _vector_check_k(k: Option<i32>) -> Result<i32, ErrorReport> {
    match given(k, "k")? {
        k if (1..=route::MAX_K).contains(&k) => Ok(k),
        k => Err(Error::from(Invalid::K(k)).into()),
    }
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
