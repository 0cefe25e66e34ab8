//! SQL face of the unified storage interface.
#![allow(unsafe_code)] // what #[pg_extern] expands to

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::route::{Route, route};
use crate::arguments::given;
use crate::error::Error;

#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)] // #[pg_extern] wants the columns spelled out
fn _storage_route(
    key: Option<&str>,
) -> Result<
    TableIterator<
        'static,
        (name!(store, &'static str), name!(id, Option<String>), name!(agent_type, Option<String>)),
    >,
    ErrorReport,
> {
    let key = given(key, "key")?;
    let row = match route(key).map_err(Error::from)? {
        Route::Agent { agent_type, agent_id } => {
            ("agent", Some(agent_id.to_owned()), Some(agent_type.to_owned()))
        }
        Route::Kv => ("kv", None, None),
        Route::Session { session_id } => ("session", Some(session_id.to_string()), None),
        Route::Workflow { workflow_id } => ("workflow", Some(workflow_id.to_owned()), None),
    };
    Ok(TableIterator::once(row))
}
