//! What a search begins with: the words of the query in the languages of the rows, the nearest rows, and the tables.

use std::ffi::{CStr, CString};

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::invalid::Invalid;
use super::near::{Near, near};
use super::request::Request;
use super::statement::Source;
use super::words::{Query, Terms};
use super::{counts, syntax};
use crate::error::Error;
use crate::server::catalog;
use crate::server::spi::{Connection, Sees, Value};

/// How much of a query is read.
const TEXT_CHARS: usize = 10_000;

const TERMS_SQL: &CStr = c"SELECT l.n, w.lexeme, w.place FROM unnest($1) WITH ORDINALITY AS l (name, n) \
     CROSS JOIN LATERAL llmspell_internal._search_terms(l.name, $2) w";

const STRICT_SQL: &CStr = c"SELECT array_agg(llmspell_internal._search_strict(l.name, $2) ORDER BY l.n) \
     FROM unnest($1) WITH ORDINALITY AS l (name, n)";

const LANGUAGE_SQL: &CStr = c"SELECT llmspell_internal._search_language(NULL)";

/// The query by words in the languages of the rows, with what its statements take.
pub(super) struct Words<'c> {
    pub query: Query,
    pub names: Vec<String>,
    pub strict: Option<Value<'c>>,
    /// Whether the query has words at all.
    pub is_given: bool,
}

impl<'c> Words<'c> {
    pub fn of(
        connection: &'c Connection,
        parts: Option<&syntax::Parts>,
        names: &[String],
        is_named: bool,
    ) -> Self {
        let mut languages: Vec<Terms> =
            names.iter().map(|name| (name.as_bytes().to_owned(), Vec::new())).collect();
        let mut strict = None;
        if let Some(parts) = parts {
            let args = [names.to_vec().into(), parts.words.as_str().into()];
            connection.rows(TERMS_SQL, &args, Sees::Query, |row| {
                let language = row.get::<i64>(0).and_then(|n| usize::try_from(n - 1).ok());
                if let (Some(language), Some(place)) =
                    (language.and_then(|n| languages.get_mut(n)), row.get(2))
                {
                    language.1.push((row.text(1).into_bytes(), place));
                }
            });
            if !parts.strict.is_empty() {
                let args = [names.to_vec().into(), parts.strict.as_str().into()];
                strict = connection.kept(STRICT_SQL, &args, |row| row.value(0)).into_iter().flatten().next();
            }
        }
        Self {
            query: Query::new(languages, is_named),
            names: names.to_vec(),
            strict,
            is_given: parts.is_some_and(|parts| !parts.words.is_empty()),
        }
    }
}

/// The parts of the text of a query.
pub(super) fn parts(request: &Request) -> Option<syntax::Parts> {
    let text = request.text.as_deref()?;
    Some(syntax::parts(text.char_indices().nth(TEXT_CHARS).map_or(text, |(end, _)| &text[..end])))
}

/// The nearest rows of a search; of those that will not fulfil all conditions more are looked at.
pub(super) fn nearest(
    request: &Request,
    parts: Option<&syntax::Parts>,
    vector: pg_sys::Oid,
) -> Result<Option<Near>, ErrorReport> {
    let some_do_not_fit = parts.is_some_and(|parts| !parts.strict.is_empty())
        || request.known_at.is_some()
        || request.source.is_fact();
    near(request, vector, if some_do_not_fit { (5 * request.pool()).min(1000) } else { request.pool() })
}

/// The tables of searches, whose statements are planned anew as they grow.
pub(super) fn tables(requests: &[Request]) -> Result<Vec<CString>, ErrorReport> {
    let mut tables = Vec::new();
    // bounded: one of each kind.
    for request in requests {
        let table = CString::new(request.table.as_str()).unwrap_or_default();
        if catalog::relation(&table).is_none() {
            return Err(Error::from(Invalid::Table(request.table.clone())).into());
        }
        tables.push(table);
    }
    Ok(tables)
}

/// The languages that a search begins with.
pub(super) fn languages(connection: &Connection, requests: &[Request]) -> Vec<String> {
    let mut names: Vec<String> = match &requests[0].language {
        Some(language) => vec![language.clone()],
        None => requests.iter().flat_map(|request| counts::languages(&request.languages_key())).collect(),
    };
    if names.is_empty() || requests.iter().any(|request| request.source == Source::Patterns) {
        names.extend(connection.row(LANGUAGE_SQL, &[], Sees::Query, |row| row.text(0)));
    }
    if requests[0].language.is_none() {
        names.sort_unstable();
        names.dedup();
    } else {
        names.truncate(1);
    }
    names
}

pub(super) fn keep_languages(request: &Request, names: &[String]) {
    if request.language.is_none() {
        counts::keep_languages(&request.languages_key(), names);
    }
}

/// Adds languages of rows that the query was not put into.
pub(super) fn add_languages(names: &mut Vec<String>, unknown: Vec<Vec<u8>>) {
    names.extend(unknown.into_iter().filter_map(|name| String::from_utf8(name).ok()));
    names.sort_unstable();
    names.dedup();
}
