//! Times that grow with each call, so that episodes of one transaction keep the order in which they were added.

/// The time to use, in microseconds: `clock`, or one more than the last where the clock did not advance.
pub fn after(last: i64, clock: i64) -> i64 {
    clock.max(last.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_grow_even_if_the_clock_does_not() {
        assert_eq!(after(i64::MIN, 5), 5);
        assert_eq!(after(5, 5), 6);
        assert_eq!(after(10, 3), 11);
    }
}
