//! Locks on keys, to the end of the transaction. They are advisory locks of a class that SQL cannot name, so
//! that nobody else takes them.
//!
//! **No statement holds a lock that it took while it waits for another one.** [`take`] takes all keys of a step
//! or none: where one is held by somebody else, it gives back what it has just taken, waits for that one and
//! begins anew. Two transactions therefore deadlock only over keys that both want in opposite order, in
//! statements of their own; there is no coarser lock in which disjoint keys meet. Of two that share a key and then both
//! want it for themselves, the second is refused (40001) and does not wait.
//!
//! **Their number is bounded**, since the server's table of locks is one for all tenants: beyond
//! [`most`] a transaction is refused.
#![allow(unsafe_code)] // calls into the server

use std::cell::Cell;

use pgrx::prelude::*;

use super::clock;
use crate::error::Refusal;
use crate::interrupts::{poll, polled};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Two transactions that share a key and both want it for themselves would wait for each other for ever.
    #[error("another transaction shares a key with this one, and wants it for itself as well")]
    BothShare,
    #[error("a transaction locks at most {most} keys, and this one needs more")]
    TooMany { most: usize },
}

impl Refusal for Refused {
    fn sqlstate(&self) -> PgSqlErrorCode {
        match self {
            Self::BothShare => PgSqlErrorCode::ERRCODE_T_R_SERIALIZATION_FAILURE,
            Self::TooMany { .. } => PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::BothShare => "Run the transaction again.",
            Self::TooMany { .. } => {
                "Use smaller batches, each in a transaction of its own, or raise max_locks_per_transaction."
            }
        };
        Some(hint.to_owned())
    }
}

/// Added to the class of a lock for that of [`Lock::turn`].
const TURNS: u16 = 1000;

/// A key and how it is locked.
#[derive(Clone, Copy)]
pub struct Lock {
    tag: pg_sys::LOCKTAG,
    mode: i32,
}

impl Lock {
    /// `class` sets the domains apart, at least 16; `hash` stands for the tenant, the kind and the key.
    pub fn new(class: u16, hash: [u8; 8], exclusive: bool) -> Self {
        let ([a, b, c, d], [e, f, g, h]) =
            ([hash[0], hash[1], hash[2], hash[3]], [hash[4], hash[5], hash[6], hash[7]]);
        // SAFETY: set in every backend that runs SQL.
        let database = unsafe { pg_sys::MyDatabaseId };
        let tag = pg_sys::LOCKTAG {
            locktag_field1: database.into(),
            locktag_field2: u32::from_le_bytes([a, b, c, d]),
            locktag_field3: u32::from_le_bytes([e, f, g, h]),
            locktag_field4: class,
            locktag_type: pg_sys::LockTagType::LOCKTAG_ADVISORY as u8,
            locktag_lockmethodid: pg_sys::USER_LOCKMETHOD as u8,
        };
        Self { tag, mode: if exclusive { pg_sys::ExclusiveLock } else { pg_sys::ShareLock } as i32 }
    }

    /// A lock that only one of those can have who share this one and want it for themselves.
    fn turn(&self) -> Option<Self> {
        let share = pg_sys::ShareLock as i32;
        // SAFETY: looks at the own locks; the tag lives through the call.
        let shares = self.mode != share && unsafe { pg_sys::LockHeldByMe(&raw const self.tag, share, false) };
        shares.then(|| {
            let mut turn = *self;
            turn.tag.locktag_field4 += TURNS;
            turn
        })
    }

    /// Whether the transaction has it already, in this mode or a stronger one.
    fn is_held(&self) -> bool {
        // SAFETY: looks at the own locks; the tag lives through the call.
        unsafe { pg_sys::LockHeldByMe(&raw const self.tag, self.mode, true) }
    }

    /// False where somebody else has it and `wait` is false.
    pub fn acquire(&self, wait: bool) -> bool {
        // SAFETY: the tag lives through the call; a lock of the transaction is released at its end.
        let result = unsafe { pg_sys::LockAcquire(&raw const self.tag, self.mode, false, !wait) };
        result != pg_sys::LockAcquireResult::LOCKACQUIRE_NOT_AVAIL
    }

    fn release(&self) {
        // SAFETY: it was acquired in this transaction, by the same resource owner.
        unsafe { pg_sys::LockRelease(&raw const self.tag, self.mode, false) };
    }
}

thread_local! {
    /// Locks taken by the transaction that began at this time.
    static TAKEN: Cell<(i64, usize)> = const { Cell::new((0, 0)) };
}

/// A quarter of the server's table of locks.
fn most() -> usize {
    // SAFETY: settings of the server, which are fixed at its start.
    let (each, sessions) = unsafe { (pg_sys::max_locks_per_xact, pg_sys::MaxConnections) };
    each as usize * sessions as usize / 4
}

/// The locks that one call of [`take`] took.
pub struct Taken(Vec<Lock>);

impl Taken {
    /// Before the step begins anew with more keys; nothing may have been read or written under them.
    pub fn release(self) {
        let (began, count) = TAKEN.get();
        TAKEN.set((began, count.saturating_sub(self.0.len())));
        self.0.iter().for_each(Lock::release);
    }
}

/// Takes all of them, which are different keys.
pub fn take(locks: &[Lock]) -> Result<Taken, Refused> {
    let mut wanted: Vec<Lock> = polled(locks).filter(|lock| !lock.is_held()).copied().collect();
    let turns: Vec<Lock> = wanted.iter().filter_map(Lock::turn).filter(|turn| !turn.is_held()).collect();
    let began = clock::transaction_start();
    let before = TAKEN.get();
    let count = wanted.len() + turns.len() + if before.0 == began { before.1 } else { 0 };
    if count > most() {
        return Err(Refused::TooMany { most: most() });
    }
    // Nobody waits for a turn, so it may be held while other locks are waited for.
    if !polled(&turns).all(|turn| turn.acquire(false)) {
        return Err(Refused::BothShare);
    }
    let mut awaited: Option<usize> = None;
    loop {
        poll();
        if let Some(first) = awaited {
            wanted[first].acquire(true);
        }
        let rest = (0..wanted.len()).filter(|n| Some(*n) != awaited);
        let mut taken: Vec<usize> = awaited.into_iter().collect();
        let mut blocked = None;
        for n in polled(rest) {
            if !wanted[n].acquire(false) {
                blocked = Some(n);
                break;
            }
            taken.push(n);
        }
        if blocked.is_none() {
            TAKEN.set((began, count));
            wanted.extend(turns);
            return Ok(Taken(wanted));
        }
        taken.into_iter().for_each(|n| wanted[n].release());
        awaited = blocked;
    }
}
