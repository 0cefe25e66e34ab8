//! Estimates of a session, kept 30 s: how many rows a search may find, and their share among the nearest. A stale
//! one can make a search slower, never wrong, as every plan returns the same rows.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::route::Rows;

const LIFE: Duration = Duration::from_secs(30);
const CAPACITY: usize = 4096;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known {
    /// The number of the table.
    pub relation: u32,
    pub rows: Rows,
    /// Rows of the tenant's own index, where it has one.
    pub own: Option<i64>,
    /// Of the candidates of the last passes through the index; unknown before one.
    pub share: Option<f64>,
}

thread_local! {
    static KNOWN: RefCell<HashMap<u64, (Instant, Known)>> = RefCell::default();
}

pub fn get(key: u64) -> Option<Known> {
    KNOWN.with_borrow(|known| known.get(&key).filter(|(at, _)| at.elapsed() < LIFE).map(|(_, found)| *found))
}

pub fn put(key: u64, found: Known) {
    KNOWN.with_borrow_mut(|known| {
        if known.len() >= CAPACITY {
            known.retain(|_, (at, _)| at.elapsed() < LIFE);
        }
        if known.len() >= CAPACITY {
            known.clear();
        }
        known.insert(key, (Instant::now(), found));
    });
}

/// Forgets what depends on a table whose indexes changed, or everything.
pub fn forget(changed: Option<u32>) {
    KNOWN.with(|known| {
        if let Ok(mut known) = known.try_borrow_mut() {
            known.retain(|_, (_, found)| changed.is_some_and(|changed| found.relation != changed));
        }
    });
}

/// Takes note of the share of a pass; the last ones count most, and none alone, as one query may be far from all rows.
/// `expected`: before there was one.
pub fn saw(key: u64, share: f64, expected: f64) {
    KNOWN.with_borrow_mut(|known| {
        if let Some((_, found)) = known.get_mut(&key) {
            found.share = Some((found.share.unwrap_or(expected) + share) / 2.0);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(relation: u32, rows: i64) -> Known {
        Known { relation, rows: Rows::Exactly(rows), own: None, share: None }
    }

    #[test]
    fn remembers_and_stays_small() {
        for key in 0..3 * CAPACITY as u64 {
            put(key, counted(1, key as i64));
        }
        let last = 3 * CAPACITY as u64 - 1;
        assert_eq!(get(last), Some(counted(1, last as i64)));
        assert!(KNOWN.with_borrow(HashMap::len) <= CAPACITY);
        saw(last, 0.4, 0.6);
        saw(last, 0.1, 0.6);
        assert_eq!(get(last).and_then(|known| known.share), Some(0.3));
        saw(last + 1, 0.5, 0.5);
        assert_eq!(get(last + 1), None);
        put(last + 1, counted(2, 7));
        forget(Some(1));
        assert_eq!((get(last), get(last + 1)), (None, Some(counted(2, 7))));
    }
}
