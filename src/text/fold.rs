//! Names without regard to case.

/// Longest key, in bytes: with the longest tenant and an id it fits into an entry of a B-tree.
pub const KEY_BYTES: usize = 1200;

/// The text in lower case, character by character, so that the beginning of a text folds to the beginning of
/// the folded text. An index holds such texts: where a later Unicode changes a character, it is to be rebuilt.
pub fn folded(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).map(|c| if c == 'ς' { 'σ' } else { c }).collect()
}

/// Its beginning, as far as an index holds it.
pub fn key(text: &str) -> String {
    let mut folded = folded(text);
    folded.truncate(folded.floor_char_boundary(KEY_BYTES));
    folded
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn without_case_and_cut() {
        assert_eq!(key("Ada ÜNIQUE"), "ada ünique");
        assert_eq!(folded("ΟΔΟΣ"), folded("οδος"));
        assert_eq!(key(&"é".repeat(1000)).len(), KEY_BYTES);
        assert_eq!(key(&format!("a{}", "é".repeat(1000))).len(), KEY_BYTES - 1);
    }

    proptest! {
        #[test]
        fn beginnings_stay_beginnings(start in ".{0,40}", rest in ".{0,40}") {
            let whole = format!("{start}{rest}");
            prop_assert!(folded(&whole).starts_with(&folded(&start)));
            prop_assert!(key(&whole).starts_with(&key(&start)));
        }
    }
}
