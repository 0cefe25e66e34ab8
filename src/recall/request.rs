//! The arguments of a recall, checked.
#![allow(unsafe_code)] // reads them from the call

use std::rc::Rc;

use pgrx::fcinfo::{pg_getarg, pg_getarg_datum};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::invalid::{Invalid, MOST_ROWS, MOST_TOKENS, MOST_WEIGHT};
use super::kind::{KINDS, Kind};
use crate::error::Error;
use crate::filters::Given;
use crate::json::canonical::Token;
use crate::search::{self, CONTEXT, Fusion, Source};
use crate::server::jsonb::Document;
use crate::tenancy::tenant;

/// The best as they are; rows unlike each other are for whoever asks.
const LAMBDA: f64 = 1.0;

/// A search of each kind is for a row of so many tokens: the kinds share the prompt, and a search finds more than it is
/// asked for.
const ROW_TOKENS: usize = 40;

pub struct Request {
    pub tenant: String,
    pub text: Option<String>,
    pub kinds: Vec<Kind>,
    pub max_tokens: u64,
    pub max_rows: usize,
    pub min_score: f64,
    pub lambda: f64,
    pub weights: [f64; 5],
    pub valid_at: Option<pg_sys::Datum>,
    pub known_at: Option<pg_sys::Datum>,
    vector: Option<pg_sys::Datum>,
    session_keys: Vec<Option<String>>,
    scope: Option<String>,
    documents: Vec<(String, String)>,
    spaces: [Option<String>; 3],
    filter: Option<Rc<Given>>,
    pub arms: [f64; 2],
    language: Option<String>,
    context: f64,
}

/// The kinds of names; all where none is given.
pub fn kinds(names: Option<Vec<Option<String>>>) -> Result<Vec<Kind>, Error> {
    let Some(names) = names else { return Ok(KINDS.to_vec()) };
    let mut kinds = Vec::new();
    for name in crate::interrupts::polled(names) {
        let name = name.unwrap_or_default();
        kinds.extend(Kind::named(&name).ok_or(Invalid::Kind(name))?);
    }
    kinds.sort_unstable();
    kinds.dedup();
    Ok(kinds)
}

/// The weights of the kinds, in the order of [`KINDS`].
fn kind_weights(document: &Document<'_>) -> Result<[f64; 5], Error> {
    let refused = || Invalid::KindWeights(document.text());
    let mut weights = [1.0; 5];
    let mut named: Option<&'static [Kind]> = None;
    let mut depth = 0;
    document.walk(|token| {
        match token {
            Token::BeginObject if depth == 0 => depth = 1,
            Token::EndObject => {}
            Token::Key(name) => {
                named = Some(Kind::named(name).ok_or_else(|| Invalid::Kind(name.to_owned()))?)
            }
            Token::Number(number) if depth == 1 => {
                let weight: f64 = number.parse().unwrap_or(f64::NAN);
                if !(0.0..=MOST_WEIGHT).contains(&weight) {
                    return Err(refused());
                }
                // bounded: at most two kinds of a name.
                for kind in named.unwrap_or_default() {
                    weights[*kind as usize] = weight;
                }
            }
            _ => return Err(refused()),
        }
        Ok(())
    })?;
    Ok(weights)
}

impl Request {
    /// The arguments of `_recall`, in the order of its signature.
    ///
    /// # Safety
    /// `fcinfo` is that of a call of it.
    pub unsafe fn read(fcinfo: pg_sys::FunctionCallInfo) -> Result<Self, ErrorReport> {
        let tenant = tenant()?;
        let refuse = |reason: Invalid| ErrorReport::from(Error::from(reason));
        // SAFETY: positions and types are those of the signature.
        unsafe {
            let unit = |n: usize, refusal: fn(f64) -> Invalid| match pg_getarg::<f64>(fcinfo, n) {
                Some(value) if !(0.0..=1.0).contains(&value) => Err(refuse(refusal(value))),
                value => Ok(value),
            };
            let whole = |n: usize, usual: i32, most: i32, refusal: fn(i32) -> Invalid| match pg_getarg::<i32>(
                fcinfo, n,
            )
            .unwrap_or(usual)
            {
                value if (0..=most).contains(&value) => Ok(value as usize),
                value => Err(refuse(refusal(value))),
            };
            let texts = |n: usize| pg_getarg::<Vec<Option<String>>>(fcinfo, n);
            let kinds = kinds(texts(2))?;
            let max_tokens = whole(11, 1000, MOST_TOKENS, Invalid::MaxTokens)?;
            let max_rows = whole(12, 100, MOST_ROWS, Invalid::MaxRows)?;
            let min_score = match pg_getarg::<f64>(fcinfo, 16) {
                Some(score) if score.is_nan() => return Err(refuse(Invalid::MinScore)),
                score => score.unwrap_or(f64::NEG_INFINITY),
            };
            let arms = match pg_getarg_datum(fcinfo, 15) {
                Some(array) => {
                    search::weights(array).map_err(|reason| ErrorReport::from(Error::from(reason)))?
                }
                None => [1.0; 2],
            };
            let weights = match pg_getarg_datum(fcinfo, 17) {
                Some(document) => kind_weights(&Document::new(document))?,
                None => [1.0; 5],
            };
            let filter = pg_getarg_datum(fcinfo, 10);
            let filter = filter.map(|filter| Given::new(filter)).transpose()?.map(Rc::new);
            let (names, tables) = (texts(5).unwrap_or_default(), texts(6).unwrap_or_default());
            Ok(Self {
                tenant,
                vector: pg_getarg_datum(fcinfo, 0),
                text: pg_getarg(fcinfo, 1),
                kinds,
                session_keys: texts(3).unwrap_or_else(|| vec![None]),
                scope: pg_getarg(fcinfo, 4),
                documents: names.into_iter().flatten().zip(tables.into_iter().flatten()).collect(),
                spaces: [pg_getarg(fcinfo, 7), pg_getarg(fcinfo, 8), pg_getarg(fcinfo, 9)],
                filter,
                max_tokens: max_tokens as u64,
                max_rows,
                valid_at: pg_getarg_datum(fcinfo, 13),
                known_at: pg_getarg_datum(fcinfo, 14),
                arms,
                min_score,
                weights,
                lambda: unit(18, Invalid::MmrLambda)?.unwrap_or(LAMBDA),
                language: pg_getarg(fcinfo, 19),
                context: unit(20, Invalid::Context)?.unwrap_or(CONTEXT),
            })
        }
    }

    /// So many rows are asked for of each kind.
    fn k(&self) -> usize {
        (self.max_tokens as usize / ROW_TOKENS).min(self.max_rows).clamp(10, 250)
    }

    /// So many of the best may be taken.
    pub fn candidates(&self) -> usize {
        8 * self.k()
    }

    /// The searches, each with its kind; `excluded`: sessions that have ended.
    pub fn searches(&self, excluded: Option<pg_sys::Datum>) -> Vec<(Kind, search::Request)> {
        let of = |source: Source, table: &str, space: Option<&String>| search::Request {
            tenant: self.tenant.clone(),
            // Where a kind has no space for vectors of these dimensions, it is found by words.
            vector: self.vector.filter(|_| space.is_some()),
            text: self.text.clone(),
            space: space.cloned(),
            source,
            table: table.to_owned(),
            k: self.k(),
            scope: None,
            filter: self.filter.clone(),
            since: None,
            until: None,
            excluded: None,
            role: None,
            with_expired: false,
            max_distance: None,
            language: self.language.clone(),
            fusion: Fusion::Convex,
            weights: self.arms,
            rank_constant: 60.0,
            context: self.context,
            half_life: None,
            age_at: None,
            floor: 0.0,
            diversity: None,
            min_score: f64::NEG_INFINITY,
            valid_at: None,
            known_at: self.known_at,
        };
        let [episodes, entities, relationships] = [0, 1, 2].map(|n| self.spaces[n].as_ref());
        let mut searches = Vec::new();
        let mut kinds = self.kinds.clone();
        // An edge is found by the names of its ends, an entity by what it is linked to.
        if kinds.iter().any(|kind| matches!(kind, Kind::Entity | Kind::Relationship)) {
            kinds.extend([Kind::Entity, Kind::Relationship]);
            kinds.sort_unstable();
            kinds.dedup();
        }
        // bounded: five.
        for kind in &kinds {
            match kind {
                // bounded: two.
                Kind::Episode => searches.extend(self.session_keys.iter().map(|key| {
                    let all = of(Source::Episodes, "episodes", episodes);
                    (*kind, search::Request { scope: key.clone(), excluded, ..all })
                })),
                // bounded: the spaces.
                Kind::Document => searches.extend(self.documents.iter().map(|(space, table)| {
                    let all = of(Source::Space, table, Some(space));
                    (*kind, search::Request { scope: self.scope.clone(), ..all })
                })),
                Kind::Entity => {
                    let all = of(Source::Entities, "entities", entities);
                    searches.push((*kind, search::Request { valid_at: self.valid_at, ..all }));
                }
                Kind::Relationship => {
                    let all = of(Source::Relationships, "relationships", relationships);
                    searches.push((*kind, search::Request { valid_at: self.valid_at, ..all }));
                }
                // Patterns have words alone, and no metadata that a filter could ask for.
                Kind::Pattern if self.filter.is_none() => {
                    let all = of(Source::Patterns, "procedural_patterns", None);
                    searches.push((*kind, search::Request { scope: self.scope.clone(), ..all }));
                }
                Kind::Pattern => {}
            }
        }
        searches
    }
}
