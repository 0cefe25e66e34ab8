//! Half-precision numbers (IEEE 754 binary16), as `halfvec` and clients have them.

use std::ops::RangeInclusive;

use half::f16;

use super::length;

/// The largest number in half precision.
pub const LARGEST: f32 = 65_504.0;

/// pgvector's vectors have at most so many dimensions.
pub const MAX_DIMS: usize = 16_000;

/// So many dimensions fit into a page, with the rest of the row or the links of the graph.
pub const INLINE_DIMS: i32 = 1900;

/// The same in half precision.
pub const INLINE_HALF_DIMS: i32 = 3900;

/// Spaces of these dimensions have a column of halves: the vectors do not fit into a page of the table, their
/// halves do.
pub const DIMS_WITH_HALVES: RangeInclusive<i32> = INLINE_DIMS + 1..=INLINE_HALF_DIMS;

#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum Invalid {
    #[error("a vector has 1 to {MAX_DIMS} numbers, this one has {numbers}")]
    Dims { numbers: usize },
    #[error("number {position} of the vector is not finite")]
    NotFinite { position: usize },
    #[error("half-precision numbers have two bytes each, these are {bytes}")]
    OddBytes { bytes: usize },
}

/// The numbers of a little-endian byte string.
pub fn decode(bytes: &[u8]) -> Result<Vec<f32>, Invalid> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(Invalid::OddBytes { bytes: bytes.len() });
    }
    if pairs.is_empty() || pairs.len() > MAX_DIMS {
        return Err(Invalid::Dims { numbers: pairs.len() });
    }
    let numbers: Vec<f32> = pairs.iter().map(|pair| f16::from_le_bytes(*pair).to_f32()).collect();
    match numbers.iter().position(|x| !x.is_finite()) {
        Some(n) => Err(Invalid::NotFinite { position: n + 1 }),
        None => Ok(numbers),
    }
}

/// Halves of a vector, rounded to the nearest, and of length 1 where only its direction counts: so that
/// none is too long or too short. What is still too large becomes the largest.
pub fn encode(vector: &[f32], unit: bool) -> Vec<u16> {
    let length = length::of(vector);
    let scale = if unit && length > 0.0 { length } else { 1.0 };
    let limit = f64::from(f16::MAX);
    vector.iter().map(|x| f16::from_f64((f64::from(*x) / scale).clamp(-limit, limit)).to_bits()).collect()
}

/// The first number that half precision does not hold. Rounding takes numbers below 65,520 to the largest.
pub fn beyond(vector: &[f32]) -> Option<(usize, f32)> {
    vector.iter().position(|x| f16::from_f32(*x).is_infinite()).map(|n| (n + 1, vector[n]))
}

/// Numbers of halves in the server's byte order.
pub fn widen(halves: &[u16]) -> Vec<f32> {
    halves.iter().map(|bits| f16::from_bits(*bits).to_f32()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn golden() {
        // 1, -2, 1/3 rounded, the largest, the smallest, the smallest normal, -0
        let bytes = [0x00, 0x3c, 0x00, 0xc0, 0x55, 0x35, 0xff, 0x7b, 0x01, 0x00, 0x00, 0x04, 0x00, 0x80];
        let numbers = [1.0, -2.0, 0.333_251_95, 65504.0, 5.960_464_5e-8, 6.103_515_6e-5, -0.0];
        assert_eq!(decode(&bytes), Ok(numbers.to_vec()));
        let halves: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|b| u16::from_le_bytes(*b)).collect();
        assert_eq!(encode(&numbers, false), halves);
        assert_eq!(widen(&halves), numbers);
        // Ties go to the even neighbour, as in pgvector.
        assert_eq!(encode(&[2049.0, 2051.0, 1.0 / 3.0], false), [0x6800, 0x6802, 0x3555]);
    }

    #[test]
    fn refused() {
        assert_eq!(decode(&[]), Err(Invalid::Dims { numbers: 0 }));
        assert_eq!(decode(&[0; 3]), Err(Invalid::OddBytes { bytes: 3 }));
        assert_eq!(decode(&[0; 2 * MAX_DIMS + 2]), Err(Invalid::Dims { numbers: MAX_DIMS + 1 }));
        assert_eq!(decode(&[0x00, 0x3c, 0x00, 0x7c]), Err(Invalid::NotFinite { position: 2 }));
        assert_eq!(decode(&[0x00, 0x7e]), Err(Invalid::NotFinite { position: 1 }));
    }

    #[test]
    fn half_precision_ends() {
        assert_eq!(LARGEST, f16::MAX.to_f32());
        assert_eq!(beyond(&[1.0, -65_519.0]), None);
        assert_eq!(beyond(&[1.0, 65_504.0, -65_520.0]), Some((3, -65_520.0)));
    }

    #[test]
    fn unit_length_keeps_every_direction() {
        assert_eq!(encode(&[3e38, 3e38], true), [0x39a8, 0x39a8]);
        assert_eq!(encode(&[1e-40, 0.0], true), [0x3c00, 0]);
        assert_eq!(encode(&[1e6, -1e6], false), [0x7bff, 0xfbff]);
        assert_eq!(encode(&[0.0, 0.0], true), [0, 0]);
    }

    proptest! {
        #[test]
        fn every_finite_half_survives(bits in any::<u16>()) {
            let found = decode(&bits.to_le_bytes());
            match found {
                Ok(numbers) => prop_assert_eq!(encode(&numbers, false), [bits]),
                Err(_) => prop_assert_eq!(bits & 0x7c00, 0x7c00),
            }
        }

        #[test]
        fn halves_are_near(numbers in proptest::collection::vec(-100f32..100.0, 1..50)) {
            for (x, y) in numbers.iter().zip(widen(&encode(&numbers, false))) {
                prop_assert!((x - y).abs() <= x.abs() / 2048.0 + 6e-8);
            }
        }
    }
}
