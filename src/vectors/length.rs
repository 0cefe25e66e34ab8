//! How long vectors may be. pgvector computes in single precision: outside these lengths a product overflows or
//! underflows, and the distance is NaN or 0. The tables hold no other vectors; see `nonzero_embedding`.

use std::ops::RangeInclusive;

/// The lengths of vectors that are stored and searched.
pub const LENGTHS: RangeInclusive<f64> = 1e-15..=1e15;

pub fn of(numbers: &[f32]) -> f64 {
    numbers.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt()
}

/// The same direction, of length 1.
pub fn unit(numbers: &[f32]) -> Vec<f32> {
    let length = of(numbers);
    numbers.iter().map(|x| (f64::from(*x) / length) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_survive() {
        for scale in [1e-40f32, 1e-30, 1.0, 1e38] {
            let vector = unit(&[0.6 * scale, 0.0, 0.8 * scale]);
            assert!((of(&vector) - 1.0).abs() < 1e-6, "{scale}");
        }
        assert_eq!(unit(&[0.0, -2.0]), [0.0, -1.0]);
    }
}
