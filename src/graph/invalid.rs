//! The graph's errors, in the user's terms.

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// A row that a write needs was changed by a transaction that this one does not see.
    #[error("could not serialize access: {what} {id} was changed by another transaction")]
    Concurrent { what: &'static str, id: String },
    /// An edge would hold where one of its ends does not exist.
    #[error("a relationship cannot hold while one of its entities does not exist")]
    Dangling { missing: Vec<(String, String)> },
    #[error("source_type and source_id must both be given, or neither")]
    HalfSource,
    #[error("entity {id} has relationships in this period")]
    HasEdges { id: String, edges: Vec<String>, more: bool },
    #[error("{what} {id} does not exist at {at}")]
    NoVersion { what: &'static str, id: String, at: String },
    #[error("properties of a version of {what} {id} are no JSON object to merge into")]
    NotMergeable { what: &'static str, id: String },
    #[error("properties must be a JSON object")]
    NotObject,
    #[error("{argument} must be one of {allowed}, got \"{value}\"")]
    NotOneOf { argument: &'static str, value: String, allowed: &'static str },
    #[error("{what} {id} already holds in this period")]
    Overlap { what: &'static str, id: String, periods: String },
    #[error("the paths have more than {max} nodes together")]
    PathsTooLong { max: usize },
    #[error("valid_from must be before valid_to, got {start} and {end}")]
    Portion { start: String, end: String },
    #[error("a version of {what} {id} was recorded in the future, at {stamp}")]
    Skew { what: &'static str, id: String, stamp: String, seconds: i32 },
    #[error("since must be before until, got {since} and {until}")]
    Window { since: String, until: String },
    #[error("more than {max} nodes are reached")]
    TooManyNodes { max: i32 },
}
