//! What somebody types into a search field: words, "phrases in quotes", and -words that must not stand there.

/// A query in two parts.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// The words that may stand in a text; those of phrases are among them.
    pub words: String,
    /// What must hold, for `websearch_to_tsquery`: phrases and exclusions; empty where there are none.
    pub strict: String,
}

enum Token<'a> {
    Word(&'a str),
    Phrase(&'a str),
    /// With its sign, and its quotes where it has some.
    Not(&'a str),
    Or(&'a str),
}

/// The next token of a text without leading blanks, and what is left.
fn token(text: &str) -> (Token<'_>, &str) {
    let quoted = |text: &str| text[1..].find('"').map_or(text.len(), |end| end + 2);
    let end_of_word = |text: &str| text.find(|c: char| c.is_whitespace() || c == '"').unwrap_or(text.len());
    if text.starts_with('"') {
        let end = quoted(text);
        return (Token::Phrase(text[1..end].trim_end_matches('"')), &text[end..]);
    }
    // A dash that stands alone, or before another sign, is one of the text.
    if let Some(excluded) = text.strip_prefix('-')
        && excluded.starts_with(|c: char| c.is_alphanumeric() || c == '"')
    {
        let end = 1 + if excluded.starts_with('"') { quoted(excluded) } else { end_of_word(excluded) };
        return (Token::Not(&text[..end]), &text[end..]);
    }
    let end = end_of_word(text);
    let word = &text[..end];
    (if word.eq_ignore_ascii_case("or") { Token::Or(word) } else { Token::Word(word) }, &text[end..])
}

/// Splits a query. An alternative ("or") counts only between phrases and exclusions, as words are optional anyway.
pub fn parts(mut text: &str) -> Parts {
    let mut words = String::new();
    let mut alternatives = vec![String::new()];
    let mut add = |word: &str| {
        words.push_str(word);
        words.push(' ');
    };
    // bounded: a query of at most 10,000 characters.
    loop {
        text = text.trim_start();
        if text.is_empty() {
            break;
        }
        let (token, rest) = token(text);
        let strict = alternatives.last_mut();
        match (token, strict) {
            (Token::Or(word), _) => {
                alternatives.push(String::new());
                add(word);
            }
            (Token::Word(word), _) => add(word),
            (Token::Phrase(phrase), strict) => {
                add(phrase);
                if let Some(strict) = strict.filter(|_| !phrase.trim().is_empty()) {
                    strict.extend(["\"", phrase, "\" "]);
                }
            }
            (Token::Not(excluded), strict) => {
                if let Some(strict) = strict {
                    let is_open = excluded.matches('"').count() == 1;
                    strict.extend([excluded, if is_open { "\" " } else { " " }]);
                }
            }
        }
        text = rest;
    }
    // A text that need not hold any phrase of one alternative may be any text.
    let strict = if alternatives.iter().all(|each| !each.is_empty()) {
        alternatives.join("or ")
    } else if alternatives.len() == 1 {
        alternatives.concat()
    } else {
        String::new()
    };
    Parts { words: words.trim_end().to_owned(), strict: strict.trim_end().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str) -> (String, String) {
        let parts = parts(text);
        (parts.words, parts.strict)
    }

    fn both(words: &str, strict: &str) -> (String, String) {
        (words.to_owned(), strict.to_owned())
    }

    #[test]
    fn words_phrases_exclusions() {
        assert_eq!(of("where is  the parser?"), both("where is the parser?", ""));
        assert_eq!(of("the \"red apple\" -pear"), both("the red apple", "\"red apple\" -pear"));
        assert_eq!(of("-\"red car\" apple"), both("apple", "-\"red car\""));
        assert_eq!(of("well-known - thing -- x"), both("well-known - thing -- x", ""));
        assert_eq!(of("an \"open end"), both("an open end", "\"open end\""));
        assert_eq!(of("\"\" word"), both(" word", ""));
        assert_eq!(of(""), both("", ""));
        assert_eq!(of("-only"), both("", "-only"));
        assert_eq!(of("a -\"b c"), both("a", "-\"b c\""));
    }

    #[test]
    fn alternatives() {
        assert_eq!(of("\"a b\" or \"c d\" -e"), both("a b or c d", "\"a b\" or \"c d\" -e"));
        assert_eq!(of("cats or dogs -birds"), both("cats or dogs", ""));
        assert_eq!(of("cats OR dogs"), both("cats OR dogs", ""));
    }

    proptest! {
        #[test]
        fn takes_any_text(text in "[a-zé\"\\- or]{0,40}") {
            let parts = parts(&text);
            prop_assert!(parts.words.len() <= text.len() + 1);
            prop_assert_eq!(parts.strict.matches('"').count() % 2, 0);
        }
    }
}
