//! The kinds of rows that a prompt is filled with.

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Episode,
    Document,
    Entity,
    Relationship,
    Pattern,
}

pub const KINDS: [Kind; 5] = [Kind::Episode, Kind::Document, Kind::Entity, Kind::Relationship, Kind::Pattern];

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Episode => "episode",
            Self::Document => "document",
            Self::Entity => "entity",
            Self::Relationship => "relationship",
            Self::Pattern => "pattern",
        }
    }

    /// The kinds of a name, which may be in the plural; `fact` is both kinds of the graph.
    pub fn named(name: &str) -> Option<&'static [Self]> {
        Some(match name {
            "episode" | "episodes" => &[Self::Episode],
            "document" | "documents" => &[Self::Document],
            "entity" | "entities" => &[Self::Entity],
            "relationship" | "relationships" => &[Self::Relationship],
            "fact" | "facts" => &[Self::Entity, Self::Relationship],
            "pattern" | "patterns" => &[Self::Pattern],
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for kind in KINDS {
            assert_eq!(Kind::named(kind.name()), Some(&[kind][..]));
        }
        assert_eq!(Kind::named("facts"), Some(&[Kind::Entity, Kind::Relationship][..]));
        assert_eq!(Kind::named("Episode"), None);
    }
}
