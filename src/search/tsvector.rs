//! The bytes of a `tsvector` after its length word: how many lexemes, an entry of 4 bytes for each, sorted by the bytes of
//! the lexeme, then the lexemes, each followed by its positions where it has some.

/// A `tsvector`, read in place.
pub struct Words<'a> {
    entries: &'a [[u8; 4]],
    texts: &'a [u8],
}

/// What an entry says: whether positions follow, how long the lexeme is, and where it begins.
fn entry(bytes: [u8; 4]) -> (bool, usize, usize) {
    // A bit field of 1, 11 and 20 bits, which a compiler fills from the end that numbers begin with.
    let bits = u32::from_ne_bytes(bytes);
    let (has, length, at) = if cfg!(target_endian = "little") {
        (bits & 1, bits >> 1 & 0x7ff, bits >> 12)
    } else {
        (bits >> 31, bits >> 20 & 0x7ff, bits & 0xf_ffff)
    };
    (has != 0, length as usize, at as usize)
}

impl<'a> Words<'a> {
    /// None where the bytes are cut off.
    pub fn new(body: &'a [u8]) -> Option<Self> {
        let (count, rest) = body.split_first_chunk::<4>()?;
        let (entries, texts) = rest.split_at_checked(4 * u32::from_ne_bytes(*count) as usize)?;
        Some(Self { entries: entries.as_chunks::<4>().0, texts })
    }

    fn lexeme(&self, n: usize) -> &'a [u8] {
        let (_, length, at) = entry(self.entries[n]);
        self.texts.get(at..at + length).unwrap_or_default()
    }

    /// How often the lexeme of an entry stands in the text: at most 255 positions are kept, one is assumed where none is.
    fn times(&self, n: usize) -> u32 {
        let (has_positions, length, at) = entry(self.entries[n]);
        // Positions are aligned to 2 bytes, counted from the first lexeme.
        let at = (at + length).next_multiple_of(2);
        match self.texts.get(at..).and_then(<[u8]>::first_chunk::<2>) {
            Some(count) if has_positions => u32::from(u16::from_ne_bytes(*count)),
            _ => 1,
        }
    }

    /// How many words the text has.
    pub fn length(&self) -> u32 {
        (0..self.entries.len()).map(|n| self.times(n)).sum()
    }

    /// How often a lexeme stands in the text.
    pub fn count(&self, lexeme: &[u8]) -> u32 {
        let (mut low, mut high) = (0, self.entries.len());
        // bounded: half of the lexemes are left at each step.
        while low < high {
            let middle = low.midpoint(high);
            match self.lexeme(middle).cmp(lexeme) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return self.times(middle),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        0
    }
}

/// The bytes of a text with each lexeme so many times; for tests.
#[cfg(test)]
pub fn made(words: &std::collections::BTreeMap<Vec<u8>, u16>) -> Vec<u8> {
    let (mut entries, mut texts) = (Vec::new(), Vec::new());
    // bounded: what a test gives.
    for (lexeme, times) in words {
        let (has, length, at) = (u32::from(*times > 0), lexeme.len() as u32, texts.len() as u32);
        let bits = if cfg!(target_endian = "little") {
            has | length << 1 | at << 12
        } else {
            has << 31 | length << 20 | at
        };
        entries.extend(bits.to_ne_bytes());
        texts.extend(lexeme);
        if *times > 0 {
            texts.resize(texts.len().next_multiple_of(2), 0);
            texts.extend(times.to_ne_bytes());
            (0..*times).for_each(|n| texts.extend((n + 1).to_ne_bytes()));
        }
    }
    [&(words.len() as u32).to_ne_bytes()[..], &entries, &texts].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bytes_as_the_server_writes_them() {
        if cfg!(target_endian = "big") {
            return;
        }
        // 'appl':1,3 'red':2 behind the length word: pg_read of a stored value.
        let body = [
            2, 0, 0, 0, // lexemes
            0b1001, 0, 0, 0, // has positions, 4 bytes at 0
            0b0111, 0xa0, 0, 0, // has positions, 3 bytes at 10
            b'a', b'p', b'p', b'l', 2, 0, 1, 0, 3, 0, b'r', b'e', b'd', 0, 1, 0, 2, 0,
        ];
        let words = Words::new(&body).unwrap();
        assert_eq!(words.length(), 3);
        assert_eq!(
            [words.count(b"appl"), words.count(b"red"), words.count(b"re"), words.count(b"z")],
            [2, 1, 0, 0]
        );
    }

    #[test]
    fn none_and_cut_off() {
        assert!(Words::new(&[]).is_none());
        assert!(Words::new(&[1, 0, 0, 0]).is_none());
        let none = Words::new(&[0, 0, 0, 0]).unwrap();
        assert_eq!((none.length(), none.count(b"a")), (0, 0));
        // An entry that points behind the end.
        let words = [1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(Words::new(&words).unwrap().count(b"a"), 0);
    }

    proptest! {
        #[test]
        fn finds_each(words in proptest::collection::btree_map(proptest::collection::vec(1u8..=255, 1..9), 0u16..20, 0..40)) {
            let body = made(&words);
            let read = Words::new(&body).unwrap();
            prop_assert_eq!(read.length(), words.values().map(|times| u32::from((*times).max(1))).sum::<u32>());
            for (lexeme, times) in &words {
                prop_assert_eq!(read.count(lexeme), u32::from((*times).max(1)));
            }
            prop_assert_eq!(read.count(&[]), 0);
        }

        #[test]
        fn never_panics(body in proptest::collection::vec(any::<u8>(), 0..64), lexeme in proptest::collection::vec(any::<u8>(), 0..4)) {
            if let Some(words) = Words::new(&body) {
                let _ = (words.length(), words.count(&lexeme));
            }
        }
    }
}
