//! SQL face of what may be done by one session at a time.
#![allow(unsafe_code)] // what #[pg_extern] expands to

use pgrx::prelude::*;

use crate::server::locks::Lock;

/// The class of these locks.
const CLASS: u16 = 60;

/// Takes a lock of this name to the end of the transaction: a lock that no session can take by number.
#[pg_extern(sql = false)]
fn _exclusive(name: &str, wait: bool) -> bool {
    let hash = blake3::hash(name.as_bytes());
    Lock::new(CLASS, hash.as_bytes().first_chunk().copied().unwrap_or_default(), true).acquire(wait)
}
