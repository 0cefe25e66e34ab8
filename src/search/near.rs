//! The nearest rows by vector, as `vector_search` finds them.
#![allow(unsafe_code)] // values go to the server as they came from it

use std::rc::Rc;

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::request::Request;
use super::statement::Source;
use super::words::Id;
use crate::server::spi::{Value, connect};
use crate::server::varlena::Detoasted;
use crate::vectors::target::Target;
use crate::vectors::{layout, length, query, route, search};

/// The space, and ids with distances, nearest first.
pub type Near = (Rc<Target>, Vec<(Id, f64)>);

/// The nearest rows, at most so many; none without a vector.
pub fn near(request: &Request, vector: pg_sys::Oid, fetch: usize) -> Result<Option<Near>, ErrorReport> {
    let Some(embedding) = request.vector else { return Ok(None) };
    let prefixed = |name: &str| {
        if request.source == Source::Episodes { format!("session:{name}") } else { name.to_owned() }
    };
    // SAFETY: the arguments are of the types of the signature.
    let (numbers, excluded) = unsafe {
        let excluded: Option<Vec<String>> = request.excluded.and_then(|names| Vec::from_datum(names, false));
        (
            layout::numbers(Detoasted::new(embedding).bytes()).unwrap_or_default(),
            excluded.map(|names| names.iter().map(|name| prefixed(name)).collect::<Vec<_>>()),
        )
    };
    // Vectors of episodes bear the time at which these took place, others that at which they were stored.
    let until = request
        .known_at
        .filter(|_| request.source != Source::Episodes)
        .map(|at| pg_sys::Datum::from((at.value() as i64).saturating_add(1)));
    let asked = query::Query {
        tenant: request.tenant.clone(),
        vector: embedding,
        length: length::of(&numbers),
        numbers,
        k: i32::try_from(fetch).unwrap_or(route::MAX_K),
        scope: request.scope.as_deref().map(prefixed),
        filter: request.filter.clone(),
        max_distance: request.max_distance,
        mode: route::Mode::Auto,
        since: request.since,
        until: request.until.or(until),
        with_expired: request.with_expired,
        ef_search: None,
        recall: None,
        space: request.space.clone(),
        excluded: excluded.and_then(IntoDatum::into_datum),
        role: request.role.clone(),
    };
    connect(|connection| {
        let decision = search::decide(connection, &asked, vector)?;
        let found = search::run(connection, &asked, &decision);
        // SAFETY: a uuid is passed by reference, 16 bytes.
        let id = |value: Value<'_>| unsafe { *value.datum().cast_mut_ptr::<Id>() };
        let hits = found.hits.iter().map(|hit| (id(hit.id), hit.distance)).collect();
        Ok(Some((decision.target.clone(), hits)))
    })
}
