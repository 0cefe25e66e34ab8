//! Content-defined chunking: Gear rolling hash with normalized chunking (Xia et al., FastCDC, USENIX ATC 2016).
//!
//! Where a chunk ends depends on its own bytes alone, so equal stretches of two contents become equal
//! chunks, and the cuts are the same however the content arrives in parts. The table, the sizes and the
//! masks are frozen: another choice would cut known content anew and store it twice.

use std::ops::Range;

/// Of every chunk but the last of a content, bytes.
pub const MIN: usize = 4 << 10;
/// Where the stricter mask gives way to the looser one.
const AVERAGE: usize = 16 << 10;
/// Of every chunk, bytes.
pub const MAX: usize = 64 << 10;

/// Two bits more and two bits less than the average's 14 keep sizes near it. The highest bits are those
/// that the last 64 bytes have all had a part in.
const STRICT: u64 = !0 << (64 - 16);
const LOOSE: u64 = !0 << (64 - 12);

/// Version 1: the outputs of SplitMix64 (Steele et al., 2014) from this seed.
const SEED: u64 = 0x6c6c_6d73_7065_6c6c;
static GEAR: [u64; 256] = gear(SEED);

/// The length of the first chunk of `data`, or `None` where it ends beyond `data`.
pub fn cut(data: &[u8]) -> Option<usize> {
    let window = &data[..data.len().min(MAX)];
    let mut hash = 0u64;
    let middle = window.len().min(AVERAGE);
    // bounded: a chunk of at most MAX bytes.
    for (from, to, mask) in [(MIN.min(middle), middle, STRICT), (middle, window.len(), LOOSE)] {
        // Two bytes a step halve the chain of dependent additions, which bounds the speed.
        let (pairs, rest) = window[from..to].as_chunks::<2>();
        // bounded: MAX bytes.
        for (i, [first, second]) in pairs.iter().enumerate() {
            let first = GEAR[usize::from(*first)];
            let half = (hash << 1).wrapping_add(first);
            hash = (hash << 2).wrapping_add((first << 1).wrapping_add(GEAR[usize::from(*second)]));
            if (half & mask == 0) | (hash & mask == 0) {
                return Some(from + 2 * i + if half & mask == 0 { 1 } else { 2 });
            }
        }
        // bounded: one.
        for byte in rest {
            hash = (hash << 1).wrapping_add(GEAR[usize::from(*byte)]);
            if hash & mask == 0 {
                return Some(to);
            }
        }
    }
    (window.len() == MAX).then_some(MAX)
}

/// The chunks of `data`. What is left over is a chunk of its own only where the content ends here.
pub fn chunks(data: &[u8], is_last: bool) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = &data[start..];
        let length = cut(rest).or_else(|| (is_last && !rest.is_empty()).then_some(rest.len()))?;
        start += length;
        Some(start - length..start)
    })
}

const fn gear(seed: u64) -> [u64; 256] {
    let mut table = [0; 256];
    let mut state = seed;
    let mut i = 0;
    // bounded: 256, while compiling.
    while i < 256 {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        table[i] = z ^ (z >> 31);
        i += 1;
    }
    table
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reproducible bytes that no encoding makes smaller: an xorshift generator.
    pub fn noise(seed: u64, length: usize) -> Vec<u8> {
        let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        std::iter::repeat_with(|| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            (x >> 32) as u8
        })
        .take(length)
        .collect()
    }

    fn lengths(data: &[u8]) -> Vec<usize> {
        chunks(data, true).map(|range| range.len()).collect()
    }

    fn in_parts(data: &[u8], sizes: &[usize]) -> Vec<usize> {
        let (mut found, mut tail, mut at) = (Vec::new(), Vec::new(), 0);
        for size in sizes.iter().cycle() {
            let end = (at + size.max(&1)).min(data.len());
            tail.extend_from_slice(&data[at..end]);
            at = end;
            let ranges: Vec<_> = chunks(&tail, at == data.len()).collect();
            found.extend(ranges.iter().map(Range::len));
            tail.drain(..ranges.last().map_or(0, |range| range.end));
            if at == data.len() {
                return found;
            }
        }
        found
    }

    #[test]
    fn the_table_is_frozen() {
        let bytes: Vec<u8> = GEAR.iter().flat_map(|value| value.to_le_bytes()).collect();
        assert_eq!(GEAR[..2], [GOLDEN_TABLE.0, GOLDEN_TABLE.1]);
        assert_eq!(blake3::hash(&bytes).to_hex().as_str(), GOLDEN_TABLE.2);
    }

    #[test]
    fn the_cuts_are_frozen() {
        let text: Vec<u8> =
            (0..40_000u32).flat_map(|n| format!("line {}\n", n * n % 7919).into_bytes()).collect();
        for (data, golden) in
            [(noise(1, 300_000), GOLDEN_NOISE), (text, GOLDEN_TEXT), (vec![0; 200_000], GOLDEN_ZEROS)]
        {
            assert_eq!(lengths(&data), golden);
        }
    }

    #[test]
    fn sizes() {
        assert!(lengths(b"").is_empty());
        assert_eq!(lengths(b"x"), [1]);
        assert_eq!(lengths(&noise(2, MIN)), [MIN]);
        let found = lengths(&noise(3, 32 << 20));
        let mean = (32 << 20) / found.len();
        assert!((14 << 10..20 << 10).contains(&mean), "mean {mean}");
        let inner = &found[..found.len() - 1];
        assert!(inner.iter().all(|length| (MIN..=MAX).contains(length)));
    }

    #[test]
    fn an_edit_changes_the_chunks_around_it_alone() {
        let mut data = noise(4, 2 << 20);
        let before: Vec<Vec<u8>> = chunks(&data, true).map(|range| data[range].to_vec()).collect();
        data.splice(1_000_000..1_000_003, *b"edited");
        let known =
            chunks(&data, true).filter(|range| before.contains(&data[range.clone()].to_vec())).count();
        assert!(known + 4 > before.len(), "{known} of {}", before.len());
    }

    proptest! {
        #[test]
        fn cuts_do_not_depend_on_the_parts(seed in any::<u64>(), length in 0usize..400_000, letters in 1u8..=255, sizes in proptest::collection::vec(1usize..100_000, 1..8)) {
            let data: Vec<u8> = noise(seed, length).into_iter().map(|byte| byte % letters).collect();
            let whole = lengths(&data);
            prop_assert_eq!(whole.iter().sum::<usize>(), data.len());
            prop_assert_eq!(in_parts(&data, &sizes), whole);
        }
    }

    const GOLDEN_TABLE: (u64, u64, &str) = (
        0x82e2_580f_5613_9758,
        0xb982_9281_6f79_48f9,
        "5243cd40cd5adca6e6cf4715c5385d96347cc99046b3fe78d0c08d05eaa72f28",
    );
    const GOLDEN_NOISE: &[usize] = &[
        7652, 21292, 21526, 8351, 16448, 18787, 28373, 16852, 17934, 18922, 17462, 23201, 19811, 16886,
        16425, 17210, 12868,
    ];
    const GOLDEN_TEXT: &[usize] = &[
        8373, 27210, 13919, 10063, 26759, 27210, 13919, 10063, 26759, 27210, 13919, 10063, 26759, 27210,
        13919, 10063, 26759, 27210, 13919, 10063, 22328,
    ];
    const GOLDEN_ZEROS: &[usize] = &[65536, 65536, 65536, 3392];
}
