//! Versions along one time axis; adjacent equal versions are merged.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::period::Period;
use crate::interrupts::poll;

/// A stretch of the axis; `None` where nothing is said.
pub type Stretch<C> = (Period, Option<C>);

/// The stretches of `window`. Where versions overlap, which only raw statements can bring about,
/// the one with the highest rank counts.
pub fn timeline<C: Clone>(
    versions: &[(Period, i64, C)],
    window: Period,
    with_gaps: bool,
    same: impl Fn(&C, &C) -> bool,
) -> Vec<Stretch<C>> {
    let mut order: Vec<usize> =
        (0..versions.len()).filter(|i| versions[*i].0.intersect(window).is_some()).collect();
    order.sort_by_key(|i| versions[*i].0);
    let mut out: Vec<Stretch<C>> = Vec::new();
    let mut push = |start: i64, end: i64, content: Option<&C>| {
        let Some(period) = Period::new(start, end) else { return };
        match (out.last_mut(), content) {
            (Some((last, Some(before))), Some(content))
                if last.end == period.start && same(before, content) =>
            {
                last.end = period.end;
            }
            (Some((last, None)), None) if last.end == period.start => last.end = period.end,
            (_, None) if !with_gaps => {}
            (_, content) => out.push((period, content.cloned())),
        }
    };
    // The versions that hold at `at`, the one that counts first.
    let mut active: BinaryHeap<(i64, Reverse<usize>)> = BinaryHeap::new();
    let mut waiting = order.into_iter().peekable();
    let mut at = window.start;
    while at < window.end {
        poll();
        // bounded: each version comes and goes once.
        while let Some(i) = waiting.next_if(|i| versions[*i].0.start <= at) {
            active.push((versions[i].1, Reverse(i)));
        }
        // bounded: each version goes once.
        while active.peek().is_some_and(|(_, Reverse(i))| versions[*i].0.end <= at) {
            active.pop();
        }
        let next = waiting.peek().map_or(window.end, |i| versions[*i].0.start.min(window.end));
        match active.peek() {
            Some((_, Reverse(i))) => {
                let end = versions[*i].0.end.min(next);
                push(at, end, Some(&versions[*i].2));
                at = end;
            }
            None => {
                push(at, next, None);
                at = next;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(
        versions: &[(i64, i64, i64, char)],
        window: (i64, i64),
        gaps: bool,
    ) -> Vec<(i64, i64, Option<char>)> {
        let versions: Vec<_> =
            versions.iter().map(|(a, b, rank, c)| (Period { start: *a, end: *b }, *rank, *c)).collect();
        let window = Period { start: window.0, end: window.1 };
        timeline(&versions, window, gaps, |a, b| a == b)
            .into_iter()
            .map(|(p, c)| (p.start, p.end, c))
            .collect()
    }

    #[test]
    fn neighbours_that_say_the_same_are_one() {
        let rows = [(12, 15, 1, 'x'), (15, 20, 1, 'x'), (25, i64::MAX, 1, 'y')];
        assert_eq!(run(&rows, (i64::MIN, i64::MAX), false), [(12, 20, Some('x')), (25, i64::MAX, Some('y'))]);
        assert_eq!(run(&rows, (14, 30), true), [(14, 20, Some('x')), (20, 25, None), (25, 30, Some('y'))]);
        assert_eq!(run(&[], (0, 5), true), [(0, 5, None)]);
    }

    proptest! {
        #[test]
        fn every_instant_has_its_highest_version(rows in prop::collection::vec((0i64..20, 1i64..8, 0i64..100, prop::char::range('a', 'c')), 0..8), gaps: bool) {
            // Ranks differ, so that the naive answer is one.
            let rows: Vec<_> = rows.iter().enumerate().map(|(i, (a, n, rank, c))| (*a, a + n, rank * 8 + i as i64, *c)).collect();
            let stretches = run(&rows, (2, 25), gaps);
            for v in 0..30 {
                let naive = rows.iter().filter(|r| (2..25).contains(&v) && r.0 <= v && v < r.1).max_by_key(|r| r.2).map(|r| r.3);
                let found: Vec<_> = stretches.iter().filter(|s| s.0 <= v && v < s.1).collect();
                prop_assert!(found.len() <= 1);
                prop_assert_eq!(found.first().and_then(|s| s.2), naive);
                prop_assert_eq!(found.is_empty(), naive.is_none() && !(gaps && (2..25).contains(&v)));
            }
            for pair in stretches.windows(2) {
                prop_assert!(pair[0].1 <= pair[1].0);
                prop_assert!(pair[0].1 < pair[1].0 || pair[0].2 != pair[1].2, "not coalesced: {:?}", stretches);
            }
        }
    }
}
