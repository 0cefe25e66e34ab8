//! How many rows a search may find, remembered by the session for half a minute. An old count costs time,
//! never rows: what it decides is the way, and both ways find what there is.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::route::Rows;

const LIFE: Duration = Duration::from_secs(30);
const CAPACITY: usize = 4096;

thread_local! {
    static COUNTS: RefCell<HashMap<u64, (Instant, Rows)>> = RefCell::default();
}

pub fn get(key: u64) -> Option<Rows> {
    COUNTS.with_borrow(|counts| counts.get(&key).filter(|(at, _)| at.elapsed() < LIFE).map(|(_, rows)| *rows))
}

pub fn put(key: u64, rows: Rows) {
    COUNTS.with_borrow_mut(|counts| {
        if counts.len() >= CAPACITY {
            counts.retain(|_, (at, _)| at.elapsed() < LIFE);
        }
        if counts.len() >= CAPACITY {
            counts.clear();
        }
        counts.insert(key, (Instant::now(), rows));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_and_stays_small() {
        for key in 0..3 * CAPACITY as u64 {
            put(key, Rows::Exactly(key as i64));
        }
        assert_eq!(get(3 * CAPACITY as u64 - 1), Some(Rows::Exactly(3 * CAPACITY as i64 - 1)));
        assert!(COUNTS.with_borrow(HashMap::len) <= CAPACITY);
    }
}
