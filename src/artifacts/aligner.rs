//! Finds the chunk of the version before that a new chunk is most like.
//!
//! Edits move what follows them. Chunks that both versions share tell by how much; between two such
//! the new chunk's place, moved likewise, names the old chunk that it came from.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::manifest::{Hash, Manifest};
use crate::interrupts::polled;

/// How far edits may move a cut within a chunk for it to be known again, bytes.
const NEAR: i64 = 1 << 10;

pub struct Aligner {
    parent: Manifest,
    /// Where the parent has each chunk, in order.
    numbers: HashMap<Hash, Vec<usize>>,
    /// How much further on the parent has what the new content has here.
    shift: i64,
}

impl Aligner {
    pub fn new(parent: Manifest) -> Self {
        let mut numbers: HashMap<Hash, Vec<usize>> = HashMap::new();
        for (number, (_, entry)) in polled(parent.iter()).enumerate() {
            numbers.entry(entry.hash).or_default().push(number);
        }
        Self { parent, numbers, shift: 0 }
    }

    /// Notes a chunk of the new content that is not to be encoded.
    pub fn pass(&mut self, hash: &Hash, start: u64) {
        let Some(numbers) = self.numbers.get(hash) else { return };
        let expected = start as i64 + self.shift;
        let place = |number: &usize| self.parent.get(*number).map_or(i64::MAX, |(found, _)| found as i64);
        // A content may repeat one chunk many thousand times, so search and do not scan.
        let after = numbers.partition_point(|number| place(number) < expected);
        let nearest = numbers[after.saturating_sub(1)..]
            .iter()
            .take(2)
            .filter_map(|number| self.parent.get(*number))
            .min_by_key(|(found, _)| (*found as i64 - expected).abs());
        if let Some((found, _)) = nearest {
            self.shift = found as i64 - start as i64;
        }
    }

    /// The chunks of the parent, one or two, that overlap most with where the new chunk was, the most first.
    pub fn bases(&mut self, start: u64, length: usize) -> Vec<Hash> {
        let size = self.parent.size() as i64;
        let place = start as i64 + self.shift;
        // An appended chunk is most like the last one.
        let place = place.min(size - 1).max(0) as u64;
        let range = place..(place + length as u64).min(size.max(0) as u64);
        let overlap =
            |start: u64, length: usize| (start + length as u64).min(range.end) - start.max(range.start);
        let mut chunks: Vec<_> =
            self.parent.covering(&range).filter_map(|number| self.parent.get(number)).collect();
        chunks.sort_by_key(|(found, entry)| Reverse(overlap(*found, entry.length)));
        let Some((found, entry)) = chunks.first() else { return Vec::new() };
        // Where the parent has a cut near the new chunk's end, it is the same cut, moved by small edits.
        let end = start as i64 + length as i64;
        let near = [*found as i64, *found as i64 + entry.length as i64]
            .into_iter()
            .map(|cut| cut - end)
            .find(|shift| (shift - self.shift).abs() <= NEAR);
        let bases = chunks.iter().take(2).map(|(_, entry)| entry.hash).collect();
        self.shift = near.unwrap_or(self.shift);
        bases
    }
}

#[cfg(test)]
mod tests {
    use super::super::manifest::Entry;
    use super::*;

    fn of(chunks: &[(u8, usize)]) -> Manifest {
        let mut manifest = Manifest::default();
        for (name, length) in chunks {
            manifest.push(Entry { hash: [*name; 32], length: *length });
        }
        manifest
    }

    fn bases(parent: &[(u8, usize)], new: &[(u8, usize)]) -> Vec<u8> {
        let mut aligner = Aligner::new(of(parent));
        let new = of(new);
        new.iter()
            .map(|(start, entry)| {
                if parent.iter().any(|(name, _)| *name == entry.hash[0]) {
                    aligner.pass(&entry.hash, start);
                    0
                } else {
                    aligner.bases(start, entry.length).first().map_or(255, |hash| hash[0])
                }
            })
            .collect()
    }

    #[test]
    fn edits_in_place() {
        assert_eq!(bases(&[(1, 100), (2, 100), (3, 100)], &[(1, 100), (9, 104), (3, 100)]), [0, 2, 0]);
    }

    #[test]
    fn after_an_insertion() {
        let parent = [(1, 100), (2, 100), (3, 100), (4, 100)];
        assert_eq!(bases(&parent, &[(8, 500), (2, 100), (9, 90), (4, 100)]), [1, 0, 3, 0]);
    }

    #[test]
    fn every_chunk_edited_a_little() {
        let parent = [(1, 10_000), (2, 4_000), (3, 10_000)];
        assert_eq!(bases(&parent, &[(7, 10_600), (8, 4_900), (9, 9_000)]), [1, 2, 3]);
    }

    #[test]
    fn appended() {
        assert_eq!(bases(&[(1, 100), (2, 30)], &[(1, 100), (8, 100), (9, 50)]), [0, 2, 2]);
        assert_eq!(bases(&[], &[(8, 100)]), [255]);
    }

    /// Each chunk looked up among all equal ones would be 10 billion steps.
    #[test]
    fn many_equal_chunks_are_no_square() {
        let parent = of(&vec![(1, 100); 100_000]);
        let mut aligner = Aligner::new(parent);
        for number in 0..100_000 {
            aligner.pass(&[1; 32], number * 100 + 40);
            assert!(aligner.shift == -40 || number == 99_999, "{number}: {}", aligner.shift);
        }
    }

    #[test]
    fn of_equal_chunks_the_nearest_counts() {
        let parent = [(1, 100), (2, 100), (1, 100), (3, 100)];
        assert_eq!(bases(&parent, &[(2, 100), (1, 100), (9, 100)]), [0, 0, 3]);
    }
}
