//! Every error that the library raises, with its SQLSTATE.

use pgrx::PgSqlErrorCode;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::artifacts::{envelope, fault};
use crate::graph::fault::Fault;
use crate::hooks;
use crate::kv::limits;
use crate::state::{canonical, delta};
use crate::storage::route;
use crate::tenancy::{scope, tenant_id};
use crate::vectors::invalid;

/// What went wrong, in the user's terms.
#[derive(Debug)]
pub enum Error {
    Graph(Fault),
    Artifact(fault::Fault),
    Codec(String),
    Compressed(envelope::Invalid),
    EmptyArgument(String),
    EventTime,
    Hook(hooks::Invalid),
    Json(canonical::Invalid),
    KeyLength(usize),
    Kv(limits::Invalid),
    LongArgument { argument: String, max: usize, chars: usize },
    Negative { argument: String, value: i64 },
    NegativeMaxRows(i32),
    NoRandom,
    NoTenant,
    NullArgument(String),
    Packed(delta::Corrupt),
    Scope { scope: String, reason: scope::Invalid },
    Statement(String),
    Spi(pgrx::spi::Error),
    StorageKey { key: String, reason: route::Malformed },
    TenantId(tenant_id::Invalid),
    Vector(invalid::Invalid),
}

impl Error {
    fn sqlstate(&self) -> PgSqlErrorCode {
        match self {
            Self::Graph(fault) => graph_sqlstate(fault),
            Self::Kv(limits::Invalid::KeyTooLong { .. }) | Self::LongArgument { .. } => {
                PgSqlErrorCode::ERRCODE_STRING_DATA_RIGHT_TRUNCATION
            }
            Self::Compressed(envelope::Invalid::TooLong { .. })
            | Self::Hook(hooks::Invalid::TooLong { .. })
            | Self::Json(_)
            | Self::Kv(limits::Invalid::ValueTooLarge { .. })
            | Self::Packed(delta::Corrupt::TooLong { .. }) => PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
            Self::Compressed(envelope::Invalid::Damaged(_)) => {
                PgSqlErrorCode::ERRCODE_INVALID_BINARY_REPRESENTATION
            }
            Self::EventTime => PgSqlErrorCode::ERRCODE_DATETIME_FIELD_OVERFLOW,
            Self::NoTenant => PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
            Self::NullArgument(_) => PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED,
            Self::Artifact(_) | Self::Hook(_) | Self::Packed(_) => PgSqlErrorCode::ERRCODE_DATA_CORRUPTED,
            Self::NoRandom | Self::Spi(_) | Self::Statement(_) => PgSqlErrorCode::ERRCODE_INTERNAL_ERROR,
            Self::Codec(_)
            | Self::EmptyArgument(_)
            | Self::KeyLength(_)
            | Self::Negative { .. }
            | Self::NegativeMaxRows(_)
            | Self::Scope { .. }
            | Self::StorageKey { .. }
            | Self::TenantId(_)
            | Self::Vector(_) => PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Graph(fault) => fault.to_string(),
            Self::Artifact(reason) => reason.to_string(),
            Self::Codec(name) => format!("unknown codec \"{}\"", shortened(name)),
            Self::Compressed(reason) => reason.to_string(),
            Self::EmptyArgument(name) => format!("argument \"{name}\" must not be empty"),
            Self::EventTime => "an event must have a finite time".to_owned(),
            Self::Hook(reason) => reason.to_string(),
            Self::Json(reason) => reason.to_string(),
            Self::KeyLength(bytes) => format!("a key has 32 bytes, this one has {bytes}"),
            Self::Kv(reason) => reason.to_string(),
            Self::LongArgument { argument, max, chars } => {
                format!("argument \"{argument}\" has at most {max} characters, this one has {chars}")
            }
            Self::Negative { argument, value } => format!("{argument} must not be negative, got {value}"),
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
            Self::Statement(reason) => reason.clone(),
            Self::TenantId(reason) => reason.to_string(),
            Self::Vector(reason) => reason.to_string(),
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::Graph(fault) => fault.detail(),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Graph(fault) => fault.hint(),
            Self::Artifact(_) => Some(
                "Run llmspell.artifact_verify('data') to see what else is damaged, and restore it from a backup."
                    .to_owned(),
            ),
            Self::Codec(_) => Some(format!("Use {}.", envelope::FORMATS.join(" or "))),
            Self::Compressed(envelope::Invalid::TooLong { .. }) => {
                Some("The setting llmspell.artifact_max_bytes is the limit.".to_owned())
            }
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
            Self::Compressed(_)
            | Self::EmptyArgument(_)
            | Self::EventTime
            | Self::Hook(_)
            | Self::KeyLength(_)
            | Self::Negative { .. }
            | Self::NoRandom
            | Self::NullArgument(_)
            | Self::Packed(_)
            | Self::Spi(_)
            | Self::Statement(_)
            | Self::StorageKey { .. } => None,
            Self::Scope { .. } => Some(format!(
                "Use global, or one of {} followed by \":\" and an id.",
                scope::KINDS.join(", ")
            )),
            Self::TenantId(tenant_id::Invalid::Empty) => {
                Some("To have no tenant, call llmspell.tenant_clear().".to_owned())
            }
            Self::TenantId(_) => None,
            Self::Vector(reason) => reason.hint().map(str::to_owned),
        }
    }
}

fn graph_sqlstate(fault: &Fault) -> PgSqlErrorCode {
    match fault {
        Fault::Concurrent { .. } => PgSqlErrorCode::ERRCODE_T_R_SERIALIZATION_FAILURE,
        Fault::Dangling { .. } | Fault::HasEdges { .. } => PgSqlErrorCode::ERRCODE_FOREIGN_KEY_VIOLATION,
        Fault::HalfSource
        | Fault::NotObject
        | Fault::NotMergeable { .. }
        | Fault::NotOneOf { .. }
        | Fault::Negative { .. } => PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
        Fault::NoVersion { .. } => PgSqlErrorCode::ERRCODE_NO_DATA_FOUND,
        Fault::Overlap { .. } => PgSqlErrorCode::ERRCODE_EXCLUSION_VIOLATION,
        Fault::PathsTooLong { .. } | Fault::TooManyNodes { .. } => {
            PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED
        }
        Fault::Portion { .. } => PgSqlErrorCode::ERRCODE_DATA_EXCEPTION,
        Fault::Skew { .. } => PgSqlErrorCode::ERRCODE_DATETIME_FIELD_OVERFLOW,
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
        let report = match error.detail() {
            Some(detail) => report.set_detail(detail),
            None => report,
        };
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
