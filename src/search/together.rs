//! Several searches for one query, whose scores are of one scale: by words, how much of the query a text has, each word
//! weighed among the texts of its kind; by vector, how near it is among all.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::rc::Rc;

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::context::surroundings;
use super::find::Found;
use super::fusion::{Scale, shared};
use super::near::Near;
use super::prepare;
use super::request::Request;
use super::run::{Row, Scales, Search};
use super::statement::Source;
use super::terms::Words;
use super::words::{Id, Scorer};
use crate::server::nest::Settings;
use crate::server::spi::{Connection, connect_to};

/// What each search found, in no order.
pub type Together = Vec<Vec<Row>>;

type Unknown = Vec<Vec<u8>>;

/// An entity may have many edges, so fewer lend than of turns, which have two beside them.
const FACTS_THAT_LEND: usize = 30;

/// Runs searches for the same texts and vector; `and` is called with what they found while the connection lasts.
pub fn together<T>(
    requests: &[Request],
    vector: pg_sys::Oid,
    mut and: impl FnMut(&Connection, Together) -> T,
) -> Result<T, ErrorReport> {
    let parts = requests.first().and_then(prepare::parts);
    let mut nears = Vec::with_capacity(requests.len());
    // bounded: some of each kind.
    for request in requests {
        nears.push(prepare::nearest(request, parts.as_ref(), vector)?);
    }
    let tables = prepare::tables(requests)?;
    let tables: Vec<&CStr> = tables.iter().map(CString::as_c_str).collect();
    connect_to(&tables, |connection| {
        if requests.is_empty() {
            return Ok(and(connection, Vec::new()));
        }
        let mut names = prepare::languages(connection, requests);
        let is_named = requests[0].language.is_some();
        // bounded: once for each language of the rows that is new.
        loop {
            let words = Rc::new(Words::of(connection, parts.as_ref(), &names, is_named));
            let searches: Vec<Search<'_, '_>> = requests
                .iter()
                .zip(&nears)
                .map(|(request, near)| {
                    let target = near.as_ref().map(|(target, _)| &**target);
                    Search::of(connection, request, vector, target, words.clone())
                })
                .collect();
            match joined(&searches, &nears) {
                Ok(found) => {
                    requests.iter().for_each(|request| prepare::keep_languages(request, &names));
                    return Ok(and(connection, found));
                }
                Err(unknown) => prepare::add_languages(&mut names, unknown),
            }
        }
    })
}

fn joined(searches: &[Search<'_, '_>], nears: &[Option<Near>]) -> Result<Together, Unknown> {
    let mut found = Vec::with_capacity(searches.len());
    // bounded: some of each kind.
    for search in searches {
        found.push(search.by_words()?);
    }
    let scorers: Vec<Option<Scorer<'_>>> =
        found.iter().map(|found| found.as_ref().map(|found| found.scorer.in_shares())).collect();
    let mut rows: Vec<Vec<Row>> = Vec::with_capacity(searches.len());
    // bounded: some of each kind.
    for (n, search) in searches.iter().enumerate() {
        let scorer = scorers[n].as_ref();
        rows.push(candidates(search, nears[n].as_ref(), found[n].as_ref(), scorer)?);
    }
    let scales = scales(searches, &rows);
    // bounded: the candidates, at most some thousand.
    rows.iter_mut().flatten().for_each(|row| score(row, &scales));
    if searches[0].request.context > 0.0 {
        // bounded: some of each kind.
        for (n, search) in searches.iter().enumerate().filter(|(_, search)| has_order(search)) {
            search.look_around(&mut rows[n], scorers[n].as_ref(), |row| score(row, &scales))?;
        }
        neighbours(searches, &mut rows, &scorers, &scales)?;
    }
    rows.iter_mut().for_each(|rows| rows.retain(|row| row.fits));
    Ok(rows)
}

/// Whether rows stand before and after each other.
fn has_order(search: &Search<'_, '_>) -> bool {
    matches!(search.table.source, Source::Episodes | Source::Space)
}

fn score(row: &mut Row, scales: &Scales) {
    row.text_score = row.text_score.filter(|score| *score > 0.0);
    row.own = scales.sum(row);
}

/// The rows of one kind that are near or have the words.
fn candidates(
    search: &Search<'_, '_>,
    near: Option<&Near>,
    found: Option<&Found<'_>>,
    scorer: Option<&Scorer<'_>>,
) -> Result<Vec<Row>, Unknown> {
    let (mut rows, mut places) = search.by_vector(near.map_or(&[], |(_, hits)| hits));
    let by_words = found.zip(scorer).map_or_else(Vec::new, |(found, scorer)| found.rescored(scorer));
    // bounded: the candidates, at most some thousand.
    for (id, score) in by_words {
        let place = *places.entry(id).or_insert_with(|| {
            rows.push(Row::new(id));
            rows.len() - 1
        });
        // Of a relationship the names of its ends count, too.
        rows[place].text_score = (search.table.source != Source::Relationships).then_some(score);
    }
    let unknown = search.read(&mut rows, scorer);
    if !unknown.is_empty() {
        return Err(unknown);
    }
    rows.retain(|row| row.fits);
    Ok(rows)
}

/// One scale for all kinds. As one search over all of them would have them, the lowest of the nearest is 0.
fn scales(searches: &[Search<'_, '_>], rows: &[Vec<Row>]) -> Scales {
    let request = searches[0].request;
    let mut near: Vec<f64> = rows.iter().flatten().filter_map(|row| row.vector_score).collect();
    near.sort_by(|a, b| b.total_cmp(a));
    near.truncate(request.pool());
    let vector = Scale::between(near.into_iter());
    let words = Scale::up_to_highest(rows.iter().flatten().filter_map(|row| row.text_score));
    Scales { vector, words, weights: shared(request.weights, [vector.is_some(), words.is_some()]) }
}

/// What the best of the graph lend to what is one step away: an entity to its edges and to their other ends, an edge to
/// both of its ends. These are found, too.
fn neighbours(
    searches: &[Search<'_, '_>],
    rows: &mut [Vec<Row>],
    scorers: &[Option<Scorer<'_>>],
    scales: &Scales,
) -> Result<(), Unknown> {
    let of = |source| searches.iter().position(|search| search.table.source == source);
    let (Some(entities), Some(edges)) = (of(Source::Entities), of(Source::Relationships)) else {
        return Ok(());
    };
    let mut pairs: Vec<((usize, Id), (usize, Id))> = Vec::new();
    // bounded: two.
    for kind in [entities, edges] {
        let search = &searches[kind];
        let mut lenders: Vec<&Row> = rows[kind].iter().filter(|row| row.own > 0.0).collect();
        lenders.sort_by(|a, b| b.own.total_cmp(&a.own).then(a.id.cmp(&b.id)));
        lenders.truncate(search.request.lenders().min(FACTS_THAT_LEND));
        if lenders.is_empty() {
            continue;
        }
        let ids: Vec<Id> = lenders.iter().map(|row| row.id).collect();
        search.connection.each_planned(
            search.table.links().as_str(),
            &search.parameters(None, &ids, 0),
            || Settings::off(&super::run::PLAIN),
            |read| {
                let position = read.get::<i64>(0).and_then(|n| usize::try_from(n - 1).ok());
                let Some(lender) = position.and_then(|n| ids.get(n)) else { return };
                if let (Some(one), Some(other)) = (read.id(1), read.id(2)) {
                    let first = if kind == entities { edges } else { entities };
                    pairs.extend([((kind, *lender), (first, one)), ((kind, *lender), (entities, other))]);
                }
            },
        );
    }
    let mut places: HashMap<(usize, Id), usize> = HashMap::new();
    // bounded: two.
    for kind in [entities, edges] {
        places.extend(rows[kind].iter().enumerate().map(|(n, row)| ((kind, row.id), n)));
        let first = rows[kind].len();
        // bounded: the neighbours of the best, at most some thousand.
        for (_, (of, id)) in pairs.iter().filter(|(_, (of, _))| *of == kind) {
            places.entry((*of, *id)).or_insert_with(|| {
                rows[kind].push(Row::new(*id));
                rows[kind].len() - 1
            });
        }
        let unknown = searches[kind].read(&mut rows[kind][first..], scorers[kind].as_ref());
        if !unknown.is_empty() {
            return Err(unknown);
        }
        rows[kind][first..].iter_mut().for_each(|row| score(row, scales));
    }
    let edges_from = rows[entities].len();
    let place = |end: &(usize, Id)| places[end] + if end.0 == edges { edges_from } else { 0 };
    let beside: Vec<(usize, usize)> = pairs.iter().map(|(a, b)| (place(a), place(b))).collect();
    let both = || [entities, edges].into_iter();
    let own: Vec<f64> =
        both().flat_map(|kind| &rows[kind]).map(|row| if row.fits { row.own } else { 0.0 }).collect();
    let around = surroundings(&own, &beside);
    let context = searches[entities].request.context;
    // bounded: the candidates, at most some thousand.
    for kind in both() {
        let from = if kind == edges { edges_from } else { 0 };
        rows[kind].iter_mut().zip(&around[from..]).for_each(|(row, around)| row.around = context * around);
    }
    Ok(())
}
