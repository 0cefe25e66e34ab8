//! The packed manifest: for each chunk in order its hash (32 bytes) and length (u32, little endian).

use std::ops::Range;

use super::chunker;
use crate::interrupts::polled;
use crate::limits::CONTENT_BYTES;

pub type Hash = [u8; 32];
const ENTRY: usize = 36;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub hash: Hash,
    pub length: usize,
}

/// Why bytes are no manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    #[error("chunk {number} of the manifest has the length {length}")]
    ChunkLength { number: usize, length: usize },
    #[error("a content has at most {CONTENT_BYTES} bytes, this manifest has {0}")]
    Content(u64),
    #[error("a manifest has {ENTRY} bytes for each chunk, this one has {0}")]
    Size(usize),
}

/// A content as a list of chunks, with where each begins.
#[derive(Debug, Default, Clone)]
pub struct Manifest {
    entries: Vec<Entry>,
    /// One more than entries: the last is the size of the content.
    starts: Vec<u64>,
}

impl Manifest {
    pub fn parse(packed: &[u8]) -> Result<Self, Damage> {
        let (entries, rest) = packed.as_chunks::<ENTRY>();
        if !rest.is_empty() {
            return Err(Damage::Size(packed.len()));
        }
        let mut manifest = Self::default();
        for (number, entry) in polled(entries).enumerate() {
            let (mut hash, mut length) = ([0; 32], [0; 4]);
            hash.copy_from_slice(&entry[..32]);
            length.copy_from_slice(&entry[32..]);
            let length = u32::from_le_bytes(length) as usize;
            if length == 0 || length > chunker::MAX {
                return Err(Damage::ChunkLength { number, length });
            }
            manifest.push(Entry { hash, length });
        }
        if manifest.size() > CONTENT_BYTES as u64 {
            return Err(Damage::Content(manifest.size()));
        }
        Ok(manifest)
    }

    pub fn push(&mut self, entry: Entry) {
        let end = self.size() + entry.length as u64;
        self.starts.push(end - entry.length as u64);
        self.entries.push(entry);
    }

    pub fn pack(&self) -> Vec<u8> {
        let mut packed = Vec::with_capacity(self.entries.len() * ENTRY);
        for entry in polled(&self.entries) {
            packed.extend_from_slice(&entry.hash);
            // A chunk has at most chunker::MAX bytes.
            packed.extend_from_slice(&(entry.length as u32).to_le_bytes());
        }
        packed
    }

    /// Of the content, bytes.
    pub fn size(&self) -> u64 {
        match (self.starts.last(), self.entries.last()) {
            (Some(start), Some(entry)) => start + entry.length as u64,
            _ => 0,
        }
    }

    /// Each chunk with where it begins.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &Entry)> {
        self.starts.iter().copied().zip(&self.entries)
    }

    pub fn get(&self, number: usize) -> Option<(u64, &Entry)> {
        Some((*self.starts.get(number)?, self.entries.get(number)?))
    }

    /// The numbers of the chunks that have a byte of `range`.
    pub fn covering(&self, range: &Range<u64>) -> Range<usize> {
        if range.is_empty() {
            return 0..0;
        }
        let first = self.starts.partition_point(|start| *start <= range.start).saturating_sub(1);
        let end = self.starts.partition_point(|start| *start < range.end);
        first..end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(lengths: &[usize]) -> Manifest {
        let mut manifest = Manifest::default();
        for (i, length) in lengths.iter().enumerate() {
            manifest.push(Entry { hash: [i as u8; 32], length: *length });
        }
        manifest
    }

    #[test]
    fn the_form_is_frozen() {
        let packed = of(&[0x0102]).pack();
        assert_eq!(packed[32..], [2, 1, 0, 0]);
        assert_eq!(packed.len(), ENTRY);
        assert_eq!(Manifest::default().pack(), b"");
    }

    #[test]
    fn malformed() {
        assert_eq!(Manifest::parse(&[0; 35]).err(), Some(Damage::Size(35)));
        assert_eq!(Manifest::parse(&[0; 36]).err(), Some(Damage::ChunkLength { number: 0, length: 0 }));
        assert_eq!(
            Manifest::parse(&[255; 36]).err(),
            Some(Damage::ChunkLength { number: 0, length: 0xffff_ffff })
        );
    }

    #[test]
    fn covering() {
        let manifest = of(&[10, 20, 30]);
        for (range, wanted) in [
            (0..0, 0..0),
            (0..1, 0..1),
            (9..10, 0..1),
            (9..11, 0..2),
            (10..30, 1..2),
            (29..60, 1..3),
            (59..60, 2..3),
        ] {
            assert_eq!(manifest.covering(&range), wanted, "{range:?}");
        }
    }

    proptest! {
        #[test]
        fn round_trip(lengths in proptest::collection::vec(1usize..=chunker::MAX, 0..50), from in 0u64..100_000, to in 0u64..100_000) {
            let manifest = of(&lengths);
            let parsed = Manifest::parse(&manifest.pack()).unwrap();
            prop_assert_eq!(&parsed.entries, &manifest.entries);
            prop_assert_eq!(parsed.size(), lengths.iter().sum::<usize>() as u64);
            let range = from.min(to).min(parsed.size())..to.min(parsed.size());
            let wanted: Vec<usize> = parsed.iter().enumerate()
                .filter(|(_, (start, entry))| !range.is_empty() && *start < range.end && start + entry.length as u64 > range.start)
                .map(|(i, _)| i).collect();
            prop_assert_eq!(parsed.covering(&range).collect::<Vec<_>>(), wanted);
        }

        #[test]
        fn any_bytes(packed in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(manifest) = Manifest::parse(&packed) {
                prop_assert_eq!(manifest.pack(), packed);
            }
        }
    }
}
