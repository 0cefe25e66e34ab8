//! What the graph refuses, in the user's terms.

use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A row that a write needs was changed by a transaction that this one does not see.
    Concurrent {
        what: &'static str,
        id: String,
    },
    /// An edge would hold where one of its ends does not exist.
    Dangling {
        missing: Vec<(String, String)>,
    },
    HasEdges {
        id: String,
        edges: Vec<String>,
        more: bool,
    },
    HalfSource,
    Overlap {
        what: &'static str,
        id: String,
        periods: String,
    },
    Portion {
        start: String,
        end: String,
    },
    NoVersion {
        what: &'static str,
        id: String,
        at: String,
    },
    NotObject,
    NotMergeable {
        what: &'static str,
        id: String,
    },
    NotOneOf {
        argument: &'static str,
        value: String,
        allowed: &'static str,
    },
    Negative {
        argument: &'static str,
        value: i32,
    },
    PathsTooLong {
        max: usize,
    },
    Skew {
        what: &'static str,
        id: String,
        stamp: String,
        seconds: i32,
    },
    TooManyNodes {
        max: i32,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Concurrent { what, id } => {
                write!(f, "could not serialize access: {what} {id} was changed by another transaction")
            }
            Self::Dangling { .. } => {
                f.write_str("a relationship cannot hold while one of its entities does not exist")
            }
            Self::HasEdges { id, .. } => {
                write!(f, "entity {id} has relationships in this period")
            }
            Self::HalfSource => f.write_str("source_kind and source_id must both be given, or neither"),
            Self::Overlap { what, id, .. } => write!(f, "{what} {id} already holds in this period"),
            Self::Portion { start, end } => {
                write!(f, "valid_from must be before valid_to, got {start} and {end}")
            }
            Self::NoVersion { what, id, at } => write!(f, "{what} {id} does not exist at {at}"),
            Self::NotObject => f.write_str("properties must be a JSON object"),
            Self::NotMergeable { what, id } => {
                write!(f, "properties of a version of {what} {id} are no JSON object to merge into")
            }
            Self::NotOneOf { argument, value, allowed } => {
                write!(f, "{argument} must be one of {allowed}, got \"{value}\"")
            }
            Self::Negative { argument, value } => write!(f, "{argument} must not be negative, got {value}"),
            Self::PathsTooLong { max } => write!(f, "the paths have more than {max} nodes together"),
            Self::Skew { what, id, stamp, .. } => {
                write!(f, "a version of {what} {id} was recorded in the future, at {stamp}")
            }
            Self::TooManyNodes { max } => write!(f, "more than {max} nodes are reached"),
        }
    }
}

impl Fault {
    pub fn detail(&self) -> Option<String> {
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

    pub fn hint(&self) -> Option<String> {
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
