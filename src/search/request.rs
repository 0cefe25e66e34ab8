//! The arguments of a search, checked.
#![allow(unsafe_code)] // reads them from the call

use std::ffi::CStr;
use std::rc::Rc;

use pgrx::fcinfo::{pg_getarg, pg_getarg_datum};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::invalid::Invalid;
use super::statement::{Conditions, Source};
use crate::error::Error;
use crate::filters::Given;
use crate::server::varlena::Detoasted;
use crate::tenancy::tenant;
use crate::vectors::query::max_rows;

/// How two arms become one score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fusion {
    /// A weighted sum of both scores, each scaled within the query.
    Convex,
    /// A weighted sum of reciprocal ranks.
    Ranks,
}

/// The share of what stands around a row, measured on conversations.
pub const CONTEXT: f64 = 0.5;

#[derive(Clone)]
pub struct Request {
    pub tenant: String,
    pub vector: Option<pg_sys::Datum>,
    pub text: Option<String>,
    pub space: Option<String>,
    pub source: Source,
    /// In schema llmspell.
    pub table: String,
    pub k: usize,
    pub scope: Option<String>,
    pub filter: Option<Rc<Given>>,
    pub since: Option<pg_sys::Datum>,
    pub until: Option<pg_sys::Datum>,
    pub excluded: Option<pg_sys::Datum>,
    pub role: Option<String>,
    pub with_expired: bool,
    pub max_distance: Option<f64>,
    pub language: Option<String>,
    pub fusion: Fusion,
    pub weights: [f64; 2],
    pub rank_constant: f64,
    pub context: f64,
    pub half_life: Option<f64>,
    pub age_at: Option<pg_sys::Datum>,
    pub floor: f64,
    pub diversity: Option<f64>,
    pub min_score: f64,
    /// Of the graph: when it holds in the world.
    pub valid_at: Option<pg_sys::Datum>,
    /// As it was known then.
    pub known_at: Option<pg_sys::Datum>,
}

impl Request {
    /// The arguments of `_search`, in the order of its signature.
    ///
    /// # Safety
    /// `fcinfo` is that of a call of it.
    pub unsafe fn read(fcinfo: pg_sys::FunctionCallInfo) -> Result<Self, ErrorReport> {
        let tenant = tenant()?;
        let refuse = |reason: Invalid| ErrorReport::from(Error::from(reason));
        // SAFETY: positions and types are those of the signature.
        unsafe {
            let k = max_rows(pg_getarg(fcinfo, 4))?;
            let weights = match pg_getarg_datum(fcinfo, 15) {
                Some(array) => weights(array).map_err(refuse)?,
                None => [1.0; 2],
            };
            let rank_constant = match pg_getarg::<i32>(fcinfo, 16).unwrap_or(60) {
                k @ 1..=1_000_000 => f64::from(k),
                k => return Err(refuse(Invalid::RrfK(k))),
            };
            let unit = |n: usize, refusal: fn(f64) -> Invalid| match pg_getarg::<f64>(fcinfo, n) {
                Some(value) if !(0.0..=1.0).contains(&value) => Err(refuse(refusal(value))),
                value => Ok(value),
            };
            let diversity = unit(21, Invalid::MmrLambda)?;
            let floor = unit(20, Invalid::HalfLifeFloor)?.unwrap_or(0.0);
            let number = |n: usize, refusal: Invalid| match pg_getarg::<f64>(fcinfo, n) {
                Some(value) if value.is_nan() => Err(refuse(refusal)),
                value => Ok(value),
            };
            let max_distance = number(12, Invalid::MaxDistance)?;
            let min_score = number(22, Invalid::MinScore)?.unwrap_or(f64::NEG_INFINITY);
            let fusion = match pg_getarg::<String>(fcinfo, 14) {
                None => Fusion::Convex,
                Some(name) if name == "convex" => Fusion::Convex,
                Some(name) if name == "rrf" => Fusion::Ranks,
                Some(name) => return Err(refuse(Invalid::Fusion(name))),
            };
            let context = unit(17, Invalid::Context)?.unwrap_or(CONTEXT);
            let filter = pg_getarg_datum(fcinfo, 6);
            let table: Option<String> = pg_getarg(fcinfo, 3);
            let filter = filter.map(|filter| Given::new(filter)).transpose()?.map(Rc::new);
            Ok(Self {
                tenant,
                vector: pg_getarg_datum(fcinfo, 0),
                text: pg_getarg(fcinfo, 1),
                space: pg_getarg(fcinfo, 2),
                source: source(table.as_deref()),
                table: table.unwrap_or_else(|| "episodes".to_owned()),
                k: usize::try_from(k).unwrap_or_default(),
                scope: pg_getarg(fcinfo, 5),
                filter,
                since: pg_getarg_datum(fcinfo, 7),
                until: pg_getarg_datum(fcinfo, 8),
                excluded: pg_getarg_datum(fcinfo, 9),
                role: pg_getarg(fcinfo, 10),
                with_expired: pg_getarg(fcinfo, 11).unwrap_or(false),
                max_distance,
                language: pg_getarg(fcinfo, 13),
                fusion,
                weights,
                rank_constant,
                context,
                half_life: pg_getarg(fcinfo, 18),
                age_at: pg_getarg_datum(fcinfo, 19),
                floor,
                diversity,
                min_score,
                valid_at: pg_getarg_datum(fcinfo, 23),
                known_at: pg_getarg_datum(fcinfo, 24),
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
            excluded: self.excluded.is_some(),
            role: self.role.is_some(),
            with_expired: self.with_expired,
            known: self.known_at.is_some(),
        }
    }

    /// More rows than wanted, as one that is second in both arms may beat the first of either. Pages of items are cut from
    /// one order, whatever their size.
    pub fn pool(&self) -> usize {
        if self.source == Source::Items { 1000 } else { (4 * self.k).clamp(60, 1000) }
    }

    /// How many of the best lend their score to the rows beside them.
    pub fn lenders(&self) -> usize {
        (2 * self.k).clamp(30, 200)
    }

    /// Names the table and the tenant.
    pub fn languages_key(&self) -> Vec<u8> {
        let mut key = Vec::new();
        // bounded: a few parts.
        for part in [&self.table, &self.tenant] {
            key.extend(part.len().to_ne_bytes());
            key.extend(part.as_bytes());
        }
        key
    }

    /// Names the rows that a search may find. Times are cut to the minute: a search of the last hour asks for another
    /// period each time, and finds about as many rows.
    pub fn rows_key(&self) -> Vec<u8> {
        const MINUTE: i64 = 60_000_000;
        let mut key = self.languages_key();
        let mut add = |part: Option<&[u8]>| {
            key.extend(part.map_or(usize::MAX, <[u8]>::len).to_ne_bytes());
            key.extend(part.unwrap_or_default());
        };
        // SAFETY: an array, as the signature says.
        let excluded = self.excluded.map(|excluded| unsafe { Detoasted::new(excluded) });
        add(self.scope.as_deref().map(str::as_bytes));
        add(self.filter.as_ref().map(|filter| filter.bytes()));
        add(excluded.as_ref().map(Detoasted::bytes));
        add(self.role.as_deref().map(str::as_bytes));
        add(self.language.as_deref().map(str::as_bytes));
        // bounded: a few parts.
        for time in [self.since, self.until, self.valid_at, self.known_at] {
            let minute = time.map(|time| (time.value() as i64).div_euclid(MINUTE).to_ne_bytes());
            add(minute.as_ref().map(<[u8; 8]>::as_slice));
        }
        add(Some(&[u8::from(self.with_expired)]));
        key
    }
}

fn source(table: Option<&str>) -> Source {
    match table {
        None => Source::Episodes,
        Some("items") => Source::Items,
        Some("entities") => Source::Entities,
        Some("relationships") => Source::Relationships,
        Some(_) => Source::Space,
    }
}

/// Two weights that are not both 0.
///
/// # Safety
/// The datum is a `double precision[]`.
pub unsafe fn weights(array: pg_sys::Datum) -> Result<[f64; 2], Invalid> {
    // SAFETY: as the caller says.
    let whole = unsafe { Detoasted::aligned(array) };
    pair(whole.bytes())
        .filter(|weights| weights.iter().all(|w| (0.0..=1e6).contains(w)) && weights[0] + weights[1] > 0.0)
        .ok_or_else(|| {
            // SAFETY: the output function of arrays, as the catalog has it, gives a palloc'd C string.
            let text = unsafe {
                let (mut output, mut varies) = (pg_sys::InvalidOid, false);
                pg_sys::getTypeOutputInfo(pg_sys::FLOAT8ARRAYOID, &raw mut output, &raw mut varies);
                CStr::from_ptr(pg_sys::OidOutputFunctionCall(output, array)).to_string_lossy().into_owned()
            };
            Invalid::Weights(text)
        })
}

/// The numbers of an array of two without nulls, of one dimension that begins with 1: after the length word the number of
/// dimensions, the place of the data where there are nulls, the element type, the size, the lower bound, 4 bytes each.
fn pair(array: &[u8]) -> Option<[f64; 2]> {
    let head: Vec<i32> =
        array.get(..20)?.as_chunks::<4>().0.iter().map(|bytes| i32::from_ne_bytes(*bytes)).collect();
    if (head[0], head[1], head[3], head[4]) != (1, 0, 2, 1) {
        return None;
    }
    let numbers = array[20..].as_chunks::<8>().0;
    Some([f64::from_ne_bytes(*numbers.first()?), f64::from_ne_bytes(*numbers.get(1)?)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_of_numbers() {
        let array = |head: [i32; 5], numbers: &[f64]| -> Vec<u8> {
            head.iter()
                .flat_map(|n| n.to_ne_bytes())
                .chain(numbers.iter().flat_map(|n| n.to_ne_bytes()))
                .collect()
        };
        assert_eq!(pair(&array([1, 0, 701, 2, 1], &[0.5, 2.0])), Some([0.5, 2.0]));
        assert_eq!(pair(&array([1, 0, 701, 2, 0], &[0.5, 2.0])), None);
        assert_eq!(pair(&array([1, 32, 701, 2, 1], &[0.5, 2.0])), None);
        assert_eq!(pair(&array([0, 0, 701, 0, 0], &[])), None);
        assert_eq!(pair(&array([1, 0, 701, 2, 1], &[0.5])), None);
        assert_eq!(pair(&[]), None);
    }
}
