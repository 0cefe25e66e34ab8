//! Which keys a write locks before it reads, so that it plans with the present state and no change is lost.
//!
//! A writer of an entity locks the entity. A writer of a relationship locks the relationship and shares the
//! existence of its ends, the old ones and the new ones. Retracting or erasing an entity locks its existence
//! alone: that excludes the writers of all its relationships, however many there are.

use std::collections::HashSet;

use super::target::Target;
use crate::error::Error;
use crate::graph::content::Id;
use crate::server::locks::{self, Lock, Taken};

/// What a key lock protects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// When an entity exists: shared by the writers of its relationships, exclusive to retract or erase it.
    Existence = 1,
    Entity,
    Relationship,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    pub kind: Kind,
    pub id: Id,
    pub exclusive: bool,
}

/// The class of the graph's locks.
const CLASS: u16 = 50;

/// Locks all of the keys at once.
pub fn lock(tenant: &str, keys: impl IntoIterator<Item = Key>) -> Result<Taken, Error> {
    let mut strongest: Vec<Key> = Vec::new();
    let (exclusive, shared): (Vec<Key>, Vec<Key>) = keys.into_iter().partition(|key| key.exclusive);
    let mut seen = HashSet::new();
    for key in exclusive.into_iter().chain(shared) {
        if seen.insert((key.kind, key.id)) {
            strongest.push(key);
        }
    }
    let locks: Vec<Lock> = strongest.iter().map(|key| key_lock(tenant, key)).collect();
    Ok(locks::take(&locks)?)
}

/// Locks the writers of relationships: `load` reads what is there, whose ends are locked, too.
pub fn lock_with_ends(
    tenant: &str,
    mut keys: Vec<Key>,
    mut load: impl FnMut() -> Vec<(Id, Id)>,
) -> Result<(), Error> {
    let mut known: HashSet<Id> =
        keys.iter().filter(|key| key.kind == Kind::Existence).map(|key| key.id).collect();
    loop {
        let taken = lock(tenant, keys.iter().copied())?;
        let found = load().into_iter().flat_map(|(from, to)| [from, to]);
        let more: Vec<Id> = found.filter(|end| known.insert(*end)).collect();
        if more.is_empty() {
            return Ok(());
        }
        // Nothing is held while the ends are waited for.
        taken.release();
        keys.extend(more.into_iter().map(shared));
    }
}

/// The ends of the versions that a write found.
pub fn ends(target: &Target) -> Vec<(Id, Id)> {
    target.versions.iter().filter_map(|version| version.content.ends).collect()
}

pub fn exclusive(kind: Kind, id: Id) -> Key {
    Key { kind, id, exclusive: true }
}

/// That an entity goes on existing.
pub fn shared(end: Id) -> Key {
    Key { kind: Kind::Existence, id: end, exclusive: false }
}

fn key_lock(tenant: &str, key: &Key) -> Lock {
    let mut hash = blake3::Hasher::new();
    hash.update(&[key.kind as u8]).update(&key.id).update(tenant.as_bytes());
    let hash = hash.finalize();
    let short = hash.as_bytes().first_chunk::<8>().copied().unwrap_or_default();
    Lock::new(CLASS, short, key.exclusive)
}
