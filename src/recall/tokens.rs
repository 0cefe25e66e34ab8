//! How many tokens a text has, by a rule that needs no model: so many hundredths of a token for each character of a
//! script. The rates are those of a common tokenizer, see docs/recall.md.

use crate::interrupts::polled;

/// Hundredths of a token.
fn rate(c: char) -> u64 {
    match c as u32 {
        // Latin without accents, digits, signs and blanks.
        0x00..=0x7f => 25,
        // Latin with accents.
        0x80..=0x24f => 60,
        // Greek and Cyrillic.
        0x370..=0x52f => 45,
        // Hebrew and Arabic.
        0x590..=0x6ff | 0x750..=0x77f => 65,
        // Scripts of India and Thai.
        0x900..=0xe7f => 90,
        // Signs, dashes and quotes.
        0x2000..=0x2bff => 100,
        // Kana, ideographs, Hangul.
        0x3000..=0x9fff | 0xac00..=0xd7ff | 0xf900..=0xfaff | 0xff00..=0xffef => 110,
        // Emoji and rare ideographs.
        0x1_0000.. => 220,
        _ => 100,
    }
}

/// The tokens of a text; at least 1 where there is any character.
pub fn estimate(text: &str) -> u64 {
    let hundredths: u64 = polled(text.chars()).map(rate).sum();
    hundredths.div_ceil(100)
}

/// A text of more bytes has more tokens: no script has less than a quarter of a token for a byte.
pub fn most_bytes(tokens: u64) -> u64 {
    4 * tokens
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts() {
        assert_eq!(estimate(""), 0);
        assert_eq!(estimate("a"), 1);
        assert_eq!(estimate("four"), 1);
        assert_eq!(estimate("fours"), 2);
        assert_eq!(estimate("これは"), 4);
    }

    proptest! {
        #[test]
        fn grows_with_the_text(text in "\\PC{0,200}", more in "\\PC{0,20}") {
            let whole = format!("{text}{more}");
            prop_assert!(estimate(&whole) >= estimate(&text));
            prop_assert!(estimate(&whole) <= estimate(&text) + estimate(&more));
            prop_assert!(text.len() as u64 <= most_bytes(estimate(&text)));
        }
    }
}
