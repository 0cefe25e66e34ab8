//! Positions of the feed: a number from 1 for each event that a transaction writes.

/// Counts within one transaction. A count over the life of a session would let the tenants of a
/// pooled connection count each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counter {
    transaction: u64,
    last: i64,
}

impl Counter {
    pub const NEW: Self = Self { transaction: 0, last: 0 };

    /// The next position in `transaction`.
    pub fn next(&mut self, transaction: u64) -> i64 {
        if self.transaction != transaction {
            *self = Self { transaction, last: 0 };
        }
        self.last += 1;
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begins_anew_with_each_transaction() {
        let mut counter = Counter::NEW;
        assert_eq!([counter.next(7), counter.next(7), counter.next(8), counter.next(8)], [1, 2, 1, 2]);
        assert_eq!(counter.next(7), 1);
    }
}
