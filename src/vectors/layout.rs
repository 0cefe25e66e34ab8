//! The bytes of pgvector's values after their length word: dimensions (2 bytes), 2 unused, the numbers.

use super::halves;

/// The numbers of a `vector` or a `halfvec`, whichever the length says it is.
pub fn numbers(body: &[u8]) -> Option<Vec<f32>> {
    let (head, rest) = body.split_at_checked(4)?;
    let dims = usize::from(u16::from_ne_bytes([head[0], head[1]]));
    if rest.len() == 4 * dims {
        return Some(rest.as_chunks::<4>().0.iter().map(|bytes| f32::from_ne_bytes(*bytes)).collect());
    }
    let (pairs, _) = rest.as_chunks::<2>();
    (rest.len() == 2 * dims)
        .then(|| halves::widen(&pairs.iter().map(|bytes| u16::from_ne_bytes(*bytes)).collect::<Vec<_>>()))
}

fn value(dims: usize, numbers: impl Iterator<Item = u8>) -> Vec<u8> {
    let mut body = Vec::with_capacity(4 + 4 * dims);
    body.extend(u16::try_from(dims).unwrap_or_default().to_ne_bytes());
    body.extend([0, 0]);
    body.extend(numbers);
    body
}

/// A `vector` without its length word.
pub fn vector(numbers: &[f32]) -> Vec<u8> {
    value(numbers.len(), numbers.iter().flat_map(|x| x.to_ne_bytes()))
}

/// A `halfvec` without its length word.
pub fn halfvec(halves: &[u16]) -> Vec<u8> {
    value(halves.len(), halves.iter().flat_map(|x| x.to_ne_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let given = [0.5, -1.25, 3.0];
        assert_eq!(numbers(&vector(&given)), Some(given.to_vec()));
        assert_eq!(numbers(&halfvec(&halves::encode(&given, false))), Some(given.to_vec()));
        assert_eq!(numbers(&[]), None);
        assert_eq!(numbers(&[3, 0, 0, 0, 1]), None);
    }
}
