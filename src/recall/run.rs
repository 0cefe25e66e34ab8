//! A recall: what was found, what of it fits, and what does not.
#![allow(unsafe_code)] // values go to the server as they came from it

use std::collections::BTreeMap;

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::kind::Kind;
use super::pack::{Candidate, pack};
use super::read::{REST, Reader};
use super::request::Request;
use super::tokens;
use crate::search::{self, Id, Row, Source, Together, together};
use crate::server::jsonb;
use crate::server::spi::{Connection, Sees, Value};

const ENDED_SQL: &std::ffi::CStr = c"SELECT llmspell_internal._episode_ended_sessions($1)";

/// A row that may be taken, with its text.
struct Found<'r> {
    /// The searches that found it.
    search: usize,
    row: Row,
    score: f64,
    text: Option<String>,
    tokens: Option<u64>,
    session: Option<String>,
    kind: Kind,
    request: &'r search::Request,
}

impl Found<'_> {
    fn table(&self) -> String {
        format!("llmspell.\"{}\"", self.request.table.replace('"', "\"\""))
    }
}

/// Sessions that have ended, of which rows were found.
struct Ended(Vec<Option<String>>);

/// Sees to it that each value of a row is put while it lives.
type Put<'p> = &'p mut dyn FnMut(&[Option<pg_sys::Datum>]);

/// Runs a recall and puts its rows.
pub fn run(request: &Request, vector: pg_sys::Oid, put: Put<'_>) -> Result<(), ErrorReport> {
    let mut excluded: Vec<Option<String>> = Vec::new();
    // bounded: rows of ended sessions are left out as they are seen, then those of all that have ended.
    for round in 1..=3 {
        let searches = request
            .searches((!excluded.is_empty()).then(|| excluded.clone()).and_then(IntoDatum::into_datum));
        let requests: Vec<search::Request> = searches.iter().map(|(_, search)| search.clone()).collect();
        let kinds: Vec<Kind> = searches.iter().map(|(kind, _)| *kind).collect();
        let ended = together(&requests, vector, |connection, together| {
            let found = candidates(request, &kinds, &requests, connection, together);
            let ended = ended(connection, &found);
            if ended.is_empty() || round == 3 {
                answer(request, connection, found, put);
                return Ok(());
            }
            Err(Ended(if round == 1 { ended } else { all_ended(connection) }))
        })?;
        match ended {
            Ok(()) => return Ok(()),
            Err(Ended(sessions)) => excluded.extend(sessions),
        }
    }
    Ok(())
}

fn ended(connection: &Connection, found: &[Found<'_>]) -> Vec<Option<String>> {
    let mut sessions: Vec<String> = found.iter().filter_map(|row| row.session.clone()).collect();
    sessions.sort_unstable();
    sessions.dedup();
    if sessions.is_empty() {
        return Vec::new();
    }
    let ended = connection.row(ENDED_SQL, &[sessions.into()], Sees::Query, |row| row.get(0));
    ended.flatten().unwrap_or_default()
}

fn all_ended(connection: &Connection) -> Vec<Option<String>> {
    let ended = connection.row(ENDED_SQL, &[None::<Vec<String>>.into()], Sees::Query, |row| row.get(0));
    ended.flatten().unwrap_or_default()
}

/// The best of all kinds with their texts, best first.
fn candidates<'r>(
    request: &Request,
    kinds: &[Kind],
    requests: &'r [search::Request],
    connection: &Connection,
    together: Together,
) -> Vec<Found<'r>> {
    let mut found: Vec<Found<'r>> = Vec::new();
    // bounded: the candidates, at most some thousand.
    for (search, rows) in together.into_iter().enumerate() {
        let kind = kinds[search];
        let weight = request.weights[kind as usize];
        if weight == 0.0 || !request.kinds.contains(&kind) {
            continue;
        }
        found.extend(rows.into_iter().map(|row| Found {
            search,
            score: weight * (row.own + row.around),
            row,
            text: None,
            tokens: None,
            session: None,
            kind,
            request: &requests[search],
        }));
    }
    // The farthest of the nearest has a score of 0.
    let is_found =
        |row: &Found<'_>| row.score > 0.0 || request.arms[0] > 0.0 && row.row.vector_score.is_some();
    found.retain(|row| is_found(row) && row.score >= request.min_score);
    found.sort_by(|a, b| {
        (b.score.total_cmp(&a.score))
            .then(b.row.own.total_cmp(&a.row.own))
            .then(a.kind.cmp(&b.kind))
            .then(a.row.id.cmp(&b.row.id))
            .then(a.search.cmp(&b.search))
    });
    found.truncate(request.candidates());
    let reader = reader(request);
    // bounded: some of each kind.
    for (search, kind) in kinds.iter().enumerate() {
        let places: Vec<usize> = (0..found.len()).filter(|n| found[*n].search == search).collect();
        let Some(first) = places.first() else { continue };
        let table = found[*first].table();
        let ids: Vec<Id> = places.iter().map(|n| found[*n].row.id).collect();
        reader.each(connection, &reader.place(*kind, &table).texts(), &ids, |position, read| {
            let row = &mut found[places[position]];
            row.text = read.get(1);
            row.session = read.get(3);
            let counted = read.get::<i32>(2).and_then(|tokens| u64::try_from(tokens).ok());
            row.tokens = counted.or_else(|| row.text.as_deref().map(tokens::estimate));
            // There, with a text that no budget of this call holds.
            row.tokens = row.tokens.or(Some(u64::MAX));
        });
    }
    // A vector without a text is no document, and a relationship without its ends no fact.
    found.retain(|row| row.tokens.is_some());
    found
}

fn reader(request: &Request) -> Reader<'_> {
    Reader {
        tenant: &request.tenant,
        max_tokens: request.max_tokens,
        valid_at: request.valid_at,
        known_at: request.known_at,
    }
}

/// Puts the rows that fit, and one that says what does not.
fn answer(request: &Request, connection: &Connection, mut found: Vec<Found<'_>>, put: Put<'_>) {
    let candidates: Vec<Candidate> = found
        .iter_mut()
        .map(|row| Candidate { score: row.score, tokens: row.tokens, text: row.text.take() })
        .collect();
    let packed = pack(&candidates, request.max_tokens, request.max_rows, request.lambda);
    let mut rest: Vec<[Option<Value<'_>>; REST]> = vec![[None; REST]; packed.taken.len()];
    let reader = reader(request);
    let mut searches: Vec<usize> = packed.taken.iter().map(|n| found[*n].search).collect();
    searches.sort_unstable();
    searches.dedup();
    // bounded: some of each kind.
    for search in searches {
        let places: Vec<usize> =
            (0..packed.taken.len()).filter(|n| found[packed.taken[*n]].search == search).collect();
        let first = &found[packed.taken[places[0]]];
        let ids: Vec<Id> = places.iter().map(|n| found[packed.taken[*n]].row.id).collect();
        reader.each(connection, &reader.place(first.kind, &first.table()).whole(), &ids, |position, read| {
            rest[places[position]] = std::array::from_fn(|n| read.value(n + 2));
        });
    }
    // bounded: at most 1,000 rows.
    for (n, rest) in packed.taken.iter().zip(&rest) {
        let (row, candidate) = (&found[*n], &candidates[*n]);
        let rest = rest.map(|value| value.map(Value::datum));
        let space = row.request.space.as_ref().filter(|_| row.request.source == Source::Space);
        put(&[
            row.kind.name().into_datum(),
            pgrx::Uuid::from_bytes(row.row.id).into_datum(),
            candidate.text.as_deref().and_then(IntoDatum::into_datum),
            candidate.tokens.and_then(|tokens| (tokens as i32).into_datum()),
            row.score.into_datum(),
            row.row.own.into_datum(),
            row.row.around.into_datum(),
            row.row.vector_score.and_then(IntoDatum::into_datum),
            row.row.text_score.and_then(IntoDatum::into_datum),
            rest[0],
            rest[1],
            rest[2],
            rest[3],
            rest[4],
            rest[5],
            rest[6],
            space.and_then(|space| space.as_str().into_datum()),
            rest[7],
            None,
        ]);
    }
    left_out(&found, &packed.left_out, put);
}

/// How many of each kind did not fit, and the best score among them.
fn left_out(found: &[Found<'_>], left_out: &[usize], put: Put<'_>) {
    let mut kinds: BTreeMap<Kind, (u64, f64)> = BTreeMap::new();
    // bounded: at most 1,000 rows.
    for n in left_out {
        let (rows, best) = kinds.entry(found[*n].kind).or_default();
        (*rows, *best) = (*rows + 1, best.max(found[*n].score));
    }
    let Some(best) = kinds.values().map(|(_, best)| *best).max_by(f64::total_cmp) else { return };
    let each: Vec<String> = kinds
        .iter()
        .map(|(kind, (rows, best))| {
            format!("\"{}\": {{\"rows\": {rows}, \"best_score\": {best}}}", kind.name())
        })
        .collect();
    let document = jsonb::parsed(&format!("{{{}}}", each.join(", ")));
    let mut row: [Option<pg_sys::Datum>; 19] = [None; 19];
    (row[0], row[4]) = ("left_out".into_datum(), best.into_datum());
    row[18] = document.and_then(IntoDatum::into_datum);
    put(&row);
}
