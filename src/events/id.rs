//! Ids of events: UUIDs of version 7. The server's uuidv7() asks the system for random bytes at each
//! call, which where it was built without OpenSSL opens a file; here they are taken 64 ids at a time.

use uuid::{Builder, Uuid};

/// Random bytes for so many ids are taken at once.
pub const POOL: usize = 64 * 8;

/// Makes ids that grow within a session.
#[derive(Debug)]
pub struct Ids {
    last: u64,
    pool: [u8; POOL],
    used: usize,
}

impl Ids {
    pub const NEW: Self = Self { last: 0, pool: [0; POOL], used: POOL };

    /// An id at `micros` since 1970; `fill` puts random bytes into the pool, or fails.
    pub fn next(&mut self, micros: u64, fill: impl FnOnce(&mut [u8]) -> bool) -> Option<Uuid> {
        if self.used == POOL {
            fill(&mut self.pool).then_some(())?;
            self.used = 0;
        }
        let mut below = [0; 10];
        below[2..].copy_from_slice(&self.pool[self.used..self.used + 8]);
        self.pool[self.used..self.used + 8].fill(0);
        self.used += 8;
        // Milliseconds, and 12 bits of what is below them; never the same twice.
        let time = ((micros / 1000) << 12) | ((micros % 1000) * 4096 / 1000);
        self.last = time.max(self.last + 1);
        below[..2].copy_from_slice(&((self.last & 0xfff) as u16).to_be_bytes());
        // The builder puts version and variant over the first bits of the counter and of the random bytes.
        Some(Builder::from_unix_timestamp_millis(self.last >> 12, &below).into_uuid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_variant_time_and_order() {
        let mut ids = Ids::NEW;
        let mut fills = 0;
        let mut make = |micros| {
            ids.next(micros, |pool| {
                fills += 1;
                pool.fill(0xa5);
                true
            })
        };
        let made: Vec<Uuid> = (0..200).filter_map(|i| make(1_795_410_528_445_205 + i / 3)).collect();
        assert_eq!(made.len(), 200);
        assert!(made.is_sorted_by(|a, b| a < b));
        for id in &made {
            assert_eq!((id.get_version_num(), id.get_variant()), (7, uuid::Variant::RFC4122));
            assert_eq!(id.as_u128() >> 80, 1_795_410_528_445);
        }
        // A clock that goes back.
        assert!(make(1).is_some_and(|id| id > made[199]));
        assert_eq!(fills, 4);
    }

    #[test]
    fn no_random_bytes_no_id() {
        let mut ids = Ids::NEW;
        assert_eq!(ids.next(1, |_| false), None);
    }
}
