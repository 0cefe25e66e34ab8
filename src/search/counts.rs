//! What a session has counted: how many rows a search may find and how many words they have, in which languages they
//! are, and in how many of them a word stands. Counts are kept 30 s, those of many rows longer, as they change slowly.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::bm25::Corpus;
use super::find::{COUNTED, Found, Known};
use super::words::Query;

const LIFE: Duration = Duration::from_secs(30);
/// So many rows live LIFE once more.
const SLOW_ROWS: u64 = 20_000;
const CAPACITY: usize = 1024;
const WORDS: usize = 4096;

#[derive(Default)]
struct Counts {
    /// None while too few rows are there to be kept.
    counted: Option<(Instant, Corpus)>,
    found_in: HashMap<Vec<u8>, u64>,
}

thread_local! {
    /// By what names the rows that a search may find. A tenant chooses words and filters, so the hash has a key.
    static COUNTS: RefCell<HashMap<Vec<u8>, Counts>> = RefCell::default();
    /// By the table and the tenant.
    static LANGUAGES: RefCell<HashMap<Vec<u8>, Vec<String>>> = RefCell::default();
}

/// The languages of the rows, as far as the session has seen them.
pub fn languages(key: &[u8]) -> Vec<String> {
    LANGUAGES.with_borrow(|kept| kept.get(key).cloned().unwrap_or_default())
}

pub fn keep_languages(key: &[u8], languages: &[String]) {
    LANGUAGES.with_borrow_mut(|kept| {
        if kept.len() >= CAPACITY && !kept.contains_key(key) {
            kept.clear();
        }
        kept.insert(key.to_owned(), languages.to_vec());
    });
}

pub fn known(key: &[u8], query: &Query) -> Option<Known> {
    COUNTS.with_borrow(|counts| {
        let counts = counts.get(key)?;
        let (at, corpus) = counts.counted?;
        let life =
            LIFE.saturating_mul(u32::try_from(corpus.rows / SLOW_ROWS).unwrap_or(u32::MAX).saturating_add(1));
        let found_in = (0..query.slots).map(|slot| counts.found_in.get(&query.name(slot)).copied()).collect();
        (at.elapsed() < life).then_some(Known { corpus, found_in })
    })
}

/// Takes note of what a search has counted.
pub fn saw(key: &[u8], query: &Query, found: &Found<'_>) {
    with(key, |counts| {
        if let Some(corpus) = found.corpus {
            counts.found_in.clear();
            counts.counted = (corpus.rows > COUNTED).then(|| (Instant::now(), corpus));
        }
        if counts.counted.is_none() {
            return;
        }
        if counts.found_in.len() >= WORDS {
            counts.found_in.clear();
        }
        // bounded: the words of a query, at most 64 in each language.
        for (slot, rows) in found.found_in.iter().enumerate() {
            if let Some(rows) = rows {
                counts.found_in.insert(query.name(slot), *rows);
            }
        }
    });
}

fn with(key: &[u8], change: impl FnOnce(&mut Counts)) {
    COUNTS.with_borrow_mut(|all| {
        if all.len() >= CAPACITY && !all.contains_key(key) {
            all.clear();
        }
        change(all.entry(key.to_owned()).or_default());
    });
}

#[cfg(test)]
mod tests {
    use super::super::find::find;
    use super::*;

    fn query(word: &str) -> Query {
        Query::new(vec![(b"simple".to_vec(), vec![(word.as_bytes().to_vec(), 1)])], false)
    }

    fn count(key: &[u8], word: &str, rows: u64) {
        let query = query(word);
        let mut found = find(&query, None, 1, false, |_, _| ());
        found.corpus = Some(Corpus { rows, words: 5 * rows });
        found.found_in = vec![Some(rows / 2)];
        saw(key, &query, &found);
    }

    #[test]
    fn many_rows_are_kept_few_are_counted_again() {
        count(b"few", "a", COUNTED);
        assert_eq!(known(b"few", &query("a")), None);
        count(b"many", "a", COUNTED + 2);
        let corpus = Corpus { rows: COUNTED + 2, words: 5 * COUNTED + 10 };
        assert_eq!(
            known(b"many", &query("a")),
            Some(Known { corpus, found_in: vec![Some(COUNTED / 2 + 1)] })
        );
        assert_eq!(known(b"many", &query("b")), Some(Known { corpus, found_in: vec![None] }));
        assert_eq!(known(b"other", &query("a")), None);
        keep_languages(b"many", &["english".to_owned()]);
        assert_eq!((languages(b"many"), languages(b"few")), (vec!["english".to_owned()], vec![]));
        for n in 0..3 * CAPACITY {
            count(&n.to_ne_bytes(), "a", 1_000_000);
        }
        assert!(COUNTS.with_borrow(HashMap::len) <= CAPACITY);
    }
}
