//! The tables that have texts, and what their columns are called.

/// Where texts are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The table of a space.
    Space,
    Episodes,
    Items,
    Entities,
    Relationships,
    /// Those learned, the most frequent ones.
    Patterns,
}

impl Source {
    pub fn is_fact(self) -> bool {
        matches!(self, Self::Entities | Self::Relationships)
    }

    pub fn id(self) -> &'static str {
        match self {
            Self::Space | Self::Episodes | Self::Items => "id",
            Self::Entities => "entity_id",
            Self::Relationships => "relationship_id",
            Self::Patterns => "pattern_id",
        }
    }

    pub fn scope(self) -> &'static str {
        match self {
            Self::Space | Self::Items | Self::Patterns => "scope",
            Self::Episodes => "session_id",
            Self::Entities => "entity_type",
            Self::Relationships => "relationship_type",
        }
    }

    pub fn metadata(self) -> &'static str {
        match self {
            Self::Entities | Self::Relationships => "properties",
            Self::Items => "value",
            _ => "metadata",
        }
    }

    pub fn time(self) -> &'static str {
        match self {
            Self::Space => "created_at",
            Self::Episodes => "occurred_at",
            Self::Items => "updated_at",
            Self::Entities | Self::Relationships => "transaction_time_start",
            Self::Patterns => "last_seen",
        }
    }

    /// The newest first.
    pub fn order(self) -> &'static str {
        match self {
            Self::Space => "t.created_at DESC, t.id DESC",
            Self::Episodes => "t.occurred_at DESC, t.recorded_at DESC, t.id DESC",
            Self::Items => "t.updated_at DESC, t.id DESC",
            Self::Entities => "t.transaction_time_start DESC, t.entity_id DESC",
            Self::Relationships => "t.transaction_time_start DESC, t.relationship_id DESC",
            Self::Patterns => "t.last_seen DESC, t.pattern_id DESC",
        }
    }
}
