//! A search: what is near, what has the words, one score of both, what stands around, and the order.
#![allow(unsafe_code)] // values go to the server as they came from it

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::rc::Rc;

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::context::surroundings;
use super::counts;
use super::find::{Ask, Found, find};
use super::fusion::{Decay, Scale, diversify, ranks, shared};
use super::prepare;
use super::request::{Fusion, Request};
use super::statement::{self, Source, Strict, Table, Vectors, Wanted};
use super::terms::Words;
use super::words::{Id, Pass, Scorer};
use crate::filters::Given;
use crate::server::catalog;
use crate::server::nest::Settings;
use crate::server::spi::{self, Arg, Connection, Value, connect_to, typed};
use crate::server::varlena::Detoasted;
use crate::vectors::layout;
use crate::vectors::statement::Metric;
use crate::vectors::target::Target;

/// What keeps the planner to indexes and look-ups.
pub(super) const PLAIN: [&CStr; 4] = [c"enable_seqscan", c"enable_hashjoin", c"enable_mergejoin", c"jit"];
const BY_TIME: [&CStr; 4] = [c"enable_seqscan", c"enable_bitmapscan", c"enable_sort", c"jit"];

/// One row found.
#[derive(Debug, Clone, Default)]
pub struct Row {
    pub id: Id,
    pub score: f64,
    pub own: f64,
    pub around: f64,
    pub distance: Option<f64>,
    pub vector_score: Option<f64>,
    pub vector_rank: Option<i64>,
    pub text_score: Option<f64>,
    pub text_rank: Option<i64>,
    age: f64,
    order: f64,
    /// Whether the rest was read.
    is_read: bool,
    pub(super) fits: bool,
}

pub struct Rows {
    pub rows: Vec<Row>,
    pub complete: bool,
}

pub(super) struct Search<'r, 'c> {
    pub connection: &'c Connection,
    pub request: &'r Request,
    target: Option<&'r Target>,
    /// The type and the metric of vectors, where some are compared.
    compared: Option<(pg_sys::Oid, Metric)>,
    pub table: Table,
    vectors: Option<Vectors>,
    pub words: Rc<Words<'c>>,
}

/// How scores become shares, and how much either arm counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scales {
    pub vector: Option<Scale>,
    pub words: Option<Scale>,
    pub weights: [f64; 2],
}

impl Scales {
    pub fn sum(&self, row: &Row) -> f64 {
        let part = |score: Option<f64>, scale: Option<Scale>| {
            score.zip(scale).map_or(0.0, |(score, scale)| scale.share(score))
        };
        self.weights[0] * part(row.vector_score, self.vector)
            + self.weights[1] * part(row.text_score, self.words)
    }
}

impl Row {
    pub fn new(id: Id) -> Self {
        Self { id, ..Self::default() }
    }

    fn see(&mut self, metric: Metric, distance: f64, most: Option<f64>) {
        if most.is_none_or(|most| distance <= most) {
            self.distance = Some(distance);
            self.vector_score = Some(metric.score(distance));
        }
    }
}

impl<'c> Search<'_, 'c> {
    /// Values for the parameters of [`super::statement`].
    pub fn parameters<'a>(&'a self, words: Option<pg_sys::Datum>, ids: &[Id], most: u64) -> [Arg<'a>; 17] {
        let request = self.request;
        // SAFETY: the datums are those of the call's arguments, or just made; the types are those of the signature,
        // pgvector's, and the server's own.
        let given = |oid, datum| unsafe { typed(oid, datum) };
        let vector = self.compared.map_or(pg_sys::FLOAT4ARRAYOID, |(vector, _)| vector);
        let filter = |part: fn(&'a Given) -> Arg<'a>| {
            request.filter.as_deref().map_or(Arg::null_oid(pg_sys::JSONBOID), part)
        };
        [
            given(vector, request.vector),
            request.tenant.as_str().into(),
            request.scope.as_deref().into(),
            filter(Given::contained),
            given(pg_sys::TIMESTAMPTZOID, request.since),
            given(pg_sys::TIMESTAMPTZOID, request.until),
            given(pg_sys::TEXTARRAYOID, request.excluded),
            request.role.as_deref().into(),
            given(pg_sys::TSQUERYOID, words),
            self.words.names.clone().into(),
            given(pg_sys::TSQUERYARRAYOID, self.words.strict.map(Value::datum)),
            spi::ids(ids),
            given(pg_sys::TIMESTAMPTZOID, request.age_at),
            (most as i64).into(),
            filter(Given::tested),
            given(pg_sys::TIMESTAMPTZOID, request.known_at),
            given(pg_sys::TIMESTAMPTZOID, request.valid_at),
        ]
    }

    /// The nearest items; none of other rows.
    fn nearest(&self) -> Option<Vec<(Id, f64)>> {
        let vectors = self.vectors.as_ref().filter(|_| self.table.source == Source::Items)?;
        let near = self.connection.rows_planned(
            self.table.nearest(vectors).as_str(),
            &self.parameters(None, &[], self.request.pool() as u64),
            || Settings::off(&PLAIN),
            |row| row.id(0).zip(row.get::<f64>(1)),
        );
        let most = self.request.max_distance;
        Some(
            near.into_iter()
                .flatten()
                .filter(|(_, distance)| most.is_none_or(|most| *distance <= most))
                .collect(),
        )
    }

    fn pass(&self, ask: &Ask, pass: &mut Pass<'_>) {
        let query = &self.words.query;
        let lexemes = |slot: usize| query.lexemes(|other| other == slot);
        let (text, most) = match ask {
            Ask::All => (None, 0),
            Ask::Any(slots) => (Some(statement::any(&query.lexemes(|slot| slots.contains(&slot)))), 0),
            Ask::Sets(sets) => {
                let sets: Vec<Vec<_>> =
                    sets.iter().map(|set| set.iter().map(|slot| lexemes(*slot)).collect()).collect();
                (Some(statement::any_set(&sets)), 0)
            }
            Ask::Newest(most) => (Some(statement::any(&query.lexemes(|_| true))), *most),
        };
        let words = text.and_then(|text| tsquery(&text));
        let off = if most > 0 { &BY_TIME } else { &PLAIN };
        self.connection.each_planned(
            self.table.pass(ask).as_str(),
            &self.parameters(words, &[], most),
            || Settings::off(off),
            |row| {
                let (Some(id), Some(text), Some(language)) = (row.id(0), row.bytes(1), row.bytes(2)) else {
                    return;
                };
                pass.see(id, language.bytes(), row.get(3).unwrap_or(false), text.bytes());
            },
        );
    }

    /// Reads of rows what is not known of them yet; returns languages that the query was not put into.
    pub fn read(&self, rows: &mut [Row], scorer: Option<&Scorer<'_>>) -> Vec<Vec<u8>> {
        let wanted = Wanted { words: scorer.is_some(), age: self.request.half_life.is_some() };
        // The nearest were not asked for all conditions.
        let checks =
            self.words.strict.is_some() || self.request.known_at.is_some() || self.table.source.is_fact();
        let lacks = |row: &Row| {
            wanted.age
                || row.text_score.is_none() && (wanted.words || checks)
                || row.distance.is_none() && self.compared.is_some()
        };
        let asked: Vec<usize> = (0..rows.len()).filter(|n| !rows[*n].is_read && lacks(&rows[*n])).collect();
        // bounded: the candidates, at most some thousand.
        for row in rows.iter_mut().filter(|row| !row.is_read) {
            (row.is_read, row.fits) = (true, true);
        }
        // A row that is not there any more does not fit.
        asked.iter().for_each(|n| rows[*n].fits = false);
        let mut unknown = Vec::new();
        if asked.is_empty() {
            return unknown;
        }
        let ids: Vec<Id> = asked.iter().map(|n| rows[*n].id).collect();
        self.connection.each_planned(
            self.table.details(wanted, self.vectors.as_ref()).as_str(),
            &self.parameters(None, &ids, 0),
            || Settings::off(&PLAIN),
            |read| {
                let position = read.get::<i64>(0).and_then(|n| usize::try_from(n - 1).ok());
                let Some(row) = position.and_then(|n| asked.get(n)).map(|n| &mut rows[*n]) else { return };
                let language = read.bytes(2);
                let language = language.as_ref().map_or(&b""[..], Detoasted::bytes);
                if self.words.query.language(language).is_none() {
                    unknown.push(language.to_owned());
                }
                row.fits = read.get(3).unwrap_or(false);
                row.age = read.get(4).unwrap_or(0.0);
                if let (Some(scorer), None) = (scorer, row.text_score) {
                    row.text_score = read.bytes(1).map(|text| scorer.text(language, text.bytes()));
                }
                if let (Some((_, metric)), None, Some(distance)) =
                    (self.compared, row.distance, read.get::<f64>(5))
                {
                    row.see(metric, distance, self.request.max_distance);
                }
            },
        );
        unknown
    }

    /// What is found by words, or languages that the query was not put into.
    pub fn by_words(&self) -> Result<Option<Found<'_>>, Vec<Vec<u8>>> {
        // Also where the words are stop words of the languages known: rows of another may have them.
        if !self.words.is_given {
            return Ok(None);
        }
        let key = self.request.rows_key();
        let known = counts::known(&key, &self.words.query);
        let by_rank = self.request.fusion == Fusion::Ranks;
        let run = |ask: Ask, pass: &mut Pass<'_>| self.pass(&ask, pass);
        let found = find(&self.words.query, known.as_ref(), self.request.pool(), by_rank, run);
        if !found.unknown.is_empty() {
            return Err(found.unknown);
        }
        counts::saw(&key, &self.words.query, &found);
        Ok(Some(found))
    }

    /// The rows that are near, to which those found by words come.
    pub fn by_vector(&self, near: &[(Id, f64)]) -> (Vec<Row>, HashMap<Id, usize>) {
        let mut rows: Vec<Row> = Vec::new();
        let mut places: HashMap<Id, usize> = HashMap::new();
        // bounded: the candidates, at most some thousand.
        for (n, (id, distance)) in near.iter().enumerate() {
            let mut row = Row { vector_rank: Some(n as i64 + 1), ..Row::new(*id) };
            if let Some((_, metric)) = self.compared {
                row.see(metric, *distance, None);
            }
            places.insert(*id, rows.len());
            rows.push(row);
        }
        (rows, places)
    }

    /// Finds the rows, or languages that the query was not put into.
    fn rows(&self, near: &[(Id, f64)]) -> Result<Rows, Vec<Vec<u8>>> {
        let request = self.request;
        let found = self.by_words()?;
        let scorer = found.as_ref().map(|found| &found.scorer);
        let (mut rows, mut places) = self.by_vector(near);
        // bounded: the candidates, at most some thousand.
        for (id, score, rank) in found.iter().flat_map(|found| &found.best.rows) {
            let place = *places.entry(*id).or_insert_with(|| {
                rows.push(Row::new(*id));
                rows.len() - 1
            });
            (rows[place].text_score, rows[place].text_rank) = (Some(*score), Some(*rank));
        }
        let unknown = self.read(&mut rows, scorer);
        if !unknown.is_empty() {
            return Err(unknown);
        }
        rows.retain(|row| row.fits);
        let score = self.scoring(&rows, found.as_ref());
        rows.iter_mut().for_each(&score);
        if request.context > 0.0 {
            self.look_around(&mut rows, scorer, &score)?;
        }
        let rows = self.ordered(rows);
        Ok(Rows { rows, complete: found.as_ref().is_none_or(|found| found.complete) })
    }

    /// Gives each row its own score, from what both arms found.
    fn scoring<'a>(&'a self, rows: &[Row], found: Option<&'a Found<'a>>) -> impl Fn(&mut Row) + use<'a, 'c> {
        let request = self.request;
        let vector = Scale::between(rows.iter().filter_map(|row| row.vector_score));
        let words = Scale::up_to_highest(rows.iter().filter_map(|row| row.text_score));
        let scales =
            Scales { vector, words, weights: shared(request.weights, [vector.is_some(), words.is_some()]) };
        move |row| {
            row.text_score = row.text_score.filter(|score| *score > 0.0);
            let last = found.and_then(|found| found.best.rows.last());
            row.text_rank = row.text_rank.or_else(|| match (request.fusion, found, row.text_score) {
                (Fusion::Ranks, Some(found), Some(score)) => Some(found.rank(score)),
                // Equal to the last that has a rank.
                (Fusion::Convex, _, Some(score)) => last.filter(|last| last.1 == score).map(|last| last.2),
                _ => None,
            });
            row.own = match request.fusion {
                Fusion::Convex => scales.sum(row),
                Fusion::Ranks => {
                    let [vector, words] = request.weights;
                    ranks(row.vector_rank, row.text_rank, vector, words, request.rank_constant)
                }
            };
        }
    }

    /// Adds what the best lend to the rows beside them; these are found, too.
    pub fn look_around(
        &self,
        rows: &mut Vec<Row>,
        scorer: Option<&Scorer<'_>>,
        score: impl Fn(&mut Row),
    ) -> Result<(), Vec<Vec<u8>>> {
        let mut lenders: Vec<usize> = (0..rows.len()).filter(|n| rows[*n].own > 0.0).collect();
        lenders.sort_by(|a, b| rows[*b].own.total_cmp(&rows[*a].own).then(rows[*a].id.cmp(&rows[*b].id)));
        lenders.truncate(self.request.lenders());
        if lenders.is_empty() {
            return Ok(());
        }
        let ids: Vec<Id> = lenders.iter().map(|n| rows[*n].id).collect();
        let mut pairs: Vec<(Id, Id)> = Vec::new();
        self.connection.each_planned(
            self.table.beside().as_str(),
            &self.parameters(None, &ids, 0),
            || Settings::off(&PLAIN),
            |read| {
                let position = read.get::<i64>(0).and_then(|n| usize::try_from(n - 1).ok());
                if let Some(lender) = position.and_then(|n| ids.get(n)) {
                    pairs
                        .extend([read.id(1), read.id(2)].into_iter().flatten().map(|other| (*lender, other)));
                }
            },
        );
        let mut places: HashMap<Id, usize> = rows.iter().enumerate().map(|(n, row)| (row.id, n)).collect();
        let first = rows.len();
        // bounded: the candidates, at most some thousand.
        for (_, other) in &pairs {
            places.entry(*other).or_insert_with(|| {
                rows.push(Row::new(*other));
                rows.len() - 1
            });
        }
        let unknown = self.read(&mut rows[first..], scorer);
        if !unknown.is_empty() {
            return Err(unknown);
        }
        rows[first..].iter_mut().for_each(score);
        let beside: Vec<(usize, usize)> = pairs.iter().map(|(a, b)| (places[a], places[b])).collect();
        let own: Vec<f64> = rows.iter().map(|row| if row.fits { row.own } else { 0.0 }).collect();
        // bounded: the candidates, at most some thousand.
        for (row, around) in rows.iter_mut().zip(surroundings(&own, &beside)) {
            row.around = self.request.context * around;
        }
        rows.retain(|row| row.fits);
        Ok(())
    }

    /// The rows that are wanted, in their order.
    fn ordered(&self, mut rows: Vec<Row>) -> Vec<Row> {
        let request = self.request;
        // bounded: the candidates, at most some thousand.
        for row in &mut rows {
            let decay = Decay { age: row.age, half_life: request.half_life, floor: request.floor };
            let whole = row.own + row.around;
            (row.score, row.order) = (whole * decay.share(), decay.order(whole));
        }
        rows.retain(|row| row.score >= request.min_score);
        rows.sort_by(|a, b| {
            let distance = |row: &Row| row.distance.unwrap_or(f64::INFINITY);
            (b.order.total_cmp(&a.order))
                .then(b.score.total_cmp(&a.score))
                .then(distance(a).total_cmp(&distance(b)))
                .then(a.id.cmp(&b.id))
        });
        match request.diversity {
            Some(lambda) => self.diverse(&rows[..rows.len().min(request.pool())], lambda),
            None => {
                rows.truncate(request.k);
                rows
            }
        }
    }

    fn diverse(&self, rows: &[Row], lambda: f64) -> Vec<Row> {
        let ids: Vec<Id> = rows.iter().map(|row| row.id).collect();
        let mut vectors: Vec<Option<Vec<f32>>> = vec![None; rows.len()];
        let (table, halves) = match self.target {
            Some(target) => (target.space.table.as_str(), target.space.halves),
            None => (self.table.name.as_str(), false),
        };
        self.connection.each_planned(
            statement::embeddings(table, halves).as_str(),
            &self.parameters(None, &ids, 0),
            || Settings::off(&PLAIN),
            |read| {
                let position = read.get::<i64>(0).and_then(|n| usize::try_from(n - 1).ok());
                if let Some((place, value)) = position.and_then(|n| vectors.get_mut(n)).zip(read.value(1)) {
                    // SAFETY: a vector or a halfvec, which lives while the row is looked at.
                    *place = layout::numbers(unsafe { Detoasted::new(value.datum()) }.bytes());
                }
            },
        );
        let orders: Vec<f64> = rows.iter().map(|row| row.order).collect();
        diversify(&orders, &vectors, lambda, self.request.k).into_iter().map(|n| rows[n].clone()).collect()
    }
}

impl<'r, 'c> Search<'r, 'c> {
    /// `vector`: the type of vectors.
    pub fn of(
        connection: &'c Connection,
        request: &'r Request,
        vector: pg_sys::Oid,
        target: Option<&'r Target>,
        words: Rc<Words<'c>>,
    ) -> Self {
        // The vectors of items are beside them.
        let beside = match request.vector.filter(|_| request.source == Source::Items) {
            Some(_) => catalog::beside(vector, c"halfvec")
                .map(|(schema, _)| Vectors::of(&schema, Metric::Cosine.operator(), String::new())),
            None => None,
        };
        Self {
            connection,
            request,
            target,
            compared: target
                .map(|target| (target.types.vector, target.space.metric))
                .or_else(|| beside.as_ref().map(|_| (vector, Metric::Cosine))),
            table: Table {
                name: format!("llmspell.\"{}\"", request.table.replace('"', "\"\"")),
                source: request.source,
                conditions: request.conditions(),
                strict: match words.strict {
                    None => Strict::Nothing,
                    Some(_) if request.language.is_some() => Strict::One,
                    Some(_) => Strict::OfItsLanguage,
                },
            },
            vectors: target
                .map(|Target { space, .. }| {
                    Vectors::of(&space.vector_schema, space.metric.operator(), space.table.clone())
                })
                .or(beside),
            words,
        }
    }
}

/// Runs a search.
pub fn run(request: &Request, vector: pg_sys::Oid) -> Result<Rows, ErrorReport> {
    let parts = prepare::parts(request);
    let near = prepare::nearest(request, parts.as_ref(), vector)?;
    let target = near.as_ref().map(|(target, _)| &**target);
    let near = near.as_ref().map_or(&[][..], |(_, hits)| hits);
    let requests = std::slice::from_ref(request);
    let tables = prepare::tables(requests)?;
    let tables: Vec<&CStr> = tables.iter().map(CString::as_c_str).collect();
    connect_to(&tables, |connection| {
        let mut names = prepare::languages(connection, requests);
        // bounded: once for each language of the rows that is new.
        loop {
            let words = Words::of(connection, parts.as_ref(), &names, request.language.is_some());
            let search = Search::of(connection, request, vector, target, Rc::new(words));
            let nearest = search.nearest();
            match search.rows(nearest.as_deref().unwrap_or(near)) {
                Ok(rows) => {
                    prepare::keep_languages(request, &names);
                    return Ok(rows);
                }
                // Once for each language that the tenant has not used before in this session.
                Err(unknown) => prepare::add_languages(&mut names, unknown),
            }
        }
    })
}

fn tsquery(text: &str) -> Option<pg_sys::Datum> {
    let text = CString::new(text).ok()?;
    // SAFETY: tsqueryin takes a C string and gives a tsquery in the current memory context.
    unsafe { pgrx::direct_function_call_as_datum(pg_sys::tsqueryin, &[Some(text.as_ptr().into())]) }
}
