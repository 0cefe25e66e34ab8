//! One order out of several: a sum of scaled scores or of reciprocal ranks, decay with age, and diversity.

use crate::interrupts::{poll, polled};

/// How scores of one search become shares from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    /// From the lowest score to the highest; none where there is no score.
    pub fn between(scores: impl Iterator<Item = f64>) -> Option<Self> {
        let (low, high) =
            scores.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), s| (low.min(s), high.max(s)));
        (low <= high).then_some(Self { low, high })
    }

    /// From 0, which is the score of a row that was not found.
    pub fn up_to_highest(scores: impl Iterator<Item = f64>) -> Option<Self> {
        Self::between(scores).filter(|scale| scale.high > 0.0).map(|scale| Self { low: 0.0, ..scale })
    }

    /// Equal scores are all the best.
    pub fn share(self, score: f64) -> f64 {
        if self.high > self.low { ((score - self.low) / (self.high - self.low)).clamp(0.0, 1.0) } else { 1.0 }
    }
}

/// The weights of the arms as shares of 1; an arm that found nothing leaves its share to the other.
pub fn shared(weights: [f64; 2], present: [bool; 2]) -> [f64; 2] {
    let weights = [0, 1].map(|n| if present[n] { weights[n] } else { 0.0 });
    let sum = weights[0] + weights[1];
    if sum > 0.0 { weights.map(|weight| weight / sum) } else { [0.0; 2] }
}

/// The contributions of the ranks in two lists.
pub fn ranks(
    vector: Option<i64>,
    text: Option<i64>,
    vector_weight: f64,
    text_weight: f64,
    constant: f64,
) -> f64 {
    reciprocal(vector, vector_weight, constant) + reciprocal(text, text_weight, constant)
}

/// The contribution of a rank; 0 where a row is not in that list.
fn reciprocal(rank: Option<i64>, weight: f64, constant: f64) -> f64 {
    rank.map_or(0.0, |rank| weight / (constant + rank as f64))
}

/// How a score sinks with the age of its row, both in seconds: by half for each half-life, to no less than a share.
#[derive(Debug, Clone, Copy)]
pub struct Decay {
    pub age: f64,
    pub half_life: Option<f64>,
    pub floor: f64,
}

impl Decay {
    fn logarithm(self) -> f64 {
        let halves = self.half_life.map_or(0.0, |half_life| self.age.max(0.0) / half_life);
        (-std::f64::consts::LN_2 * halves).max(self.floor.ln())
    }

    /// The share of a score that is left.
    pub fn share(self) -> f64 {
        self.logarithm().exp()
    }

    /// The logarithm of what is left of a score. Orders rows even where their scores are too small for a number.
    pub fn order(self, ranks: f64) -> f64 {
        ranks.ln() + self.logarithm()
    }
}

/// Scores from their logarithms, as shares of the highest.
fn shares(orders: &[f64]) -> Vec<f64> {
    let highest = orders.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // Without a finite one there is nothing to tell apart.
    orders.iter().map(|order| if highest.is_finite() { (order - highest).exp() } else { 0.0 }).collect()
}

fn length(x: &[f32]) -> f64 {
    dot(x, x).sqrt()
}

fn dot(x: &[f32], y: &[f32]) -> f64 {
    // Four sums, so that the additions do not wait for each other.
    let (xs, x_rest) = x.as_chunks::<4>();
    let (ys, y_rest) = y.as_chunks::<4>();
    let mut sums = [0f32; 4];
    // bounded: a vector has at most 16,000 numbers.
    for (a, b) in xs.iter().zip(ys) {
        // bounded: four.
        for n in 0..4 {
            sums[n] += a[n] * b[n];
        }
    }
    let rest: f32 = x_rest.iter().zip(y_rest).map(|(a, b)| a * b).sum();
    f64::from(sums.iter().sum::<f32>() + rest)
}

/// Cosine similarity of vectors with their lengths; 0 where one has no direction, or the numbers leave the range of f32.
fn cosine((x, x_length): (&[f32], f64), (y, y_length): (&[f32], f64)) -> f64 {
    let similarity = dot(x, y) / (x_length * y_length);
    if similarity.is_finite() { similarity } else { 0.0 }
}

/// Maximal marginal relevance: the positions of `k` items, each chosen for
/// `lambda * relevance - (1 - lambda) * likeness to the nearest one chosen before`.
/// Relevance comes as its logarithm and is scaled to 0..1; the earlier item wins a tie, so the order is the same each time.
/// An item without a vector is like no other.
pub fn diversify(orders: &[f64], vectors: &[Option<Vec<f32>>], lambda: f64, k: usize) -> Vec<usize> {
    let relevance = shares(orders);
    let count = relevance.len().min(vectors.len());
    let highest = relevance.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let lowest = relevance.iter().copied().fold(f64::INFINITY, f64::min);
    let span = if highest > lowest { highest - lowest } else { 1.0 };
    let vectors: Vec<_> = vectors.iter().map(|v| v.as_deref().map(|v| (v, length(v)))).collect();
    let mut nearest = vec![0f64; count];
    let mut left: Vec<usize> = (0..count).collect();
    let mut chosen = Vec::with_capacity(k.min(count));
    while chosen.len() < k && !left.is_empty() {
        poll();
        let worth = |n: usize| lambda * (relevance[n] - lowest) / span - (1.0 - lambda) * nearest[n];
        let mut best = 0;
        for at in polled(1..left.len()) {
            if worth(left[at]) > worth(left[best]) {
                best = at;
            }
        }
        let picked = left.remove(best);
        for n in &left {
            poll();
            if let (Some(x), Some(y)) = (vectors[picked], vectors[*n]) {
                nearest[*n] = nearest[*n].max(cosine(x, y));
            }
        }
        chosen.push(picked);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn scores_are_scaled() {
        let scale = Scale::between([0.2, 0.7, 0.4].into_iter()).unwrap();
        assert_eq!([0.2, 0.7, 0.9, 0.1].map(|s| scale.share(s)), [0.0, 1.0, 1.0, 0.0]);
        assert_eq!(Scale::between([0.3, 0.3].into_iter()).map(|s| s.share(0.3)), Some(1.0));
        assert_eq!(Scale::between(std::iter::empty()), None);
        assert_eq!(Scale::up_to_highest([2.0, 4.0].into_iter()).map(|s| s.share(2.0)), Some(0.5));
        assert_eq!(Scale::up_to_highest([0.0].into_iter()), None);
        assert_eq!(shared([1.0, 3.0], [true, true]), [0.25, 0.75]);
        assert_eq!(shared([1.0, 3.0], [true, false]), [1.0, 0.0]);
        assert_eq!(shared([0.0, 3.0], [true, false]), [0.0, 0.0]);
    }

    #[test]
    fn ranks_and_ages() {
        assert_eq!(reciprocal(Some(1), 1.0, 60.0), 1.0 / 61.0);
        assert_eq!(reciprocal(None, 1.0, 60.0), 0.0);
        let decay = |age, half_life, floor| Decay { age, half_life, floor };
        assert_eq!(decay(100.0, None, 0.0).share(), 1.0);
        assert!((decay(3600.0, Some(3600.0), 0.0).share() - 0.5).abs() < 1e-12);
        assert!((decay(3600.0, Some(600.0), 0.25).share() - 0.25).abs() < 1e-12);
        assert_eq!(decay(-5.0, Some(10.0), 0.0).share(), 1.0);
        assert_eq!(decay(1.0, None, 0.0).order(0.0), f64::NEG_INFINITY);
    }

    #[test]
    fn the_order_outlives_the_score() {
        let old = |age| Decay { age, half_life: Some(60.0), floor: 0.0 };
        let week = 604_800.0;
        assert_eq!(old(week).share(), 0.0);
        assert!(old(week).order(0.01) > old(week + 1.0).order(0.01));
        assert!(old(week).order(0.02) > old(week).order(0.01));
        assert_eq!(shares(&[-10_000.0, -10_001.0, f64::NEG_INFINITY]), [1.0, (-1f64).exp(), 0.0]);
        assert_eq!(shares(&[f64::NEG_INFINITY; 2]), [0.0; 2]);
        assert_eq!(shares(&[]), [0f64; 0]);
    }

    #[test]
    fn diversity_skips_a_copy() {
        let vectors = [vec![1.0, 0.0], vec![1.0, 0.0], vec![0.0, 1.0]].map(Some);
        let relevance = [1f64, 0.9, 0.5].map(f64::ln);
        assert_eq!(diversify(&relevance, &vectors, 0.5, 2), [0, 2]);
        assert_eq!(diversify(&relevance, &vectors, 1.0, 3), [0, 1, 2]);
        assert_eq!(diversify(&relevance, &[None, None, None], 0.3, 9), [0, 1, 2]);
        assert_eq!(diversify(&[], &[], 0.5, 3), [0usize; 0]);
    }

    proptest! {
        #[test]
        fn every_item_once(relevance in proptest::collection::vec(-2000f64..0.0, 0..20), lambda in 0f64..=1.0, k in 0usize..30) {
            let vectors: Vec<_> = (0..relevance.len()).map(|n| Some(vec![(n as f32).cos(), (n as f32).sin(), 0.5])).collect();
            let mut chosen = diversify(&relevance, &vectors, lambda, k);
            prop_assert_eq!(chosen.len(), k.min(relevance.len()));
            chosen.sort_unstable();
            chosen.dedup();
            prop_assert_eq!(chosen.len(), k.min(relevance.len()));
        }

        #[test]
        fn cosine_is_that_of_the_definition(x in proptest::collection::vec(-1f32..1.0, 7), y in proptest::collection::vec(-1f32..1.0, 7)) {
            let sum = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(p, q)| f64::from(*p) * f64::from(*q)).sum::<f64>();
            let wanted = sum(&x, &y) / (sum(&x, &x) * sum(&y, &y)).sqrt();
            prop_assume!(wanted.is_finite());
            prop_assert!((cosine((&x, length(&x)), (&y, length(&y))) - wanted).abs() < 1e-5);
        }
    }
}
