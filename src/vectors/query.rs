//! The arguments of a search, checked.
#![allow(unsafe_code)] // reads them from the call

use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::rc::Rc;

use pgrx::fcinfo::{pg_getarg, pg_getarg_datum};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::invalid::Invalid;
use super::route::{DEFAULT_K, MAX_EF_SEARCH, MAX_K, MAX_QUERIES, Mode};
use super::statement::Conditions;
use super::{layout, length};
use crate::arguments::given;
use crate::error::Error;
use crate::filters::Given;
use crate::server::varlena::Detoasted;
use crate::tenancy::tenant;

thread_local! {
    /// A tenant chooses what is hashed, and must not meet the counts of another.
    static KEYS: RandomState = RandomState::new();
}

pub struct Query {
    pub tenant: String,
    pub vector: pg_sys::Datum,
    pub numbers: Vec<f32>,
    pub length: f64,
    pub k: i32,
    pub scope: Option<String>,
    pub filter: Option<Rc<Given>>,
    pub max_distance: Option<f64>,
    pub mode: Mode,
    pub since: Option<pg_sys::Datum>,
    pub until: Option<pg_sys::Datum>,
    pub with_expired: bool,
    pub ef_search: Option<i32>,
    pub recall: Option<f64>,
    pub space: Option<String>,
    pub excluded: Option<pg_sys::Datum>,
    pub role: Option<String>,
}

impl Query {
    /// The arguments of `vector_search` and `vector_explain`, in the order of their signature.
    ///
    /// # Safety
    /// `fcinfo` is that of a call of one of them.
    pub unsafe fn read(fcinfo: pg_sys::FunctionCallInfo) -> Result<Self, ErrorReport> {
        let tenant = tenant()?;
        // SAFETY: positions and types are those of the signature.
        unsafe {
            let mut query = Self::read_beside(fcinfo, tenant)?;
            query.ask(given(pg_getarg_datum(fcinfo, 0), "query_embedding")?);
            Ok(query)
        }
    }

    /// The arguments of `vector_search_many`, and its vectors.
    ///
    /// # Safety
    /// `fcinfo` is that of a call of it.
    pub unsafe fn read_many(
        fcinfo: pg_sys::FunctionCallInfo,
    ) -> Result<(Self, Vec<pg_sys::Datum>), ErrorReport> {
        let tenant = tenant()?;
        // SAFETY: positions and types are those of the signature.
        unsafe {
            let query = Self::read_beside(fcinfo, tenant)?;
            let array = given(pg_getarg_datum(fcinfo, 0), "query_embeddings")?;
            Ok((query, vectors(array).map_err(Error::from)?))
        }
    }

    /// Asks with another vector.
    pub fn ask(&mut self, vector: pg_sys::Datum) {
        // SAFETY: a vector, as the signature says.
        let numbers = layout::numbers(unsafe { Detoasted::new(vector) }.bytes()).unwrap_or_default();
        (self.vector, self.length, self.numbers) = (vector, length::of(&numbers), numbers);
    }

    /// All arguments but the first.
    ///
    /// # Safety
    /// As above.
    unsafe fn read_beside(fcinfo: pg_sys::FunctionCallInfo, tenant: String) -> Result<Self, ErrorReport> {
        // SAFETY: positions and types are those of the signature.
        unsafe {
            let k = max_rows(pg_getarg(fcinfo, 1))?;
            let filter = pg_getarg_datum(fcinfo, 3);
            let max_distance: Option<f64> = pg_getarg(fcinfo, 4);
            let mode: Option<String> = pg_getarg(fcinfo, 5);
            let ef_search: Option<i32> = pg_getarg(fcinfo, 9);
            let recall: Option<f64> = pg_getarg(fcinfo, 10);
            let refuse = |reason: Invalid| ErrorReport::from(Error::from(reason));
            if max_distance.is_some_and(f64::is_nan) {
                return Err(refuse(Invalid::MaxDistance));
            }
            if let Some(ef) = ef_search.filter(|ef| !(1..=MAX_EF_SEARCH).contains(ef)) {
                return Err(refuse(Invalid::EfSearch(ef)));
            }
            if let Some(recall) = recall.filter(|recall| !(*recall > 0.0 && *recall <= 1.0)) {
                return Err(refuse(Invalid::Recall(recall)));
            }
            let mode = match mode {
                None => Mode::Auto,
                Some(mode) => Mode::parse(&mode).ok_or_else(|| refuse(Invalid::Mode(mode)))?,
            };
            let filter = filter.map(|filter| Given::new(filter)).transpose()?.map(Rc::new);
            Ok(Self {
                tenant,
                length: 0.0,
                numbers: Vec::new(),
                vector: pg_sys::Datum::null(),
                k,
                scope: pg_getarg(fcinfo, 2),
                filter,
                max_distance,
                mode,
                since: pg_getarg_datum(fcinfo, 6),
                until: pg_getarg_datum(fcinfo, 7),
                with_expired: pg_getarg(fcinfo, 8).unwrap_or(false),
                ef_search,
                recall,
                space: pg_getarg(fcinfo, 11),
                excluded: None,
                role: None,
            })
        }
    }

    pub fn conditions(&self) -> Conditions {
        Conditions {
            scope: self.scope.is_some(),
            contained: self.filter.as_ref().is_some_and(|filter| filter.is_contained()),
            tested: self.filter.as_ref().is_some_and(|filter| filter.has_operators()),
            since: self.since.is_some(),
            until: self.until.is_some(),
            max_distance: self.max_distance.is_some(),
            with_expired: self.with_expired,
            excluded: self.excluded.is_some(),
            role: self.role.is_some(),
        }
    }

    /// Names the rows that a search of a table may find. Times are cut to the minute: a search of the last hour
    /// asks for another period each time, and finds about as many rows.
    pub fn count_key(&self, table: &str) -> u64 {
        const MINUTE: usize = 60_000_000;
        let mut hasher = KEYS.with(RandomState::build_hasher);
        let filter = self.filter.as_ref().map(|filter| filter.bytes());
        // SAFETY: an array, as the signature says.
        let excluded = self.excluded.map(|excluded| unsafe { Detoasted::new(excluded) });
        let excluded = excluded.as_ref().map(Detoasted::bytes);
        (table, &self.tenant, &self.scope, filter, excluded, &self.role).hash(&mut hasher);
        [self.since, self.until].map(|ts| ts.map(|ts| ts.value() / MINUTE)).hash(&mut hasher);
        hasher.finish()
    }
}

/// The vectors of an array.
///
/// # Safety
/// The datum is a `vector[]`.
unsafe fn vectors(array: pg_sys::Datum) -> Result<Vec<pg_sys::Datum>, Invalid> {
    // SAFETY: as the caller says; the elements lie in the array, which is kept for the call.
    let (values, nulls) = unsafe {
        let array = pg_sys::pg_detoast_datum(array.cast_mut_ptr()).cast::<pg_sys::ArrayType>();
        if (*array).ndim > 1 {
            return Err(Invalid::Nested((*array).ndim));
        }
        let (mut length, mut by_value, mut align) = (0, false, 0);
        pg_sys::get_typlenbyvalalign((*array).elemtype, &raw mut length, &raw mut by_value, &raw mut align);
        let (mut values, mut nulls, mut count) = (std::ptr::null_mut(), std::ptr::null_mut(), 0);
        pg_sys::deconstruct_array(
            array,
            (*array).elemtype,
            length.into(),
            by_value,
            align,
            &raw mut values,
            &raw mut nulls,
            &raw mut count,
        );
        if count == 0 {
            return Ok(Vec::new());
        }
        let count = count as usize;
        (std::slice::from_raw_parts(values, count), std::slice::from_raw_parts(nulls, count))
    };
    if values.len() > MAX_QUERIES {
        return Err(Invalid::Queries(values.len()));
    }
    match nulls.iter().position(|null| *null) {
        Some(n) => Err(Invalid::NoQuery(n + 1)),
        None => Ok(values.to_vec()),
    }
}

/// How many neighbours a search is to find.
pub fn max_rows(given: Option<i32>) -> Result<i32, Error> {
    match given.unwrap_or(DEFAULT_K) {
        k if (1..=MAX_K).contains(&k) => Ok(k),
        k => Err(Invalid::MaxRows(k).into()),
    }
}
