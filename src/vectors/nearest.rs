//! The nearest of rows that are seen one by one.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A row; the greater one is farther, ties by id.
#[derive(Debug, Clone, Copy)]
pub struct Nearest {
    pub distance: f64,
    pub id: [u8; 16],
}

impl Nearest {
    fn key(&self) -> (f64, &[u8; 16]) {
        // A distance of -0 is one of 0.
        (self.distance + 0.0, &self.id)
    }

    /// Keeps it among the nearest `k`.
    pub fn keep(self, heap: &mut BinaryHeap<Self>, k: usize) {
        if heap.len() < k {
            heap.push(self);
        } else if let Some(mut farthest) = heap.peek_mut()
            && self < *farthest
        {
            *farthest = self;
        }
    }
}

impl Ord for Nearest {
    fn cmp(&self, other: &Self) -> Ordering {
        let ((x, a), (y, b)) = (self.key(), other.key());
        x.total_cmp(&y).then_with(|| a.cmp(b))
    }
}

impl PartialOrd for Nearest {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Nearest {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Nearest {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn nearest(rows: &[(i8, u8)], k: usize) -> Vec<(f64, u8)> {
        let mut heap = BinaryHeap::new();
        for (distance, n) in rows {
            Nearest { distance: f64::from(*distance), id: [*n; 16] }.keep(&mut heap, k);
        }
        heap.into_sorted_vec().iter().map(|hit| (hit.distance, hit.id[0])).collect()
    }

    #[test]
    fn minus_zero_is_zero() {
        let at = |distance, n| Nearest { distance, id: [n; 16] };
        assert!(at(-0.0, 2) > at(0.0, 1) && at(0.0, 2) > at(-0.0, 1));
    }

    proptest! {
        #[test]
        fn as_a_sort(rows in prop::collection::vec((-3i8..3, any::<u8>()), 0..60), k in 0usize..20) {
            let mut sorted: Vec<_> = rows.iter().map(|(distance, n)| (f64::from(*distance), *n)).collect();
            sorted.sort_by(|x, y| x.0.total_cmp(&y.0).then(x.1.cmp(&y.1)));
            sorted.truncate(k);
            prop_assert_eq!(nearest(&rows, k), sorted);
        }
    }
}
