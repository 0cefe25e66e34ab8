//! What is wrong with a filter, as the server reports it.

use pgrx::prelude::*;

use super::invalid::Invalid;
use crate::error::Refusal;

impl Refusal for Invalid {
    fn sqlstate(&self) -> PgSqlErrorCode {
        match self {
            Self::ManyConditions | Self::ManyElements(_) | Self::ManyListed(_) | Self::TooLong(_) => {
                PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED
            }
            _ => PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Beside { .. } => {
                "Put each into an object of its own: {\"$and\": [{\"key\": {\"$gt\": 1}}, {\"key\": {\"other\": 2}}]}."
            }
            Self::Empty(_) => "Leave the operator out where there is nothing to ask for.",
            Self::Escape(_) => "Write two backslashes for one.",
            Self::InArray(_) => {
                "An array asks for elements by what they contain; $in asks for one of several, and $eq takes a value as it is."
            }
            Self::ManyConditions | Self::ManyElements(_) | Self::ManyListed(_) | Self::TooLong(_) => {
                "Ask for less, and look through the rows that come back."
            }
            Self::NoKey(_) => "Write {\"key\": {\"$gt\": 1}}; $and, $or and $not may stand above keys.",
            Self::NoObject(_) => {
                "Give the members that a row must contain, for instance {\"kind\": \"note\"}."
            }
            Self::Operand { .. } | Self::Unknown(_) => {
                "There are $eq, $ne, $gt, $gte, $lt, $lte, $in, $nin, $exists, $like, $and, $or and $not."
            }
        };
        Some(hint.to_owned())
    }
}
