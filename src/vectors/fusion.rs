//! One order out of several: reciprocal ranks, decay with age, and diversity.

/// What a rank contributes; nothing where a row is not in that list.
pub fn reciprocal(rank: Option<i64>, weight: f64, constant: f64) -> f64 {
    rank.map_or(0.0, |rank| weight / (constant + rank as f64))
}

/// How much of a score is left after `age` of something that halves each `half_life`.
pub fn decay(age_seconds: f64, half_life_seconds: Option<f64>) -> f64 {
    match half_life_seconds {
        Some(half_life) => (-std::f64::consts::LN_2 * age_seconds.max(0.0) / half_life).exp(),
        None => 1.0,
    }
}

fn length(x: &[f32]) -> f64 {
    dot(x, x).sqrt()
}

fn dot(x: &[f32], y: &[f32]) -> f64 {
    // Four sums, so that the additions do not wait for each other.
    let (xs, x_rest) = x.as_chunks::<4>();
    let (ys, y_rest) = y.as_chunks::<4>();
    let mut sums = [0f32; 4];
    for (a, b) in xs.iter().zip(ys) {
        for n in 0..4 {
            sums[n] += a[n] * b[n];
        }
    }
    let rest: f32 = x_rest.iter().zip(y_rest).map(|(a, b)| a * b).sum();
    f64::from(sums.iter().sum::<f32>() + rest)
}

/// Cosine similarity; 0 where one has no direction, or the numbers leave the range of f32.
pub fn cosine(x: &[f32], y: &[f32]) -> f64 {
    let similarity = dot(x, y) / (length(x) * length(y));
    if similarity.is_finite() { similarity } else { 0.0 }
}

/// Maximal marginal relevance: the positions of `k` items, each chosen for
/// `lambda * relevance - (1 - lambda) * likeness to the nearest one chosen before`.
/// Relevance is scaled to 0..1; the earlier item wins a tie, so the order is the same each time.
/// An item without a vector is like no other. `poll` is called for each choice.
pub fn diversify(
    relevance: &[f64],
    vectors: &[Option<Vec<f32>>],
    lambda: f64,
    k: usize,
    mut poll: impl FnMut(),
) -> Vec<usize> {
    let count = relevance.len().min(vectors.len());
    let highest = relevance.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let lowest = relevance.iter().copied().fold(f64::INFINITY, f64::min);
    let span = if highest > lowest { highest - lowest } else { 1.0 };
    let mut nearest = vec![0f64; count];
    let mut left: Vec<usize> = (0..count).collect();
    let mut chosen = Vec::with_capacity(k.min(count));
    while chosen.len() < k && !left.is_empty() {
        poll();
        let worth = |n: usize| lambda * (relevance[n] - lowest) / span - (1.0 - lambda) * nearest[n];
        let mut best = 0;
        for at in 1..left.len() {
            if worth(left[at]) > worth(left[best]) {
                best = at;
            }
        }
        let picked = left.remove(best);
        for n in &left {
            if let (Some(x), Some(y)) = (&vectors[picked], &vectors[*n]) {
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
    fn ranks_and_ages() {
        assert_eq!(reciprocal(Some(1), 1.0, 60.0), 1.0 / 61.0);
        assert_eq!(reciprocal(None, 1.0, 60.0), 0.0);
        assert_eq!(decay(100.0, None), 1.0);
        assert!((decay(3600.0, Some(3600.0)) - 0.5).abs() < 1e-12);
        assert_eq!(decay(-5.0, Some(10.0)), 1.0);
    }

    #[test]
    fn diversity_skips_a_copy() {
        let vectors = [vec![1.0, 0.0], vec![1.0, 0.0], vec![0.0, 1.0]].map(Some);
        let relevance = [1.0, 0.9, 0.5];
        assert_eq!(diversify(&relevance, &vectors, 0.5, 2, || ()), [0, 2]);
        assert_eq!(diversify(&relevance, &vectors, 1.0, 3, || ()), [0, 1, 2]);
        assert_eq!(diversify(&relevance, &[None, None, None], 0.3, 9, || ()), [0, 1, 2]);
        assert_eq!(diversify(&[], &[], 0.5, 3, || ()), [0usize; 0]);
    }

    proptest! {
        #[test]
        fn every_item_once(relevance in proptest::collection::vec(0f64..1.0, 0..20), lambda in 0f64..=1.0, k in 0usize..30) {
            let vectors: Vec<_> = (0..relevance.len()).map(|n| Some(vec![(n as f32).cos(), (n as f32).sin(), 0.5])).collect();
            let mut chosen = diversify(&relevance, &vectors, lambda, k, || ());
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
            prop_assert!((cosine(&x, &y) - wanted).abs() < 1e-5);
        }
    }
}
