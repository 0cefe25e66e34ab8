//! Patterns as LIKE has them.

use super::invalid::Invalid;
use crate::interrupts::poll;
use crate::text::shown;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Byte(u8),
    /// `_`: any character.
    One,
    /// `%`: any characters.
    Many,
}

#[derive(Debug)]
pub struct Pattern(Vec<Part>);

impl Pattern {
    /// `%` stands for any characters, `_` for one, and a backslash before a character for that character.
    pub fn new(text: &[u8]) -> Result<Self, Invalid> {
        let mut parts: Vec<Part> = Vec::with_capacity(text.len());
        let mut is_escaped = false;
        parts.extend(text.iter().filter_map(|byte| match (byte, std::mem::take(&mut is_escaped)) {
            (b'\\', false) => {
                is_escaped = true;
                None
            }
            (b'%', false) => Some(Part::Many),
            (b'_', false) => Some(Part::One),
            (byte, _) => Some(Part::Byte(*byte)),
        }));
        if is_escaped {
            return Err(Invalid::Escape(shown::start(&String::from_utf8_lossy(text))));
        }
        parts.dedup_by(|one, two| (*one, *two) == (Part::Many, Part::Many));
        Ok(Self(parts))
    }

    /// Whether the whole text is as the pattern says. What follows the last `%` met is tried at each place in turn, as
    /// no earlier choice can do better.
    pub fn matches(&self, text: &[u8]) -> bool {
        let (mut part, mut at) = (0, 0);
        let mut again = None;
        let mut steps = 0usize;
        while at < text.len() || part < self.0.len() {
            steps += 1;
            if steps.is_multiple_of(65_536) {
                poll();
            }
            match self.0.get(part) {
                Some(Part::Many) => {
                    if part + 1 == self.0.len() {
                        return true;
                    }
                    part += 1;
                    again = Some((part, at));
                    continue;
                }
                Some(Part::One) if at < text.len() => {
                    (part, at) = (part + 1, next(text, at));
                    continue;
                }
                Some(Part::Byte(byte)) if text.get(at) == Some(byte) => {
                    (part, at) = (part + 1, at + 1);
                    continue;
                }
                _ => {}
            }
            match again {
                Some((from, tried)) if tried < text.len() => {
                    let tried = next(text, tried);
                    again = Some((from, tried));
                    (part, at) = (from, tried);
                }
                _ => return false,
            }
        }
        true
    }
}

/// Where the next character begins.
fn next(text: &[u8], at: usize) -> usize {
    let rest = text.get(at + 1..).unwrap_or_default();
    at + 1 + rest.iter().take_while(|byte| **byte & 0xc0 == 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn like(text: &str, pattern: &str) -> bool {
        Pattern::new(pattern.as_bytes()).unwrap().matches(text.as_bytes())
    }

    /// The definition.
    fn naive(text: &[char], pattern: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            ['%', rest @ ..] => (0..=text.len()).any(|from| naive(&text[from..], rest)),
            ['_', rest @ ..] => !text.is_empty() && naive(&text[1..], rest),
            ['\\', literal, rest @ ..] | [literal, rest @ ..] => {
                text.first() == Some(literal) && naive(&text[1..], rest)
            }
        }
    }

    #[test]
    fn examples() {
        assert!(like("", "") && like("", "%") && like("", "%%") && !like("", "_") && !like("a", ""));
        assert!(like("é", "_") && !like("é", "__") && like("aéb", "a_b") && like("日本", "%本"));
        assert!(
            like("100%", r"100\%")
                && !like("1000", r"100\%")
                && like(r"a\b", r"a\\b")
                && like("a_b", r"a\_b")
        );
        assert!(!like("Abc", "abc%"));
        assert_eq!(Pattern::new(br"a\").err(), Some(Invalid::Escape(r"a\".to_owned())));
    }

    #[test]
    fn many_stars_take_no_time() {
        let text = "a".repeat(20_000);
        assert!(!like(&text, &format!("{}b", "%a".repeat(200))));
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(text in "[abé]{0,8}", pattern in "([abé_%]|\\\\[abé_%\\\\]){0,6}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(like(&text, &pattern), naive(&chars(&text), &chars(&pattern)));
        }
    }
}
