//! Writes of relationships.

use std::ffi::CStr;

use pgrx::AnyElement;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::arguments::{id, one_of, portion, shown_id, shown_periods};
use super::connect;
use super::locks::{self, Kind, exclusive, lock_with, of_ends, shared};
use super::target::{RELATIONSHIPS, Target, time};
use super::write::{Said, once, only};
use crate::arguments::given;
use crate::graph::content::{Change, Operation};
use crate::graph::invalid::Invalid;
use crate::graph::period::{Period, Periods};
use crate::interrupts::poll;
use crate::server::clock;
use crate::server::spi::{self, Sees};
use crate::tenancy::tenant;

const COVER: &CStr = c"
    SELECT valid_time_start, valid_time_end, transaction_time_start FROM llmspell.entities
    WHERE tenant_id = $1 AND entity_id = ANY (ARRAY[$2]) AND transaction_time_end = 'infinity'
      AND valid_time_start < $4 AND valid_time_end > $3";

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)] // as the SQL signature
fn relationship_put(
    relationship: Option<pgrx::Uuid>,
    from_entity: Option<pgrx::Uuid>,
    to_entity: Option<pgrx::Uuid>,
    kind: Option<&str>,
    properties: Option<AnyElement>,
    valid_from: Option<i64>,
    valid_to: Option<i64>,
    on_missing: Option<&str>,
    source_kind: Option<&str>,
    source_id: Option<&str>,
) -> Result<TableIterator<'static, (i64, i32, i32)>, ErrorReport> {
    let tenant = tenant()?;
    let relationship = id(relationship, "relationship_id")?;
    let (from, to) = (id(from_entity, "from_entity")?, id(to_entity, "to_entity")?);
    let kind = given(kind, "relationship_type")?;
    let said =
        Said { of: &RELATIONSHIPS, kind: Some(kind), name: Some(""), properties, source_kind, source_id };
    let change = Change { ends: Some((from, to)), ..said.change()? };
    let portion = portion(valid_from, valid_to)?;
    let on_missing = one_of(on_missing, "on_missing", &["error", "clip", "allow"], "error, clip, allow")?;
    let ends = if from == to { vec![from] } else { vec![from, to] };
    once(connect(|connection| {
        let keys = ends.iter().copied().map(shared).chain([exclusive(Kind::Relationship, relationship)]);
        let mut found = None;
        lock_with(&tenant, keys.collect(), || {
            let target =
                found.insert(Target::load(connection, &RELATIONSHIPS, &tenant, relationship, portion));
            of_ends(locks::ends(target))
        })?;
        let Some(whole) = found else { return Ok((clock::transaction_start(), 0, 0)) };
        let (mut pieces, mut missing, mut floor) = (Periods::from(portion), Vec::new(), i64::MIN);
        // bounded: two.
        for end in ends.iter().filter(|_| on_missing < 2) {
            let args =
                [tenant.as_str().into(), spi::id(*end), spi::time(portion.start), spi::time(portion.end)];
            let found = connection
                .rows(COVER, &args, Sees::Latest, |row| (Period::new(row.time(0), row.time(1)), row.time(2)));
            // So that the edge is not older than its ends, whose clock may be ahead.
            floor = found.iter().map(|(_, since)| *since).fold(floor, i64::max);
            let cover: Periods = found.into_iter().filter_map(|(period, _)| period).collect();
            let gap = Periods::from(portion).subtract(&cover);
            if !gap.is_empty() {
                missing.push((shown_id(*end), shown_periods(&gap)));
            }
            pieces = pieces.intersect(&cover);
        }
        if on_missing == 0 && !missing.is_empty() {
            return Err(Invalid::Dangling { missing }.into());
        }
        let at = time(std::slice::from_ref(&whole), floor)?;
        let mut done = (at, 0, 0);
        for piece in pieces.iter() {
            poll();
            let again = (piece != portion)
                .then(|| Target::load(connection, &RELATIONSHIPS, &tenant, relationship, piece));
            let target = again.as_ref().unwrap_or(&whole);
            let (closed, added) = target.apply(connection, &tenant, Operation::Put, &change, at)?;
            done = (at, done.1 + closed, done.2 + added);
        }
        Ok(done)
    }))
}

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)] // as the SQL signature
fn relationship_patch(
    relationship: Option<pgrx::Uuid>,
    properties: Option<AnyElement>,
    valid_from: Option<i64>,
    valid_to: Option<i64>,
    kind: Option<&str>,
    source_kind: Option<&str>,
    source_id: Option<&str>,
    remove: Option<Vec<Option<String>>>,
) -> Result<TableIterator<'static, (i64, i32, i32)>, ErrorReport> {
    tenant()?;
    let relationship = id(relationship, "relationship_id")?;
    let properties = Some(given(properties, "properties")?);
    let mut change =
        Said { of: &RELATIONSHIPS, kind, name: None, properties, source_kind, source_id }.change()?;
    change.remove = remove.unwrap_or_default().into_iter().flatten().collect();
    once(only(&RELATIONSHIPS, relationship, portion(valid_from, valid_to)?, Operation::Patch, &change))
}

#[pg_extern(sql = false)]
fn relationship_retract(
    relationship: Option<pgrx::Uuid>,
    valid_from: Option<i64>,
    valid_to: Option<i64>,
) -> Result<TableIterator<'static, (i64, i32, i32)>, ErrorReport> {
    tenant()?;
    let (relationship, portion) = (id(relationship, "relationship_id")?, portion(valid_from, valid_to)?);
    once(only(&RELATIONSHIPS, relationship, portion, Operation::Retract, &Change::default()))
}
