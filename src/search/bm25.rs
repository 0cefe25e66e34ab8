//! BM25 as Lucene computes it: the weight of a term is `ln(1 + (N - n + 0.5) / (n + 0.5))`, never negative, and a row's
//! share of it `tf / (tf + k1 * (1 - b + b * length / mean length))`, below 1 however often the term stands there.

/// How fast further occurrences of a term lose weight.
pub const K1: f64 = 1.2;

/// How much the length of a text counts.
pub const B: f64 = 0.75;

/// The rows among which is searched: how many, and how many words they have in all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Corpus {
    pub rows: u64,
    pub words: u64,
}

impl Corpus {
    /// The weight of a term that stands in so many rows. A count that is older than the rows counts as many at least.
    pub fn weight(&self, found_in: u64) -> f64 {
        let (rows, found_in) = (self.rows.max(found_in) as f64, found_in as f64);
        (1.0 + (rows - found_in + 0.5) / (found_in + 0.5)).ln()
    }

    /// What the length of a text adds below the line.
    pub fn norm(&self, length: u32) -> f64 {
        let relative = match (self.rows, self.words) {
            (0, _) | (_, 0) => 1.0,
            (rows, words) => f64::from(length) * rows as f64 / words as f64,
        };
        K1 * (1.0 - B + B * relative)
    }
}

/// The share of a term's weight that a row gets.
pub fn share(times: u32, norm: f64) -> f64 {
    let times = f64::from(times);
    times / (times + norm)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The formula from the texts themselves, word by word.
    fn naive(texts: &[Vec<u8>], query: &[u8], text: usize) -> f64 {
        let mean = texts.iter().map(|t| t.len() as f64).sum::<f64>() / texts.len() as f64;
        let score = |term: &u8| {
            let found_in = texts.iter().filter(|t| t.contains(term)).count() as f64;
            let times = texts[text].iter().filter(|w| *w == term).count() as f64;
            let weight = (1.0 + (texts.len() as f64 - found_in + 0.5) / (found_in + 0.5)).ln();
            weight * times / (times + 1.2 * (0.25 + 0.75 * texts[text].len() as f64 / mean))
        };
        query.iter().map(score).sum()
    }

    #[test]
    fn golden_values() {
        let corpus = Corpus { rows: 4, words: 16 };
        assert!((corpus.weight(1) - (10f64 / 3.0).ln()).abs() < 1e-15);
        assert!((corpus.weight(2) - 2f64.ln()).abs() < 1e-15);
        assert!((corpus.weight(4) - (10f64 / 9.0).ln()).abs() < 1e-15);
        assert!((corpus.norm(4) - 1.2).abs() < 1e-15);
        assert!((corpus.norm(8) - 2.1).abs() < 1e-15);
        assert!((share(1, 1.2) - 1.0 / 2.2).abs() < 1e-15);
        assert!((share(3, 2.1) - 3.0 / 5.1).abs() < 1e-15);
        assert_eq!(share(0, 1.2), 0.0);
    }

    #[test]
    fn values_of_a_published_implementation() {
        // The package bm25s 0.3.16 with method="lucene", k1=1.2, b=0.75 over these four texts; it computes in single precision.
        let texts = ["cat purr milk cat", "dog bark cat run", "bird fly high sky blue", "fish swim purr"];
        let texts: Vec<Vec<&str>> = texts.iter().map(|text| text.split(' ').collect()).collect();
        let corpus = Corpus { rows: 4, words: texts.iter().map(|t| t.len() as u64).sum() };
        let score = |query: &str, text: &[&str]| -> f64 {
            let term = |term: &str| {
                let found_in = texts.iter().filter(|t| t.contains(&term)).count() as u64;
                let times = text.iter().filter(|w| **w == term).count() as u32;
                corpus.weight(found_in) * share(times, corpus.norm(text.len() as u32))
            };
            query.split(' ').map(term).sum()
        };
        for (query, wanted) in [
            ("cat purr", [0.748_283_86, 0.315_066_90, 0.0, 0.350_960_61]),
            ("cat", [0.433_216_99, 0.315_066_90, 0.0, 0.0]),
            ("sky dog", [0.0, 0.547_260_34, 0.496_483_62, 0.0]),
        ] {
            for (text, wanted) in texts.iter().zip(wanted) {
                assert!((score(query, text) - wanted).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn nothing_and_stale_counts() {
        let none = Corpus::default();
        assert_eq!(none.norm(7), K1);
        assert!(none.weight(3) > 0.0);
        assert_eq!(Corpus { rows: 2, words: 9 }.weight(5), Corpus { rows: 5, words: 9 }.weight(5));
    }

    proptest! {
        #[test]
        fn equals_the_naive_one(texts in proptest::collection::vec(proptest::collection::vec(0u8..12, 1..20), 1..12), query in proptest::collection::btree_set(0u8..14, 1..6)) {
            let query: Vec<u8> = query.into_iter().collect();
            let corpus = Corpus { rows: texts.len() as u64, words: texts.iter().map(|t| t.len() as u64).sum() };
            for (n, text) in texts.iter().enumerate() {
                let sum: f64 = query.iter().map(|term| {
                    let found_in = texts.iter().filter(|t| t.contains(term)).count() as u64;
                    let times = text.iter().filter(|w| *w == term).count() as u32;
                    corpus.weight(found_in) * share(times, corpus.norm(text.len() as u32))
                }).sum();
                prop_assert!((sum - naive(&texts, &query, n)).abs() < 1e-9);
            }
        }

        #[test]
        fn a_share_is_below_one(times in 0u32..=255, length in 0u32..1_000_000, rows in 0u64..1_000_000, words in 0u64..1_000_000_000) {
            let norm = Corpus { rows, words }.norm(length);
            prop_assert!((0.0..1.0).contains(&share(times, norm)));
        }
    }
}
