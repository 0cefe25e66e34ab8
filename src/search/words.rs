//! The rows that have words of a query: what is counted while they pass by, and how each is scored.

use super::bm25::{self, Corpus};
use super::tsvector::Words;
use crate::interrupts::polled;

pub type Id = [u8; 16];

/// A term as one language has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    pub lexeme: Vec<u8>,
    /// Which word of the query it stands for: "apples" is one word in every language, and another lexeme in each.
    pub slot: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Language {
    pub name: Vec<u8>,
    pub terms: Vec<Term>,
}

/// The words of a query in the languages of the rows. A row is asked in its own; where one language was named, all rows
/// are asked in that.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    pub languages: Vec<Language>,
    pub is_named: bool,
    pub slots: usize,
}

/// The name of a language, and lexemes with their places in the query.
pub type Terms = (Vec<u8>, Vec<(Vec<u8>, i32)>);

impl Query {
    /// From the lexemes of each language with their places in the query.
    pub fn new(languages: Vec<Terms>, is_named: bool) -> Self {
        let mut places: Vec<i32> =
            languages.iter().flat_map(|(_, terms)| terms.iter().map(|t| t.1)).collect();
        places.sort_unstable();
        places.dedup();
        let slot = |place: i32| places.partition_point(|other| *other < place);
        let languages = languages
            .into_iter()
            .map(|(name, terms)| {
                let mut terms: Vec<_> =
                    terms.into_iter().map(|(lexeme, place)| Term { lexeme, slot: slot(place) }).collect();
                // Two lexemes at one place are two spellings of one word: each counts.
                terms.sort_by(|a, b| (a.slot, &a.lexeme).cmp(&(b.slot, &b.lexeme)));
                Language { name, terms }
            })
            .collect();
        Self { languages, is_named, slots: places.len() }
    }

    /// The language that a row is asked in.
    pub fn language(&self, name: &[u8]) -> Option<&Language> {
        if self.is_named {
            return self.languages.first();
        }
        self.languages.iter().find(|language| language.name == name)
    }

    /// Names a word of the query by what it is in each language.
    pub fn name(&self, slot: usize) -> Vec<u8> {
        let mut name = Vec::new();
        // bounded: the words of a query, at most 64 in each language.
        for language in &self.languages {
            // bounded: the words of a query, at most 64 in each language.
            for term in language.terms.iter().filter(|term| term.slot == slot) {
                name.extend(&language.name);
                name.push(0);
                name.extend(&term.lexeme);
                name.push(0);
            }
        }
        name
    }

    /// Every lexeme of the slots, once.
    pub fn lexemes(&self, wanted: impl Fn(usize) -> bool) -> Vec<&[u8]> {
        let terms = self.languages.iter().flat_map(|language| &language.terms);
        let mut found: Vec<&[u8]> =
            terms.filter(|term| wanted(term.slot)).map(|term| term.lexeme.as_slice()).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// How often each word of the query stands in a text. Counts end at 255, as those of the server do.
    fn times(&self, language: &Language, words: &Words<'_>, times: &mut [u8]) -> bool {
        times.fill(0);
        let mut any = false;
        // bounded: the words of a query, at most 64 in each language.
        for term in &language.terms {
            let count = words.count(&term.lexeme);
            any |= count > 0;
            times[term.slot] = times[term.slot].saturating_add(u8::try_from(count).unwrap_or(u8::MAX));
        }
        any
    }
}

/// What a pass over rows has seen.
pub struct Pass<'q> {
    query: &'q Query,
    /// Slots of which one must stand in a row that is kept; all but these were passed over before.
    left_out: Vec<usize>,
    pub corpus: Corpus,
    /// For each slot, in how many rows it stands.
    pub found_in: Vec<u64>,
    /// Languages of rows that the query was not put into.
    pub unknown: Vec<Vec<u8>>,
    pub ids: Vec<Id>,
    lengths: Vec<u32>,
    times: Vec<u8>,
    buffer: Vec<u8>,
}

impl<'q> Pass<'q> {
    /// `left_out`: slots whose rows an earlier pass has seen.
    pub fn new(query: &'q Query, left_out: Vec<usize>) -> Self {
        Self {
            query,
            left_out,
            corpus: Corpus::default(),
            found_in: vec![0; query.slots],
            unknown: Vec::new(),
            ids: Vec::new(),
            lengths: Vec::new(),
            times: Vec::new(),
            buffer: vec![0; query.slots],
        }
    }

    /// `fits`: whether the row may be found; where it may not, it counts all the same.
    pub fn see(&mut self, id: Id, language: &[u8], fits: bool, text: &[u8]) {
        let Some(words) = Words::new(text) else { return };
        let length = words.length();
        self.corpus.rows += 1;
        self.corpus.words += u64::from(length);
        let Some(language) = self.query.language(language) else {
            if !self.unknown.iter().any(|known| known == language) {
                self.unknown.push(language.to_owned());
            }
            return;
        };
        if !self.query.times(language, &words, &mut self.buffer)
            || self.left_out.iter().any(|slot| self.buffer[*slot] > 0)
        {
            return;
        }
        // bounded: the words of a query, at most 64 in each language.
        for (count, times) in self.found_in.iter_mut().zip(&self.buffer) {
            *count += u64::from(*times > 0);
        }
        if fits {
            self.ids.push(id);
            self.lengths.push(length);
            self.times.extend(&self.buffer);
        }
    }

    /// The length of a row that is kept, and how often it has each word.
    pub fn text(&self, place: usize) -> (u32, &[u8]) {
        (self.lengths[place], &self.times[place * self.query.slots..(place + 1) * self.query.slots])
    }

    /// The scores of the rows that are kept, in their order.
    pub fn scores(&self, scorer: &Scorer<'_>) -> Vec<f64> {
        let mut scores = Vec::with_capacity(self.ids.len());
        for (n, length) in polled(&self.lengths).enumerate() {
            let slots = self.query.slots;
            scores.push(scorer.of(*length, &self.times[n * slots..(n + 1) * slots]));
        }
        scores
    }
}

/// Scores rows, each by itself: the same row gets the same score in whatever way it was found.
pub struct Scorer<'q> {
    query: &'q Query,
    corpus: Corpus,
    /// For each slot.
    pub weights: Vec<f64>,
}

impl<'q> Scorer<'q> {
    pub fn new(query: &'q Query, corpus: Corpus, found_in: &[u64]) -> Self {
        Self { query, corpus, weights: found_in.iter().map(|rows| corpus.weight(*rows)).collect() }
    }

    /// The same with weights that are shares of 1, which a text approaches that has each word of the query many times. So
    /// scores of kinds can be compared whose rows are many or few.
    pub fn in_shares(&self) -> Self {
        let sum: f64 = self.weights.iter().sum();
        let weights = self.weights.iter().map(|weight| weight / sum).collect();
        Self { query: self.query, corpus: self.corpus, weights }
    }

    pub fn of(&self, length: u32, times: &[u8]) -> f64 {
        let norm = self.corpus.norm(length);
        self.weights
            .iter()
            .zip(times)
            .map(|(weight, times)| weight * bm25::share(u32::from(*times), norm))
            .sum()
    }

    /// The score of a text; 0 where it has none of the words.
    pub fn text(&self, language: &[u8], text: &[u8]) -> f64 {
        let (Some(words), Some(language)) = (Words::new(text), self.query.language(language)) else {
            return 0.0;
        };
        let mut times = vec![0; self.query.slots];
        if self.query.times(language, &words, &mut times) { self.of(words.length(), &times) } else { 0.0 }
    }
}

/// The best rows, best first, ties by id.
#[derive(Debug, Default, PartialEq)]
pub struct Best {
    /// With the number of rows that are better, plus one: equal rows share a rank.
    pub rows: Vec<(Id, f64, i64)>,
}

impl Best {
    pub fn of(ids: &[Id], scores: &[f64], k: usize) -> Self {
        let by_rank =
            |a: &usize, b: &usize| scores[*b].total_cmp(&scores[*a]).then_with(|| ids[*a].cmp(&ids[*b]));
        let mut order: Vec<usize> = (0..ids.len()).collect();
        if k == 0 {
            return Self::default();
        }
        if order.len() > k {
            order.select_nth_unstable_by(k - 1, by_rank);
            order.truncate(k);
        }
        order.sort_unstable_by(by_rank);
        let mut rows: Vec<(Id, f64, i64)> = Vec::with_capacity(order.len());
        // bounded: the best, at most 1,000.
        for (place, n) in order.into_iter().enumerate() {
            let rank = match rows.last() {
                Some((_, score, rank)) if *score == scores[n] => *rank,
                _ => place as i64 + 1,
            };
            rows.push((ids[n], scores[n], rank));
        }
        Self { rows }
    }

    /// The score that a row needs to be among so many.
    pub fn threshold(&self, k: usize) -> f64 {
        if self.rows.len() < k { 0.0 } else { self.rows.last().map_or(0.0, |row| row.1) }
    }
}

/// Words in more than this share of the rows are common: they are scored where a rarer one stands.
const COMMON: u64 = 10;

/// The slots that are common by what is known of them, the most frequent ones; never all.
pub fn common(found_in: &[Option<u64>], rows: u64) -> Vec<usize> {
    let is_common = |known: &Option<u64>| known.is_some_and(|n| n > rows / COMMON);
    let mut slots: Vec<usize> = (0..found_in.len()).filter(|slot| is_common(&found_in[*slot])).collect();
    if slots.len() == found_in.len()
        && let Some(rarest) = slots.iter().copied().min_by_key(|slot| (found_in[*slot], *slot))
    {
        slots.retain(|slot| *slot != rarest);
    }
    slots
}

/// Whether all slots are common.
pub fn all_common(found_in: &[Option<u64>], rows: u64) -> bool {
    found_in.iter().all(|known| known.is_some_and(|n| n > rows / COMMON))
}

/// The smallest sets of left-out slots whose weights pass a threshold. A row that has none of the other words, and the
/// words of no such set, scores less: the share of each weight is below 1. None where there are too many sets to ask for.
pub fn sets_that_pass(weights: &[f64], left_out: &[usize], threshold: f64) -> Option<Vec<Vec<usize>>> {
    const MOST: usize = 8;
    if left_out.len() > MOST {
        return None;
    }
    let passes = |set: u32| {
        let sum: f64 = (0..left_out.len()).filter(|n| set >> n & 1 == 1).map(|n| weights[left_out[n]]).sum();
        // Sums in another order may differ in the last digits.
        sum * (1.0 + 1e-9) >= threshold
    };
    let sets = (1u32..1 << left_out.len()).filter(|set| passes(*set));
    let smallest: Vec<u32> = sets
        .filter(|set| (0..MOST).all(|n| set >> n & 1 == 0 || !passes(set & !(1 << n)) || *set == 1 << n))
        .collect();
    Some(
        smallest
            .into_iter()
            .map(|set| (0..left_out.len()).filter(|n| set >> n & 1 == 1).map(|n| left_out[n]).collect())
            .collect(),
    )
}
