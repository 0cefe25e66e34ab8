//! What a search begins with: the words of the query in the languages of the rows, the nearest rows, and the tables.

use std::ffi::{CStr, CString};

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::invalid::Invalid;
use super::near::{Near, near};
use super::request::Request;
use super::statement::Source;
use super::{counts, syntax};
use crate::error::Error;
use crate::server::catalog;
use crate::server::spi::{Connection, Sees};

/// How much of a query is read.
const TEXT_CHARS: usize = 10_000;

const LANGUAGE_SQL: &CStr = c"SELECT llmspell_internal._search_language(NULL)";

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
    if request.source == Source::Items {
        return Ok(None);
    }
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
