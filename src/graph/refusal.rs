//! Errors of the graph as the server reports them.

use pgrx::prelude::*;

use super::invalid::Invalid;
use crate::error::Refusal;

impl Refusal for Invalid {
    fn sqlstate(&self) -> PgSqlErrorCode {
        match self {
            Self::Concurrent { .. } => PgSqlErrorCode::ERRCODE_T_R_SERIALIZATION_FAILURE,
            Self::Dangling { .. } | Self::HasEdges { .. } => PgSqlErrorCode::ERRCODE_FOREIGN_KEY_VIOLATION,
            Self::HalfSource | Self::NotObject | Self::NotMergeable { .. } | Self::NotOneOf { .. } => {
                PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE
            }
            Self::NoVersion { .. } => PgSqlErrorCode::ERRCODE_NO_DATA_FOUND,
            Self::Overlap { .. } => PgSqlErrorCode::ERRCODE_EXCLUSION_VIOLATION,
            Self::PathsTooLong { .. } | Self::TooManyNodes { .. } => {
                PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED
            }
            Self::Portion { .. } | Self::Window { .. } => PgSqlErrorCode::ERRCODE_DATA_EXCEPTION,
            Self::Skew { .. } => PgSqlErrorCode::ERRCODE_DATETIME_FIELD_OVERFLOW,
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::Dangling { missing } => {
                let each = missing.iter().map(|(id, periods)| format!("entity {id} is missing in {periods}"));
                Some(each.collect::<Vec<_>>().join("; "))
            }
            Self::HasEdges { edges, more, .. } => {
                Some(format!("relationships {}{}", edges.join(", "), if *more { ", …" } else { "" }))
            }
            Self::Overlap { periods, .. } => Some(format!("it holds in {periods}")),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Concurrent { .. } => "Run the transaction again.",
            Self::Dangling { .. } => {
                "Record the entities first, or use on_missing => 'clip' to record it where they exist."
            }
            Self::HasEdges { .. } => "Retract them first, or use on_edges => 'cascade'.",
            Self::Overlap { .. } => "Use put to replace what is there, or upsert to merge into it.",
            Self::NotObject => "Give {\"key\": value, …}.",
            Self::NotMergeable { .. } => "Replace them with put.",
            Self::Skew { seconds, .. } => {
                return Some(format!(
                    "More than {seconds} s ahead (llmspell.max_tx_skew): call llmspell.graph_repair with this id."
                ));
            }
            Self::PathsTooLong { .. } => "Use with_path => false, and follow parent_id.",
            Self::TooManyNodes { .. } => "Raise max_nodes, or lower max_depth.",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}
