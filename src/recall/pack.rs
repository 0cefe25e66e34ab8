//! The candidates that a budget holds: each text once, the best first, unlike what is there already.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use crate::interrupts::{poll, polled};

/// A text that may be taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    pub score: f64,
    /// None where they are more than any budget.
    pub tokens: Option<u64>,
    /// None where the text was not read.
    pub text: Option<String>,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Packed {
    /// In the order of use.
    pub taken: Vec<usize>,
    /// In the order of the candidates.
    pub left_out: Vec<usize>,
}

/// A text with each run of white space as one blank.
pub fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in polled(text.split_whitespace()) {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(word);
    }
    folded
}

/// The words of a text, as numbers in order.
fn words(text: &str, hasher: &RandomState) -> Vec<u64> {
    let mut words: Vec<u64> = polled(text.split(|c: char| !c.is_alphanumeric()))
        .filter(|word| !word.is_empty())
        .map(|word| hasher.hash_one(word.to_lowercase()))
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// The share of the words of two texts that both have.
fn likeness(a: &[u64], b: &[u64]) -> f64 {
    let (mut x, mut y, mut both) = (0, 0, 0usize);
    // bounded: the words of two texts of a prompt.
    while let (Some(one), Some(other)) = (a.get(x), b.get(y)) {
        x += usize::from(one <= other);
        y += usize::from(other <= one);
        both += usize::from(one == other);
    }
    let all = a.len() + b.len() - both;
    if all == 0 { 0.0 } else { both as f64 / all as f64 }
}

/// Candidates come best first. Of equal texts the first is the candidate. Each time the one is taken that fits and has the
/// most of `lambda * score - (1 - lambda) * likeness to the nearest one taken`, the earlier of equal ones; `lambda` 1 takes
/// them in their order.
pub fn pack(candidates: &[Candidate], max_tokens: u64, max_rows: usize, lambda: f64) -> Packed {
    let mut seen: HashSet<String> = HashSet::new();
    let mut left: Vec<usize> = Vec::new();
    for (n, candidate) in polled(candidates).enumerate() {
        if candidate.text.as_deref().is_none_or(|text| seen.insert(folded(text))) {
            left.push(n);
        }
    }
    let hasher = RandomState::new();
    let highest = candidates.iter().map(|c| c.score).fold(0.0, f64::max);
    let words: Vec<Vec<u64>> = if lambda < 1.0 {
        candidates.iter().map(|c| words(c.text.as_deref().unwrap_or_default(), &hasher)).collect()
    } else {
        Vec::new()
    };
    let mut nearest = vec![0f64; candidates.len()];
    let mut packed = Packed::default();
    let mut room = max_tokens;
    loop {
        poll();
        let fits = |n: usize| candidates[n].tokens.is_some_and(|tokens| tokens <= room);
        let (fitting, others): (Vec<usize>, Vec<usize>) = left.iter().partition(|n| fits(**n));
        // A candidate that does not fit now never will.
        packed.left_out.extend(others);
        left = fitting;
        if left.is_empty() || packed.taken.len() >= max_rows {
            packed.left_out.extend(left);
            break;
        }
        let worth = |n: usize| {
            let share = if highest > 0.0 { candidates[n].score / highest } else { 0.0 };
            lambda * share - (1.0 - lambda) * nearest[n]
        };
        let mut best = 0;
        if lambda < 1.0 {
            for place in polled(1..left.len()) {
                if worth(left[place]) > worth(left[best]) {
                    best = place;
                }
            }
        }
        let picked = left.remove(best);
        if lambda < 1.0 {
            for n in polled(&left) {
                nearest[*n] = nearest[*n].max(likeness(&words[picked], &words[*n]));
            }
        }
        room -= candidates[picked].tokens.unwrap_or_default();
        packed.taken.push(picked);
    }
    packed.left_out.sort_unstable();
    packed
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn candidate(score: f64, tokens: u64, text: &str) -> Candidate {
        Candidate { score, tokens: Some(tokens), text: Some(text.to_owned()) }
    }

    #[test]
    fn smaller_ones_fill_the_rest() {
        let all =
            [candidate(0.9, 6, "a"), candidate(0.8, 5, "b"), candidate(0.7, 4, "c"), candidate(0.1, 1, "d")];
        assert_eq!(pack(&all, 10, 9, 1.0), Packed { taken: vec![0, 2], left_out: vec![1, 3] });
        assert_eq!(pack(&all, 11, 9, 1.0), Packed { taken: vec![0, 1], left_out: vec![2, 3] });
        assert_eq!(pack(&all, 99, 2, 1.0), Packed { taken: vec![0, 1], left_out: vec![2, 3] });
        assert_eq!(pack(&all, 0, 9, 1.0), Packed { taken: vec![], left_out: vec![0, 1, 2, 3] });
    }

    #[test]
    fn equal_texts_once_and_unread_ones_left_out() {
        let unread = Candidate { score: 1.0, tokens: None, text: None };
        let all = [unread.clone(), candidate(0.9, 1, "a  b\n"), candidate(0.8, 1, " a b"), unread];
        assert_eq!(pack(&all, 10, 9, 1.0), Packed { taken: vec![1], left_out: vec![0, 3] });
    }

    #[test]
    fn unlike_ones_first() {
        let all = [
            candidate(1.0, 1, "red apple pie"),
            candidate(0.9, 1, "Red apple pie!"),
            candidate(0.8, 1, "a car"),
        ];
        assert_eq!(pack(&all, 2, 9, 0.5).taken, [0, 2]);
        assert_eq!(pack(&all, 3, 9, 0.5).taken, [0, 2, 1]);
        assert_eq!(pack(&all, 2, 9, 1.0).taken, [0, 1]);
    }

    proptest! {
        #[test]
        fn the_budget_is_kept_and_nothing_is_lost(
            rows in proptest::collection::vec((0f64..1.0, 0u64..40, "[abc ]{0,6}"), 0..40), budget in 0u64..200, max_rows in 0usize..20, lambda in 0f64..=1.0,
        ) {
            let mut rows: Vec<Candidate> = rows.into_iter().map(|(score, tokens, text)| candidate(score, tokens, &text)).collect();
            rows.sort_by(|a, b| b.score.total_cmp(&a.score));
            let packed = pack(&rows, budget, max_rows, lambda);
            let sum: u64 = packed.taken.iter().map(|n| rows[*n].tokens.unwrap()).sum();
            prop_assert!(sum <= budget && packed.taken.len() <= max_rows);
            // Nothing that is left out would still fit.
            if packed.taken.len() < max_rows {
                prop_assert!(packed.left_out.iter().all(|n| rows[*n].tokens.unwrap() > budget - sum));
            }
            let texts: HashSet<String> = rows.iter().map(|row| folded(row.text.as_deref().unwrap())).collect();
            let mut all: Vec<usize> = packed.taken.iter().chain(&packed.left_out).copied().collect();
            prop_assert_eq!(all.len(), texts.len());
            all.sort_unstable();
            all.dedup();
            prop_assert_eq!(all.len(), texts.len());
            prop_assert_eq!(pack(&rows, budget, max_rows, lambda), packed);
        }
    }
}
