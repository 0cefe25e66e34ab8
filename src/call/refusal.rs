//! Errors of calls by name.

use pgrx::prelude::*;

use crate::error::Refusal;

#[derive(Debug, thiserror::Error)]
pub enum Invalid {
    #[error("arguments must be a JSON object, not {0}")]
    Arguments(&'static str),
    #[error("permission denied for function {0}")]
    Denied(String),
}

impl Refusal for Invalid {
    fn sqlstate(&self) -> PgSqlErrorCode {
        match self {
            Self::Arguments(_) => PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            Self::Denied(_) => PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Arguments(_) => {
                Some("Give the arguments by name, for instance {\"key\": \"k\"}.".to_owned())
            }
            Self::Denied(_) => None,
        }
    }
}
