//! Locks on keys, to the end of the transaction. They are advisory locks of a class that SQL cannot name, so
//! that nobody else takes them.
//!
//! **No call waits for a key while it holds one that it took.** [`take`] takes all keys of a step or none: where one
//! is held by somebody else, it gives back what it has just taken, waits for that one and begins anew. Two
//! transactions therefore deadlock only over keys that both want in opposite order, in statements of their own; there
//! is no coarser lock in which disjoint keys meet. Of two that share a key and then both want it for themselves, the
//! second is refused (40001) and does not wait: the first holds a lock for which nobody waits ([`Lock::upgrade`]).
//!
//! **Their number is bounded**, since the server's table of locks is one for all tenants: beyond
//! [`most`] a transaction is refused.
#![allow(unsafe_code)] // calls into the server

use std::cell::RefCell;
use std::collections::HashSet;

use pgrx::prelude::*;

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

/// Added to the class of a lock for that of [`Lock::upgrade`].
const UPGRADES: u16 = 1000;

/// A key and how it is locked.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lock {
    class: u16,
    hash: [u32; 2],
    mode: i32,
}

impl Lock {
    /// `class` sets the domains apart, at least 16; `hash` stands for the tenant, the kind and the key.
    pub fn new(class: u16, hash: [u8; 8], exclusive: bool) -> Self {
        let ([a, b, c, d], [e, f, g, h]) =
            ([hash[0], hash[1], hash[2], hash[3]], [hash[4], hash[5], hash[6], hash[7]]);
        let hash = [u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])];
        Self { class, hash, mode: if exclusive { pg_sys::ExclusiveLock } else { pg_sys::ShareLock } as i32 }
    }

    fn tag(&self) -> pg_sys::LOCKTAG {
        // SAFETY: set in every backend that runs SQL.
        let database = unsafe { pg_sys::MyDatabaseId };
        pg_sys::LOCKTAG {
            locktag_field1: database.into(),
            locktag_field2: self.hash[0],
            locktag_field3: self.hash[1],
            locktag_field4: self.class,
            locktag_type: pg_sys::LockTagType::LOCKTAG_ADVISORY as u8,
            locktag_lockmethodid: pg_sys::USER_LOCKMETHOD as u8,
        }
    }

    /// For a lock on a key that this transaction shares and now wants for itself: a second lock, which only one of
    /// those who share the key can have.
    fn upgrade(&self) -> Option<Self> {
        let shared = Self { mode: pg_sys::ShareLock as i32, ..*self };
        (*self != shared && shared.is_held(false)).then(|| Self { class: self.class + UPGRADES, ..*self })
    }

    /// Whether the transaction has it already, in this mode or, if `or_stronger`, in a stronger one.
    fn is_held(&self, or_stronger: bool) -> bool {
        // SAFETY: looks at the own locks; the tag lives through the call.
        unsafe { pg_sys::LockHeldByMe(&self.tag(), self.mode, or_stronger) }
    }

    /// False where somebody else has it and `wait` is false.
    pub fn acquire(&self, wait: bool) -> bool {
        // SAFETY: the tag lives through the call; a lock of the transaction is released at its end.
        let result = unsafe { pg_sys::LockAcquire(&self.tag(), self.mode, false, !wait) };
        result != pg_sys::LockAcquireResult::LOCKACQUIRE_NOT_AVAIL
    }

    fn release(&self) {
        // SAFETY: it was acquired in this transaction, by the same resource owner.
        unsafe { pg_sys::LockRelease(&self.tag(), self.mode, false) };
    }
}

thread_local! {
    /// Locks that a transaction, by its local id, took. Some may be gone, by ROLLBACK TO.
    static TAKEN: RefCell<(pg_sys::LocalTransactionId, HashSet<Lock>)> = RefCell::default();
}

/// Runs `f` with the locks that this transaction took.
fn with_taken<T>(f: impl FnOnce(&mut HashSet<Lock>) -> T) -> T {
    // SAFETY: every backend that runs SQL has its entry, and is the only one that changes this field of it.
    let transaction = unsafe { (*pg_sys::MyProc).vxid.lxid };
    TAKEN.with_borrow_mut(|(of, taken)| {
        if *of != transaction {
            (*of, *taken) = (transaction, HashSet::new());
        }
        f(taken)
    })
}

/// A quarter of the server's table of locks.
fn most() -> usize {
    // SAFETY: settings of the server, which are fixed at its start.
    let (each, sessions) = unsafe { (pg_sys::max_locks_per_xact, pg_sys::MaxConnections) };
    each as usize * sessions as usize / 4
}

/// Refuses so many new locks where the transaction would hold too many.
fn check_room(new: usize) -> Result<(), Refused> {
    let most = most();
    with_taken(|taken| {
        if taken.len() + new > most {
            taken.retain(|lock| lock.is_held(false));
        }
        if taken.len() + new > most { Err(Refused::TooMany { most }) } else { Ok(()) }
    })
}

/// The locks that one call of [`take`] took.
pub struct Taken(Vec<Lock>);

impl Taken {
    /// Before the step begins anew with more keys; nothing may have been read or written under them.
    pub fn release(self) {
        self.0.iter().for_each(Lock::release);
        with_taken(|taken| self.0.iter().for_each(|lock| _ = taken.remove(lock)));
    }
}

/// Takes all of them, which are different keys.
pub fn take(locks: &[Lock]) -> Result<Taken, Refused> {
    let mut wanted: Vec<Lock> = polled(locks).filter(|lock| !lock.is_held(true)).copied().collect();
    let upgrades: Vec<Lock> =
        wanted.iter().filter_map(Lock::upgrade).filter(|upgrade| !upgrade.is_held(true)).collect();
    check_room(wanted.len() + upgrades.len())?;
    // Nobody waits for an upgrade, so it may be held while other locks are waited for.
    if !polled(&upgrades).all(|upgrade| upgrade.acquire(false)) {
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
            wanted.extend(upgrades);
            with_taken(|taken| taken.extend(&wanted));
            return Ok(Taken(wanted));
        }
        taken.into_iter().for_each(|n| wanted[n].release());
        awaited = blocked;
    }
}
