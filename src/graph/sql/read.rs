//! One entity along one axis.

use std::ffi::CStr;

use pgrx::AnyElement;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::arguments::{end, id, shown, start, valid_at};
use super::connect;
use crate::error::Error;
use crate::graph::invalid::Invalid;
use crate::graph::period::{BEGIN, END, Period};
use crate::graph::timeline::timeline;
use crate::server::jsonb;
use crate::server::spi::{self, Arg, Row, Sees};
use crate::tenancy::tenant;

type Words = (String, String, String);

const CURRENT: &CStr = c"
    SELECT valid_time_start, valid_time_end, transaction_time_start, entity_type::text, name::text, properties::text
    FROM llmspell.entities
    WHERE tenant_id = $1 AND entity_id = $2 AND transaction_time_end = 'infinity'
      AND valid_time_start < $4 AND valid_time_end > $3";

const KNOWN: &CStr = c"
    SELECT valid_time_start, valid_time_end, transaction_time_start, entity_type::text, name::text, properties::text
    FROM llmspell.entities
    WHERE tenant_id = $1 AND entity_id = $2 AND transaction_time_start <= $5 AND transaction_time_end > $5
      AND valid_time_start < $4 AND valid_time_end > $3";

const KNOWLEDGE: &CStr = c"
    SELECT transaction_time_start, transaction_time_end, transaction_time_start, entity_type::text, name::text, properties::text
    FROM llmspell.entities
    WHERE tenant_id = $1 AND entity_id = $2 AND valid_time_start <= $3 AND valid_time_end > $3";

fn version(row: &Row<'_>) -> Option<(Period, i64, Words)> {
    let period = Period::new(row.time(0), row.time(1))?;
    Some((period, row.time(2), (row.text(3), row.text(4), row.text(5))))
}

#[allow(clippy::type_complexity)]
fn stretches(
    text: &'static CStr,
    args: &[Arg<'_>],
    window: Period,
    with_gaps: bool,
) -> Result<
    TableIterator<
        'static,
        (
            name!(since, Option<i64>),
            name!(until, Option<i64>),
            name!(entity_type, Option<String>),
            name!(name, Option<String>),
            name!(properties, Option<AnyElement>),
        ),
    >,
    ErrorReport,
> {
    let found = connect(|connection| connection.rows(text, args, Sees::Query, version));
    let found: Vec<_> = found.into_iter().flatten().collect();
    let stretches = timeline(&found, window, with_gaps, |a, b| a == b);
    Ok(TableIterator::new(stretches.into_iter().map(|(period, words)| {
        let (kind, name, properties) =
            words.map_or((None, None, None), |(a, b, c)| (Some(a), Some(b), Some(c)));
        let properties = properties.and_then(|text| jsonb::parsed(&text));
        (start(period), end(period), kind, name, properties)
    })))
}

#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)] // #[pg_extern] wants the columns spelled out
fn entity_timeline(
    entity: Option<pgrx::Uuid>,
    known_at: Option<i64>,
    since: Option<i64>,
    until: Option<i64>,
    include_gaps: Option<bool>,
) -> Result<
    TableIterator<
        'static,
        (
            name!(since, Option<i64>),
            name!(until, Option<i64>),
            name!(entity_type, Option<String>),
            name!(name, Option<String>),
            name!(properties, Option<AnyElement>),
        ),
    >,
    ErrorReport,
> {
    let tenant = tenant()?;
    let entity = id(entity, "entity_id")?;
    let include_gaps = include_gaps.unwrap_or(false);
    let (since, until) = (since.unwrap_or(BEGIN), until.unwrap_or(END));
    let window = Period::new(since, until)
        .ok_or_else(|| Error::from(Invalid::Window { since: shown(since), until: shown(until) }))?;
    let mut args =
        vec![tenant.as_str().into(), spi::id(entity), spi::time(window.start), spi::time(window.end)];
    let text = match known_at.filter(|known| *known != END) {
        None => CURRENT,
        Some(known) => {
            args.push(spi::time(known));
            KNOWN
        }
    };
    stretches(text, &args, window, include_gaps)
}

#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)] // #[pg_extern] wants the columns spelled out
fn entity_knowledge(
    entity: Option<pgrx::Uuid>,
    at: Option<i64>,
) -> Result<
    TableIterator<
        'static,
        (
            name!(since, Option<i64>),
            name!(until, Option<i64>),
            name!(entity_type, Option<String>),
            name!(name, Option<String>),
            name!(properties, Option<AnyElement>),
        ),
    >,
    ErrorReport,
> {
    let tenant = tenant()?;
    let entity = id(entity, "entity_id")?;
    let args = [tenant.as_str().into(), spi::id(entity), spi::time(valid_at(at))];
    stretches(KNOWLEDGE, &args, Period::ALWAYS, false)
}
