//! SQL face of the event log.
#![allow(unsafe_code)] // what #[pg_extern] expands to

use pgrx::prelude::*;

use crate::settings;

/// Read here and not with current_setting(): before the library is loaded anybody could have set
/// placeholders of these names.
#[pg_extern(schema = "llmspell", stable, parallel_safe)]
fn _event_log_window() -> TableIterator<'static, (name!(months_back, i32), name!(months_ahead, i32))> {
    TableIterator::once((settings::EVENT_LOG_MONTHS_BACK.get(), settings::EVENT_LOG_MONTHS_AHEAD.get()))
}
