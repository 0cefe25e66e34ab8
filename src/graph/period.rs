//! Half-open periods of time and sets of them, in microseconds as PostgreSQL counts them.

use crate::interrupts::{poll, polled};

/// Earliest instant: `-infinity`.
pub const BEGIN: i64 = i64::MIN;
/// Latest instant: `infinity`.
pub const END: i64 = i64::MAX;

/// `[start, end)`, never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    pub start: i64,
    pub end: i64,
}

impl Period {
    pub const ALWAYS: Self = Self { start: BEGIN, end: END };

    /// `None` where nothing lies between the bounds.
    pub fn new(start: i64, end: i64) -> Option<Self> {
        (start < end).then_some(Self { start, end })
    }

    pub fn intersect(self, other: Self) -> Option<Self> {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }
}

/// Periods in order, apart from each other: neither overlapping nor adjacent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Periods(Vec<Period>);

impl Periods {
    pub fn iter(&self) -> impl Iterator<Item = Period> + '_ {
        self.0.iter().copied()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The part that lies in both.
    pub fn intersect(&self, other: &Self) -> Self {
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut both = Vec::new();
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            poll();
            both.extend(a.intersect(**b));
            // The one that ends first meets nothing that follows.
            if a.end <= b.end {
                left.next()
            } else {
                right.next()
            };
        }
        Self(both)
    }

    /// The part that lies in `self` and not in `other`.
    pub fn subtract(&self, other: &Self) -> Self {
        let mut rest = Vec::new();
        let mut holes = other.0.as_slice();
        for period in &self.0 {
            poll();
            let first = holes.partition_point(|hole| hole.end <= period.start);
            // The last hole may reach into the next period.
            holes = &holes[first..];
            let mut start = period.start;
            for hole in polled(holes.iter().map_while(|hole| hole.intersect(*period))) {
                rest.extend(Period::new(start, hole.start));
                start = hole.end;
            }
            rest.extend(Period::new(start, period.end));
        }
        Self(rest)
    }
}

impl From<Period> for Periods {
    fn from(period: Period) -> Self {
        Self(vec![period])
    }
}

impl FromIterator<Period> for Periods {
    /// In any order, overlapping or not.
    fn from_iter<I: IntoIterator<Item = Period>>(periods: I) -> Self {
        let mut sorted: Vec<Period> = periods.into_iter().collect();
        sorted.sort_unstable();
        let mut merged: Vec<Period> = Vec::with_capacity(sorted.len());
        for period in polled(sorted) {
            match merged.last_mut() {
                Some(last) if period.start <= last.end => last.end = last.end.max(period.end),
                _ => merged.push(period),
            }
        }
        Self(merged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_period() -> impl Strategy<Value = Period> {
        let bound = || prop_oneof![Just(BEGIN), Just(END), -6i64..6];
        (bound(), bound()).prop_filter_map("not empty", |(a, b)| Period::new(a.min(b), a.max(b)))
    }

    fn holds(set: &Periods, v: i64) -> bool {
        set.iter().any(|p| p.start <= v && v < p.end)
    }

    #[test]
    fn empty_and_inverted_are_none() {
        assert_eq!(Period::new(1, 1), None);
        assert_eq!(Period::new(2, 1), None);
        assert_eq!(Period::new(BEGIN, END), Some(Period::ALWAYS));
    }

    proptest! {
        #[test]
        fn sets_are_what_they_hold(a in prop::collection::vec(any_period(), 0..5), b in prop::collection::vec(any_period(), 0..5)) {
            let (x, y): (Periods, Periods) = (a.iter().copied().collect(), b.iter().copied().collect());
            for v in [BEGIN, BEGIN + 1, END - 1].into_iter().chain(-8..8) {
                let inside = |list: &[Period]| list.iter().any(|p| p.start <= v && v < p.end);
                prop_assert_eq!(holds(&x, v), inside(&a));
                prop_assert_eq!(holds(&x.intersect(&y), v), inside(&a) && inside(&b));
                prop_assert_eq!(holds(&x.subtract(&y), v), inside(&a) && !inside(&b));
            }
            for set in [&x, &x.intersect(&y), &x.subtract(&y)] {
                for pair in set.0.windows(2) {
                    prop_assert!(pair[0].end < pair[1].start, "{:?}", set);
                }
            }
        }
    }
}
