//! The content of a version: of a node its type, name and properties, of an edge also its ends.

use crate::json::members;

pub type Id = [u8; 16];

/// Where a version came from, for instance an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub kind: String,
    pub id: String,
}

#[derive(Debug, Clone)]
pub struct Content {
    pub kind: String,
    /// Empty for an edge.
    pub name: String,
    /// From and to, of an edge.
    pub ends: Option<(Id, Id)>,
    /// A JSON object as `jsonb` prints it.
    pub properties: String,
    pub source: Option<Source>,
    /// When the node or edge was first recorded.
    pub created: i64,
}

impl Content {
    /// Whether both say the same: where it came from and when it was first recorded is not said.
    pub fn same(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.name == other.name
            && self.ends == other.ends
            && self.properties == other.properties
    }
}

/// The values that a caller gives; a value that is `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct Change {
    pub kind: Option<String>,
    pub name: Option<String>,
    pub ends: Option<(Id, Id)>,
    pub properties: String,
    /// Names of properties that go.
    pub remove: Vec<String>,
    pub source: Option<Source>,
}

/// The operation on each instant of a portion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Says the new content, whatever was said.
    Put,
    /// Merges into what is said, and says nothing where nothing is said.
    Patch,
    /// Merges into what is said, and says the new content where nothing is said.
    Upsert,
    /// Says nothing.
    Retract,
}

/// Why a change cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("{0} is missing where nothing is said yet")]
    Missing(&'static str),
    #[error("the properties of the version are no object to merge into")]
    NotObject,
}

impl Change {
    /// The content after the operation at an instant where it was `old`.
    pub fn apply(
        &self,
        operation: Operation,
        old: Option<&Content>,
        now: i64,
    ) -> Result<Option<Content>, Invalid> {
        match (operation, old) {
            (Operation::Retract, _) | (Operation::Patch, None) => Ok(None),
            (Operation::Put, old) => self.fresh(old.map_or(now, |old| old.created)).map(Some),
            (Operation::Upsert, None) => self.fresh(now).map(Some),
            (Operation::Patch | Operation::Upsert, Some(old)) => self.merged(old).map(Some),
        }
    }

    fn fresh(&self, created: i64) -> Result<Content, Invalid> {
        let given = |value: &Option<String>, what| value.clone().ok_or(Invalid::Missing(what));
        Ok(Content {
            kind: given(&self.kind, "entity_type")?,
            name: given(&self.name, "name")?,
            ends: self.ends,
            properties: self.properties.clone(),
            source: self.source.clone(),
            created,
        })
    }

    fn merged(&self, old: &Content) -> Result<Content, Invalid> {
        let merged = members::merge(&old.properties, &self.properties).map_err(|_| Invalid::NotObject)?;
        let properties = if self.remove.is_empty() {
            merged
        } else {
            let base = merged.as_deref().unwrap_or(&old.properties);
            members::without(base, &self.remove).map_err(|_| Invalid::NotObject)?.or(merged)
        };
        Ok(Content {
            kind: self.kind.clone().unwrap_or_else(|| old.kind.clone()),
            name: self.name.clone().unwrap_or_else(|| old.name.clone()),
            ends: self.ends.or(old.ends),
            properties: properties.unwrap_or_else(|| old.properties.clone()),
            source: self.source.clone().or_else(|| old.source.clone()),
            created: old.created,
        })
    }
}
