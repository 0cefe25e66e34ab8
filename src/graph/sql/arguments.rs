//! Arguments as the functions take them, checked.

use pgrx::AnyElement;

use crate::arguments::{fitting, given, not_negative};
use crate::error::Error;
use crate::graph::content::{Id, Source};
use crate::graph::invalid::Invalid;
use crate::graph::period::{BEGIN, END, Period, Periods};
use crate::json::members;
use crate::limits::{NAME_CHARS, SHOWN_CHARS};
use crate::server::clock;
pub use crate::server::clock::shown;
use crate::server::jsonb::Document;

pub fn id(value: Option<pgrx::Uuid>, argument: &str) -> Result<Id, Error> {
    given(value, argument).map(|id| *id.as_bytes())
}

pub fn uuid(id: Id) -> pgrx::Uuid {
    pgrx::Uuid::from_bytes(id)
}

pub fn short(value: &str, argument: &str, max: usize) -> Result<String, Error> {
    Ok(fitting(value, argument, max)?.to_owned())
}

/// The text of a jsonb object; an empty one where none is given.
pub fn object(value: Option<AnyElement>) -> Result<String, Error> {
    let Some(value) = value else { return Ok("{}".to_owned()) };
    // SAFETY: the SQL signature says jsonb.
    let text = unsafe { Document::new(value.datum()) }.text();
    if members::is_object(&text) { Ok(text) } else { Err(Invalid::NotObject.into()) }
}

/// `[valid_from, valid_to)`: by default from now on, and open.
pub fn portion(from: Option<i64>, to: Option<i64>) -> Result<Period, Error> {
    let (start, end) = (valid_at(from), to.unwrap_or(END));
    Period::new(start, end).ok_or_else(|| Invalid::Portion { start: shown(start), end: shown(end) }.into())
}

pub fn source(kind: Option<&str>, id: Option<&str>) -> Result<Option<Source>, Error> {
    match (kind, id) {
        (None, None) => Ok(None),
        (Some(kind), Some(id)) => {
            if !["event", "episode", "artifact"].contains(&kind) {
                let value = kind.chars().take(SHOWN_CHARS).collect();
                return Err(Invalid::NotOneOf {
                    argument: "source_type",
                    value,
                    allowed: "event, episode, artifact",
                }
                .into());
            }
            Ok(Some(Source { kind: kind.to_owned(), id: short(id, "source_id", NAME_CHARS)? }))
        }
        _ => Err(Invalid::HalfSource.into()),
    }
}

/// One of a few words, by its place; the first where none is given.
pub fn one_of(
    value: Option<&str>,
    argument: &'static str,
    words: &[&str],
    allowed: &'static str,
) -> Result<usize, Error> {
    let Some(value) = value else { return Ok(0) };
    words.iter().position(|word| *word == value).ok_or_else(|| {
        Invalid::NotOneOf { argument, value: value.chars().take(SHOWN_CHARS).collect(), allowed }.into()
    })
}

pub fn natural(value: i32, argument: &str) -> Result<u32, Error> {
    Ok(not_negative(value, argument)?.unsigned_abs())
}

/// The time of the valid axis that is read: now, where none is given.
pub fn valid_at(value: Option<i64>) -> i64 {
    value.unwrap_or_else(clock::transaction_start)
}

/// The start of a period as a result; NULL where it is open.
pub fn start(period: Period) -> Option<i64> {
    (period.start != BEGIN).then_some(period.start)
}

/// The end of a period as a result; NULL where it is open.
pub fn end(period: Period) -> Option<i64> {
    (period.end != END).then_some(period.end)
}

pub fn shown_id(id: Id) -> String {
    uuid(id).to_string()
}

/// As PostgreSQL shows a multirange.
pub fn shown_periods(periods: &Periods) -> String {
    let bound = |time| {
        let text = shown(time);
        if text.contains(' ') { format!("\"{text}\"") } else { text }
    };
    let each = periods.iter().map(|p| format!("[{},{})", bound(p.start), bound(p.end)));
    format!("{{{}}}", each.collect::<Vec<_>>().join(","))
}
