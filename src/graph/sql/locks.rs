//! Who waits for whom. A write locks its keys before it reads, to the end of the transaction, so that it
//! plans with what is true and nobody's change is lost.
//!
//! Order, within a statement: what exists, then entities, then relationships, each by its hash. Beside
//! every key lock a transaction shares one of its tenant. A transaction that writes many keys takes that
//! one alone and no key locks any more, as the server's table of locks is small.

use std::cell::Cell;

use pgrx::prelude::*;

use crate::graph::content::Id;
use crate::server::clock;

/// What a key lock protects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Tenant,
    /// When an entity exists: shared by those who put edges to it, exclusive to retract or erase it.
    Existence,
    Entity,
    Relationship,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub kind: Kind,
    pub id: Id,
    pub exclusive: bool,
}

/// Above this a statement locks the tenant and not its keys.
const KEYS_OF_A_STATEMENT: usize = 100;
/// Above this a transaction does.
const KEYS_OF_A_TRANSACTION: usize = 1000;

thread_local! {
    /// Key locks taken by the transaction that began at this time.
    static TAKEN: Cell<(i64, usize)> = const { Cell::new((0, 0)) };
}

pub fn lock(tenant: &str, keys: &mut Vec<Key>) {
    let whole = tag(Kind::Tenant, tenant, &[]);
    // SAFETY: looks at the own locks.
    if unsafe { pg_sys::LockHeldByMe(&raw const whole, pg_sys::ExclusiveLock as i32, false) } {
        return;
    }
    keys.sort_unstable();
    keys.dedup();
    let began = clock::transaction_start();
    let taken = TAKEN.get();
    let taken = if taken.0 == began { taken.1 } else { 0 };
    if keys.len() > KEYS_OF_A_STATEMENT || taken + keys.len() > KEYS_OF_A_TRANSACTION {
        acquire(&whole, true);
        return;
    }
    TAKEN.set((began, taken + keys.len()));
    acquire(&whole, false);
    let mut tags: Vec<_> =
        keys.iter().map(|key| (key.kind, tag(key.kind, tenant, &key.id), key.exclusive)).collect();
    tags.sort_by_key(|(kind, tag, exclusive)| (*kind, tag.locktag_field2, tag.locktag_field3, !exclusive));
    for (_, tag, exclusive) in &tags {
        acquire(tag, *exclusive);
    }
}

fn acquire(tag: &pg_sys::LOCKTAG, exclusive: bool) {
    let mode = if exclusive { pg_sys::ExclusiveLock } else { pg_sys::ShareLock };
    // SAFETY: the tag lives through the call; a lock of the transaction is released at its end.
    unsafe { pg_sys::LockAcquire(tag, mode as i32, false, false) };
}

/// An advisory lock of a class of its own, so that no lock of an application is meant.
fn tag(kind: Kind, tenant: &str, id: &[u8]) -> pg_sys::LOCKTAG {
    let mut hash = blake3::Hasher::new();
    hash.update(&[kind as u8]).update(id).update(tenant.as_bytes());
    let hash = hash.finalize();
    let (words, _) = hash.as_bytes().as_chunks::<4>();
    // SAFETY: set in every backend that runs SQL.
    let database = unsafe { pg_sys::MyDatabaseId };
    pg_sys::LOCKTAG {
        locktag_field1: database.into(),
        locktag_field2: u32::from_le_bytes(words[0]),
        locktag_field3: u32::from_le_bytes(words[1]),
        locktag_field4: 50,
        locktag_type: pg_sys::LockTagType::LOCKTAG_ADVISORY as u8,
        locktag_lockmethodid: pg_sys::USER_LOCKMETHOD as u8,
    }
}
