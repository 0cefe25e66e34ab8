//! How long vectors may be. pgvector computes in single precision: outside these lengths a product overflows or
//! underflows, and the distance is NaN or 0. The constraint `embedding_length` of the
//! tables keeps other vectors out.

use std::ops::RangeInclusive;

use super::invalid::Invalid;
use super::statement::Metric;

/// The lengths of vectors that are stored and searched.
pub const LENGTHS: RangeInclusive<f64> = 1e-15..=1e15;

/// The lengths that a metric allows in a table: only an angle needs a direction.
pub fn stored(metric: Metric) -> RangeInclusive<f64> {
    if metric == Metric::Cosine { LENGTHS } else { 0.0..=*LENGTHS.end() }
}

/// Whether a vector of this length may be stored.
pub fn check(length: f64, metric: Metric) -> Result<(), Invalid> {
    let allowed = stored(metric);
    match length {
        _ if allowed.contains(&length) => Ok(()),
        0.0 => Err(Invalid::Zero),
        _ if length < *allowed.start() => Err(Invalid::Short(length)),
        _ => Err(Invalid::Long(length)),
    }
}

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
    fn an_angle_needs_a_direction() {
        let all = [Metric::Cosine, Metric::L2, Metric::Ip];
        assert_eq!(all.map(|m| check(0.0, m)), [Err(Invalid::Zero), Ok(()), Ok(())]);
        assert_eq!(all.map(|m| check(1e-16, m)), [Err(Invalid::Short(1e-16)), Ok(()), Ok(())]);
        assert_eq!(all.map(|m| check(2e15, m)), [const { Err(Invalid::Long(2e15)) }; 3]);
        assert_eq!(all.map(|m| check(1.0, m)), [const { Ok(()) }; 3]);
    }

    #[test]
    fn directions_survive() {
        for scale in [1e-40f32, 1e-30, 1.0, 1e38] {
            let vector = unit(&[0.6 * scale, 0.0, 0.8 * scale]);
            assert!((of(&vector) - 1.0).abs() < 1e-6, "{scale}");
        }
        assert_eq!(unit(&[0.0, -2.0]), [0.0, -1.0]);
    }
}
