//! Arguments as the server reports them.

use pgrx::prelude::*;

use super::check::Invalid;
use crate::error::{Error, Refusal};

impl Refusal for Invalid {
    fn sqlstate(&self) -> PgSqlErrorCode {
        match self {
            Self::Null(_) => PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED,
            Self::TooLong { .. } => PgSqlErrorCode::ERRCODE_STRING_DATA_RIGHT_TRUNCATION,
            Self::TooDeep { .. } | Self::TooLarge { .. } | Self::TooManyBytes { .. } => {
                PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED
            }
            Self::Both(..)
            | Self::Empty(_)
            | Self::MaxRows(_)
            | Self::Negative { .. }
            | Self::NotPositive { .. } => PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::MaxRows(_) => Some("Give the number of rows wanted, 0 or more.".to_owned()),
            Self::NotPositive { .. } => {
                Some("Give a finite interval that leads to a later moment, for instance '1 hour'.".to_owned())
            }
            Self::TooDeep { .. } | Self::TooLarge { .. } | Self::TooManyBytes { .. } => {
                Some("Store it as an artifact, or in parts.".to_owned())
            }
            Self::TooLong { .. } => Some("Use a hash of what does not fit.".to_owned()),
            Self::Both(..) | Self::Empty(_) | Self::Negative { .. } | Self::Null(_) => None,
        }
    }
}

/// An argument that must not be null.
pub fn given<T>(value: Option<T>, name: &str) -> Result<T, Error> {
    value.ok_or_else(|| Invalid::Null(name.to_owned()).into())
}
