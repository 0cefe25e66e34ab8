//! Every error that the library raises, with its SQLSTATE.

use pgrx::PgSqlErrorCode;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::hooks;
use crate::kv::limits;
use crate::state::{canonical, delta};
use crate::storage::route;
use crate::tenancy::{scope, tenant_id};

/// What went wrong, in the user's terms.
#[derive(Debug)]
pub enum Error {
    EmptyArgument(String),
    EventTime,
    Hook(hooks::Invalid),
    Json(canonical::Invalid),
    Kv(limits::Invalid),
    LongArgument { argument: String, max: usize, chars: usize },
    NegativeMaxRows(i32),
    NoRandom,
    NoTenant,
    NullArgument(String),
    Packed(delta::Corrupt),
    Scope { scope: String, reason: scope::Invalid },
    Spi(pgrx::spi::Error),
    StorageKey { key: String, reason: route::Malformed },
    TenantId(tenant_id::Invalid),
}

impl Error {
    fn sqlstate(&self) -> PgSqlErrorCode {
        match self {
            Self::Kv(limits::Invalid::KeyTooLong { .. }) | Self::LongArgument { .. } => {
                PgSqlErrorCode::ERRCODE_STRING_DATA_RIGHT_TRUNCATION
            }
            Self::Hook(hooks::Invalid::TooLong { .. }) => PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
            Self::Hook(_) => PgSqlErrorCode::ERRCODE_DATA_CORRUPTED,
            Self::Json(_) | Self::Kv(limits::Invalid::ValueTooLarge { .. }) => {
                PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED
            }
            Self::EventTime => PgSqlErrorCode::ERRCODE_DATETIME_FIELD_OVERFLOW,
            Self::NoRandom | Self::Spi(_) => PgSqlErrorCode::ERRCODE_INTERNAL_ERROR,
            Self::NoTenant => PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
            Self::NullArgument(_) => PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED,
            Self::Packed(delta::Corrupt::TooLong { .. }) => PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
            Self::Packed(_) => PgSqlErrorCode::ERRCODE_DATA_CORRUPTED,
            Self::EmptyArgument(_)
            | Self::NegativeMaxRows(_)
            | Self::Scope { .. }
            | Self::StorageKey { .. }
            | Self::TenantId(_) => PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::EmptyArgument(name) => format!("argument \"{name}\" must not be empty"),
            Self::EventTime => "an event must have a finite time".to_owned(),
            Self::Hook(reason) => reason.to_string(),
            Self::Json(reason) => reason.to_string(),
            Self::Kv(reason) => reason.to_string(),
            Self::LongArgument { argument, max, chars } => {
                format!("argument \"{argument}\" has at most {max} characters, this one has {chars}")
            }
            Self::NegativeMaxRows(n) => format!("max_rows must not be negative, got {n}"),
            Self::NoRandom => "the system has no random bytes".to_owned(),
            Self::NoTenant => "no tenant is set".to_owned(),
            Self::NullArgument(name) => format!("argument \"{name}\" must not be null"),
            Self::Packed(reason) => reason.to_string(),
            Self::Scope { scope, reason } => {
                format!("invalid scope \"{}\": {reason}", shortened(scope))
            }
            Self::Spi(reason) => reason.to_string(),
            Self::StorageKey { key, reason } => {
                format!("malformed key \"{}\": {reason}", shortened(key))
            }
            Self::TenantId(reason) => reason.to_string(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Kv(limits::Invalid::KeyTooLong { .. }) | Self::LongArgument { .. } => {
                Some("Use a hash of what does not fit.".to_owned())
            }
            Self::Kv(limits::Invalid::ValueTooLarge { .. }) => Some("Store it as an artifact.".to_owned()),
            Self::NegativeMaxRows(_) => Some("Give the number of rows wanted, 0 or more.".to_owned()),
            Self::NoTenant => Some(
                "Call llmspell.tenant_set('<tenant>') inside the transaction, or set app.current_tenant_id; \
                 llmspell.whoami() tells what is in force."
                    .to_owned(),
            ),
            Self::Json(_) => Some("Store it as an artifact, or in parts.".to_owned()),
            Self::Hook(hooks::Invalid::TooLong { .. }) => Some("Store it as an artifact.".to_owned()),
            Self::EmptyArgument(_)
            | Self::EventTime
            | Self::Hook(_)
            | Self::NoRandom
            | Self::NullArgument(_)
            | Self::Packed(_)
            | Self::Spi(_)
            | Self::StorageKey { .. } => None,
            Self::Scope { .. } => Some(format!(
                "Use global, or one of {} followed by \":\" and an id.",
                scope::KINDS.join(", ")
            )),
            Self::TenantId(tenant_id::Invalid::Empty) => {
                Some("To have no tenant, call llmspell.tenant_clear().".to_owned())
            }
            Self::TenantId(_) => None,
        }
    }
}

impl From<pgrx::spi::Error> for Error {
    fn from(error: pgrx::spi::Error) -> Self {
        Self::Spi(error)
    }
}

impl From<Error> for ErrorReport {
    #[track_caller]
    fn from(error: Error) -> Self {
        let report = ErrorReport::new(error.sqlstate(), error.message(), function_name!());
        match error.hint() {
            Some(hint) => report.set_hint(hint),
            None => report,
        }
    }
}

/// An argument that must not be null.
pub fn required<T>(value: Option<T>, argument: &str) -> Result<T, Error> {
    value.ok_or_else(|| Error::NullArgument(argument.to_owned()))
}

/// At most 60 characters of a user's value, so that a message stays a message.
fn shortened(value: &str) -> String {
    match value.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}
