//! The best rows by words: which rows are passed over, so that common words cost little and the result stays that of all.

use std::collections::HashSet;

use super::bm25::Corpus;
use super::words::{Best, Id, Pass, Query, Scorer, all_common, common, sets_that_pass};
use crate::interrupts::polled;

/// Up to so many rows, all are counted at each search.
pub const COUNTED: u64 = 2000;

/// So many rows are scored, the newest, where every word of a query is common.
pub const NEWEST: u64 = 20_000;

/// Rows to be passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// All that have words, whichever these are.
    All,
    /// Those with one of the words.
    Any(Vec<usize>),
    /// Those with all words of one of the sets.
    Sets(Vec<Vec<usize>>),
    /// The newest with any word, so many.
    Newest(u64),
}

/// Counts of an earlier search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    pub corpus: Corpus,
    pub found_in: Vec<Option<u64>>,
}

pub struct Found<'q> {
    pub best: Best,
    pub scorer: Scorer<'q>,
    /// Counted anew, where all rows were.
    pub corpus: Option<Corpus>,
    /// Counted anew, for each word of the query.
    pub found_in: Vec<Option<u64>>,
    pub unknown: Vec<Vec<u8>>,
    /// False where only the newest rows were scored.
    pub complete: bool,
    /// The rows that were scored.
    pub passes: Vec<Pass<'q>>,
    scores: Vec<f64>,
}

impl Found<'_> {
    /// The best rows by another weight of the words, in no order.
    pub fn rescored(&self, scorer: &Scorer<'_>) -> Vec<(Id, f64)> {
        let best: HashSet<Id> = self.best.rows.iter().map(|row| row.0).collect();
        let mut rows = Vec::with_capacity(best.len());
        // bounded: two.
        for pass in &self.passes {
            for (place, id) in polled(&pass.ids).enumerate().filter(|(_, id)| best.contains(*id)) {
                let (length, times) = pass.text(place);
                rows.push((*id, scorer.of(length, times)));
            }
        }
        rows
    }

    /// The rank of a row that is not among the best, by its score.
    pub fn rank(&self, score: f64) -> i64 {
        1 + self.scores.iter().filter(|other| **other > score).count() as i64
    }
}

impl Known {
    /// Whether every word of the query is in so many rows that only the newest are scored.
    fn is_bounded(&self) -> bool {
        !self.found_in.is_empty()
            && all_common(&self.found_in, self.corpus.rows)
            && self.found_in.iter().all(|n| n.is_some_and(|n| n > NEWEST))
    }
}

/// Scores the newest rows alone.
fn newest<'q>(
    query: &'q Query,
    known: &Known,
    k: usize,
    mut run: impl FnMut(Ask, &mut Pass<'q>),
) -> Found<'q> {
    let mut pass = Pass::new(query, Vec::new());
    run(Ask::Newest(NEWEST), &mut pass);
    let counted: Vec<u64> = known.found_in.iter().map(|n| n.unwrap_or_default()).collect();
    let scorer = Scorer::new(query, known.corpus, &counted);
    let scores = pass.scores(&scorer);
    Found {
        best: Best::of(&pass.ids, &scores, k),
        scorer,
        corpus: None,
        found_in: vec![None; query.slots],
        unknown: std::mem::take(&mut pass.unknown),
        complete: false,
        scores,
        passes: vec![pass],
    }
}

/// Finds the best `k`. `ranks`: the rank of every row is wanted, so that none may be left out.
pub fn find<'q>(
    query: &'q Query,
    known: Option<&Known>,
    k: usize,
    ranks: bool,
    mut run: impl FnMut(Ask, &mut Pass<'q>),
) -> Found<'q> {
    let mut pass = Pass::new(query, Vec::new());
    let Some(known) = known else {
        run(Ask::All, &mut pass);
        let counted =
            Known { corpus: pass.corpus, found_in: pass.found_in.iter().map(|n| Some(*n)).collect() };
        let unknown = std::mem::take(&mut pass.unknown);
        let found = if counted.is_bounded() {
            // As every later search of the session does it.
            newest(query, &counted, k, run)
        } else {
            let scorer = Scorer::new(query, pass.corpus, &pass.found_in);
            let scores = pass.scores(&scorer);
            let best = Best::of(&pass.ids, &scores, k);
            Found {
                best,
                scorer,
                corpus: None,
                found_in: Vec::new(),
                unknown: Vec::new(),
                complete: true,
                scores,
                passes: vec![pass],
            }
        };
        return Found { corpus: Some(counted.corpus), found_in: counted.found_in, unknown, ..found };
    };
    if known.is_bounded() {
        return newest(query, known, k, run);
    }
    let rows = known.corpus.rows;
    let counted: Vec<u64> = known.found_in.iter().map(|n| n.unwrap_or_default()).collect();
    let left_out = if ranks { Vec::new() } else { common(&known.found_in, rows) };
    let asked: Vec<usize> = (0..query.slots).filter(|slot| !left_out.contains(slot)).collect();
    // All words of the query are stop words: no row has any of them.
    if query.slots > 0 {
        run(Ask::Any(asked.clone()), &mut pass);
    }
    let found_in: Vec<Option<u64>> =
        (0..query.slots).map(|slot| asked.contains(&slot).then(|| pass.found_in[slot])).collect();
    let counted: Vec<u64> =
        found_in.iter().zip(&counted).map(|(now, before)| now.unwrap_or(*before)).collect();
    let known = Known { corpus: known.corpus, found_in: counted.iter().map(|n| Some(*n)).collect() };
    if known.is_bounded() {
        // As it is done where this was known before.
        let unknown = std::mem::take(&mut pass.unknown);
        return Found { found_in, unknown, ..newest(query, &known, k, run) };
    }
    let scorer = Scorer::new(query, known.corpus, &counted);
    let mut scores = pass.scores(&scorer);
    let mut best = Best::of(&pass.ids, &scores, k);
    let mut unknown = std::mem::take(&mut pass.unknown);
    let mut passes = vec![pass];
    if !left_out.is_empty() {
        let single = || left_out.iter().map(|slot| vec![*slot]).collect();
        let sets = sets_that_pass(&scorer.weights, &left_out, best.threshold(k)).unwrap_or_else(single);
        if !sets.is_empty() {
            let mut more = Pass::new(query, asked);
            run(Ask::Sets(sets), &mut more);
            let more_scores = more.scores(&scorer);
            let mut ids: Vec<Id> = best.rows.iter().map(|row| row.0).collect();
            let mut kept: Vec<f64> = best.rows.iter().map(|row| row.1).collect();
            ids.extend(&more.ids);
            kept.extend(&more_scores);
            best = Best::of(&ids, &kept, k);
            scores.extend(more_scores);
            unknown.extend(std::mem::take(&mut more.unknown));
            passes.push(more);
        }
    }
    Found { best, scorer, corpus: None, found_in, unknown, complete: true, passes, scores }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::super::tsvector::made;
    use super::*;

    type Row = BTreeMap<u8, u16>;

    fn lexeme(word: u8) -> Vec<u8> {
        vec![b'a' + word]
    }

    fn query(words: &BTreeSet<u8>) -> Query {
        let terms = words.iter().map(|word| (lexeme(*word), i32::from(*word))).collect();
        Query::new(vec![(b"simple".to_vec(), terms)], false)
    }

    fn id(n: usize) -> Id {
        (n as u128).to_be_bytes()
    }

    /// Passes over rows as the server does.
    fn over<'q>(rows: &[Row], words: &[u8]) -> impl FnMut(Ask, &mut Pass<'q>) {
        let (rows, words) = (rows.to_vec(), words.to_vec());
        move |ask, pass| {
            let has = |row: &Row, slot: &usize| row.contains_key(&words[*slot]);
            let any: Vec<usize> = (0..words.len()).collect();
            let wanted = |row: &Row| match &ask {
                Ask::All => true,
                Ask::Any(slots) => slots.iter().any(|slot| has(row, slot)),
                Ask::Sets(sets) => sets.iter().any(|set| set.iter().all(|slot| has(row, slot))),
                Ask::Newest(_) => any.iter().any(|slot| has(row, slot)),
            };
            for (n, row) in rows.iter().enumerate().filter(|(_, row)| wanted(row)) {
                let text = made(&row.iter().map(|(word, times)| (lexeme(*word), *times)).collect());
                pass.see(id(n), b"simple", true, &text);
            }
        }
    }

    fn known(rows: &[Row], words: &[u8]) -> Known {
        let count = |word: &u8| Some(rows.iter().filter(|row| row.contains_key(word)).count() as u64);
        let length = |row: &Row| row.values().map(|times| u64::from(*times)).sum::<u64>();
        Known {
            corpus: Corpus { rows: rows.len() as u64, words: rows.iter().map(length).sum() },
            found_in: words.iter().map(count).collect(),
        }
    }

    fn rows() -> impl Strategy<Value = Vec<Row>> {
        // Words 0 to 3 are in most rows, the others rare.
        let common = proptest::collection::btree_map(0u8..4, 1u16..5, 0..4);
        let rare = proptest::collection::btree_map(4u8..24, 1u16..4, 0..2);
        let row = (common, rare).prop_map(|(mut row, rare)| {
            row.extend(rare);
            row
        });
        proptest::collection::vec(row, 0..80)
    }

    proptest! {
        #[test]
        fn what_is_left_out_changes_nothing(rows in rows(), words in proptest::collection::btree_set(0u8..26, 1..7), k in 1usize..12) {
            let query = query(&words);
            let words: Vec<u8> = words.into_iter().collect();
            let known = known(&rows, &words);
            let all = find(&query, None, k, false, over(&rows, &words));
            prop_assert_eq!(all.corpus, Some(known.corpus));
            prop_assert_eq!(&all.found_in, &known.found_in);
            let bounded = find(&query, Some(&known), k, false, over(&rows, &words));
            prop_assert_eq!(&bounded.best, &all.best);
            prop_assert!(bounded.complete);
            let ranked = find(&query, Some(&known), k, true, over(&rows, &words));
            prop_assert_eq!(&ranked.best, &all.best);
            for score in &all.scores {
                prop_assert_eq!(ranked.rank(*score), all.rank(*score));
            }
            // Nothing known but the number of rows.
            let nothing = Known { found_in: vec![None; words.len()], ..known };
            let unknown = find(&query, Some(&nothing), k, false, over(&rows, &words));
            prop_assert_eq!(&unknown.best, &all.best);
            // The order in which rows come does not matter.
            let naive = {
                let mut each: Vec<(f64, Id)> = rows.iter().enumerate().map(|(n, row)| {
                    let text = made(&row.iter().map(|(word, times)| (lexeme(*word), *times)).collect());
                    (all.scorer.text(b"simple", &text), id(n))
                }).filter(|(score, _)| *score > 0.0).collect();
                each.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
                each.truncate(k);
                each
            };
            prop_assert_eq!(all.best.rows.iter().map(|row| (row.1, row.0)).collect::<Vec<_>>(), naive);
        }
    }

    #[test]
    fn common_words_are_not_looked_up() {
        let row = |words: &[u8]| words.iter().map(|word| (*word, 1)).collect::<Row>();
        let mut rows: Vec<Row> = (0..1000).map(|_| row(&[0, 1])).collect();
        rows.extend((0..20).map(|n| row(&[0, 5, 6, 10 + n])));
        let words = [0, 1, 5, 6];
        let query = query(&words.into_iter().collect());
        let known = known(&rows, &words);
        let mut asked = Vec::new();
        let mut run = over(&rows, &words);
        let found = find(&query, Some(&known), 10, false, |ask, pass| {
            asked.push(ask.clone());
            run(ask, pass)
        });
        assert_eq!(asked, [Ask::Any(vec![2, 3])]);
        assert_eq!(found.best.rows.len(), 10);
        assert!(found.best.rows.iter().all(|row| row.2 == 1 && row.0 >= id(1000)));
    }

    #[test]
    fn only_common_words_are_bounded() {
        let query = query(&[0, 1].into_iter().collect());
        let known = Known {
            corpus: Corpus { rows: 200_000, words: 2_000_000 },
            found_in: vec![Some(200_000), Some(90_000)],
        };
        let mut asked = Vec::new();
        let found = find(&query, Some(&known), 10, false, |ask, _| asked.push(ask));
        assert_eq!((asked, found.complete), (vec![Ask::Newest(NEWEST)], false));
        // The same where a first search has to count them.
        let mut asked = Vec::new();
        let count = |ask: Ask, pass: &mut Pass<'_>| {
            asked.push(ask);
            (pass.corpus, pass.found_in) =
                (Corpus { rows: 200_000, words: 2_000_000 }, vec![200_000, 90_000]);
        };
        let found = find(&query, None, 10, false, count);
        assert_eq!((asked, found.complete), (vec![Ask::All, Ask::Newest(NEWEST)], false));
        assert_eq!(found.found_in, [Some(200_000), Some(90_000)]);
    }

    #[test]
    fn languages_and_strict_rows() {
        let languages = vec![
            (b"english".to_vec(), vec![(b"appl".to_vec(), 1)]),
            (b"simple".to_vec(), vec![(b"apples".to_vec(), 1), (b"the".to_vec(), 2)]),
        ];
        let query = Query::new(languages, false);
        assert_eq!((query.slots, query.lexemes(|slot| slot == 0)), (2, vec![&b"appl"[..], b"apples"]));
        let text = |lexeme: &str| made(&BTreeMap::from([(lexeme.as_bytes().to_vec(), 1)]));
        let mut pass = Pass::new(&query, Vec::new());
        pass.see(id(1), b"english", true, &text("appl"));
        pass.see(id(2), b"simple", true, &text("appl"));
        pass.see(id(3), b"simple", false, &text("apples"));
        pass.see(id(4), b"german", true, &text("apples"));
        assert_eq!((pass.corpus.rows, &pass.found_in, &pass.ids), (4, &vec![2, 0], &vec![id(1)]));
        assert_eq!(pass.unknown, [b"german".to_vec()]);
    }
}
