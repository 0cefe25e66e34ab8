//! The keys that a write locks before it reads, so that it plans with the present state and no change is lost.
//!
//! A writer of an entity locks the entity. A writer of a relationship locks the relationship and shares the
//! existence of its ends, the old ones and the new ones. Retracting or erasing an entity locks its existence,
//! which excludes the writers of all its relationships, and its relationships, unless there are too many.

use std::collections::HashSet;

use super::target::Target;
use crate::error::Error;
use crate::graph::content::Id;
use crate::interrupts::{poll, polled};
use crate::server::locks::{self, Lock, Taken};

/// The thing that a key lock protects.
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
    for key in polled(exclusive.into_iter().chain(shared)) {
        if seen.insert((key.kind, key.id)) {
            strongest.push(key);
        }
    }
    let locks: Vec<Lock> = strongest.iter().map(|key| key_lock(tenant, key)).collect();
    Ok(locks::take(&locks)?)
}

/// Locks the keys, and those that `load` finds to be needed when it reads what is there.
pub fn lock_with(tenant: &str, mut keys: Vec<Key>, mut load: impl FnMut() -> Vec<Key>) -> Result<(), Error> {
    loop {
        poll();
        let known: HashSet<Key> = keys.iter().copied().collect();
        let taken = lock(tenant, keys.iter().copied())?;
        let more: Vec<Key> = load().into_iter().filter(|key| !known.contains(key)).collect();
        if more.is_empty() {
            return Ok(());
        }
        // Nothing is held while the others are waited for.
        taken.release();
        keys.extend(more);
    }
}

/// The keys to lock for ends, old ones and new ones.
pub fn of_ends(ends: impl IntoIterator<Item = (Id, Id)>) -> Vec<Key> {
    ends.into_iter().flat_map(|(from, to)| [shared(from), shared(to)]).collect()
}

/// Most relationships that are locked with the entity that they go with. Those of an entity with more are not:
/// then one of two that retract or erase both their ends at once may be told to run again (40001).
const RELATIONSHIPS: usize = 500;

/// The keys to lock for the relationships of an entity that is retracted or erased, so that two entities with a
/// common relationship wait for each other.
pub fn of_relationships(edges: impl IntoIterator<Item = Id>) -> Vec<Key> {
    let keys: Vec<Key> = edges.into_iter().map(|edge| exclusive(Kind::Relationship, edge)).collect();
    if keys.len() > RELATIONSHIPS { Vec::new() } else { keys }
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
