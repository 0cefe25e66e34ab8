//! The words of a query in the languages of the rows, as the server's text search has them.

use std::ffi::CStr;

use super::syntax;
use super::words::{Query, Terms};
use crate::server::spi::{Connection, Sees, Value};

const TERMS_SQL: &CStr = c"SELECT l.n, w.lexeme, w.place FROM unnest($1) WITH ORDINALITY AS l (name, n) \
     CROSS JOIN LATERAL llmspell_internal._search_terms(l.name, $2) w";

const STRICT_SQL: &CStr = c"SELECT array_agg(llmspell_internal._search_strict(l.name, $2) ORDER BY l.n) \
     FROM unnest($1) WITH ORDINALITY AS l (name, n)";

/// The query by words in the languages of the rows, with what its statements take.
pub struct Words<'c> {
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
