//! Patterns of event types: `*` stands for any text, `?` for one character, all else for itself.

/// A pattern, ready for a query.
#[derive(Debug, PartialEq, Eq)]
pub struct Glob {
    /// What every match begins with.
    pub prefix: String,
    /// The same pattern for LIKE; `None` where the prefix is the whole of it.
    pub like: Option<String>,
}

pub fn parse(pattern: &str) -> Glob {
    let Some(wild) = pattern.find(['*', '?']) else {
        return Glob { prefix: pattern.to_owned(), like: None };
    };
    let mut like = String::with_capacity(pattern.len() + 8);
    for c in pattern.chars() {
        match c {
            // Runs of stars mean one star, and take LIKE exponentially long.
            '*' if like.ends_with('%') && !like.ends_with("\\%") => {}
            '*' => like.push('%'),
            '?' => like.push('_'),
            '\\' | '%' | '_' => like.extend(['\\', c]),
            _ => like.push(c),
        }
    }
    Glob { prefix: pattern[..wild].to_owned(), like: Some(like) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wildcards_and_literals() {
        assert_eq!(parse("a.b"), Glob { prefix: "a.b".into(), like: None });
        assert_eq!(parse("100%_\\"), Glob { prefix: "100%_\\".into(), like: None });
        assert_eq!(parse("a%.*"), Glob { prefix: "a%.".into(), like: Some("a\\%.%".into()) });
        assert_eq!(parse("a\\*?_"), Glob { prefix: "a\\".into(), like: Some("a\\\\%_\\_".into()) });
        assert_eq!(parse("**a***"), Glob { prefix: String::new(), like: Some("%a%".into()) });
        assert_eq!(parse("%*"), Glob { prefix: "%".into(), like: Some("\\%%".into()) });
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
            let found = match &glob.like {
                None => text == glob.prefix,
                Some(l) => text.starts_with(&glob.prefix) && like(&l.chars().collect::<Vec<_>>(), &t),
            };
            prop_assert_eq!(found, fits(&p, &t));
        }
    }
}
