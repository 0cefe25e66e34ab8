//! The transaction time of a write: after everything that it replaces, whatever the clocks say.

/// The stamps of a version of the key that is written.
#[derive(Debug, Clone, Copy)]
pub struct Stamps {
    pub since: i64,
    pub until: i64,
    /// Written by the own transaction.
    pub own: bool,
}

/// The time of a write by a transaction that began at `now`: later than every version of others
/// that is current, not before the end of one that is closed, and the same for all writes of the
/// own transaction to the key.
pub fn instant(now: i64, versions: impl IntoIterator<Item = Stamps>) -> i64 {
    versions.into_iter().fold(now, |latest, version| {
        let after = if version.own { version.since } else { version.since.saturating_add(1) };
        let end = if version.until == i64::MAX { i64::MIN } else { version.until };
        latest.max(after).max(end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(since: i64, until: i64, own: bool) -> Stamps {
        Stamps { since, until, own }
    }

    #[test]
    fn after_everything_that_others_wrote() {
        assert_eq!(instant(100, []), 100);
        assert_eq!(instant(100, [version(50, i64::MAX, false)]), 100);
        // The clock was set back, or the other transaction began later than this one.
        assert_eq!(instant(100, [version(100, i64::MAX, false)]), 101);
        assert_eq!(instant(100, [version(250, i64::MAX, false)]), 251);
        assert_eq!(instant(100, [version(50, 300, false)]), 300);
    }

    #[test]
    fn one_time_for_the_whole_transaction() {
        let first = instant(100, [version(100, i64::MAX, false)]);
        assert_eq!(instant(100, [version(100, first, true), version(first, i64::MAX, true)]), first);
    }
}
