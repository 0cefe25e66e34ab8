//! Patterns of event types: `*` stands for any text, `?` for one character, all else for itself.

use crate::interrupts::polled;

/// A pattern, ready for a query.
#[derive(Debug, PartialEq, Eq)]
pub struct Glob {
    /// The text that every match begins with.
    pub prefix: String,
    /// The same pattern for LIKE.
    pub like: String,
    /// Whether the prefix is the whole of it.
    pub exact: bool,
}

pub fn parse(pattern: &str) -> Glob {
    let wild = pattern.find(['*', '?']);
    let mut like = String::with_capacity(pattern.len() + 8);
    for c in polled(pattern.chars()) {
        match c {
            // Runs of stars mean one star, and take LIKE exponentially long.
            '*' if like.ends_with('%') && !like.ends_with("\\%") => {}
            '*' => like.push('%'),
            '?' => like.push('_'),
            '\\' | '%' | '_' => like.extend(['\\', c]),
            _ => like.push(c),
        }
    }
    Glob { prefix: pattern[..wild.unwrap_or(pattern.len())].to_owned(), like, exact: wild.is_none() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wildcards_and_literals() {
        for (pattern, prefix, like, exact) in [
            ("a.b", "a.b", "a.b", true),
            ("100%_\\", "100%_\\", "100\\%\\_\\\\", true),
            ("a%.*", "a%.", "a\\%.%", false),
            ("a\\*?_", "a\\", "a\\\\%_\\_", false),
            ("**a***", "", "%a%", false),
            ("%*", "%", "\\%%", false),
        ] {
            assert_eq!(parse(pattern), Glob { prefix: prefix.into(), like: like.into(), exact });
        }
    }

    /// The meaning of a pattern, naively.
    fn fits(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|i| fits(rest, &text[i..])),
            Some(('?', rest)) => !text.is_empty() && fits(rest, &text[1..]),
            Some((c, rest)) => text.first() == Some(c) && fits(rest, &text[1..]),
        }
    }

    /// The meaning of LIKE, naively.
    fn like(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('%', rest)) => (0..=text.len()).any(|i| like(rest, &text[i..])),
            Some(('_', rest)) => !text.is_empty() && like(rest, &text[1..]),
            Some(('\\', rest)) => !text.is_empty() && text[0] == rest[0] && like(&rest[1..], &text[1..]),
            Some((c, rest)) => text.first() == Some(c) && like(rest, &text[1..]),
        }
    }

    proptest! {
        #[test]
        fn like_means_the_same(pattern in "[ab*?%_\\\\]{0,7}", text in "[ab%_\\\\]{0,6}") {
            let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
            let glob = parse(&pattern);
            let found = text.starts_with(&glob.prefix) && like(&glob.like.chars().collect::<Vec<_>>(), &t);
            prop_assert_eq!(found, fits(&p, &t));
            prop_assert!(!glob.exact || !fits(&p, &t) || text == glob.prefix);
        }
    }
}
