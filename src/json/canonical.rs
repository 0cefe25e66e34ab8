//! The canonical text of a JSON document, by hand: it is made from tokens of jsonb in bounded memory, with
//! numbers of any number of digits, which serde_json has as text only and would first have to be printed.
//!
//! Equal documents have one text, however they were spelled.
//! As RFC 8785, with keys sorted by code point and numbers written exactly: no white space, shortest
//! escapes, decimal numbers without exponent, leading `+` or trailing zeros.

use crate::interrupts::polled;

/// Deepest nesting that is accepted.
pub const MAX_DEPTH: usize = 1000;

/// Largest document that is accepted, in bytes of its binary form and of its text: a number of a few
/// bytes can have 131,072 digits.
pub const MAX_BYTES: usize = 64 << 20;

/// Why a document is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("a JSON document may be nested {MAX_DEPTH} deep, this one is deeper")]
    TooDeep,
    #[error("a JSON document has at most {MAX_BYTES} bytes, this one has {bytes}")]
    TooLarge { bytes: usize },
}

/// A document as a sequence; numbers come as plain decimal text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token<'a> {
    BeginArray,
    BeginObject,
    Bool(bool),
    EndArray,
    EndObject,
    Key(&'a str),
    Null,
    Number(&'a str),
    Text(&'a str),
}

/// Adds up depth and length of a document as its tokens come, before memory is taken for them.
#[derive(Default)]
pub struct Bounds {
    depth: usize,
    bytes: usize,
}

impl Bounds {
    pub fn push(&mut self, token: Token<'_>) -> Result<(), Invalid> {
        let bytes = match token {
            Token::BeginArray | Token::BeginObject => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err(Invalid::TooDeep);
                }
                2
            }
            Token::EndArray | Token::EndObject => {
                self.depth = self.depth.saturating_sub(1);
                0
            }
            Token::Bool(_) | Token::Null => 6,
            Token::Number(text) => text.len() + 1,
            // An escape takes six bytes at most.
            Token::Key(text) | Token::Text(text) => {
                text.len() + 4 + 5 * text.bytes().filter(|b| *b < 0x20 || matches!(b, b'"' | b'\\')).count()
            }
        };
        self.bytes += bytes;
        if self.bytes > MAX_BYTES { Err(Invalid::TooLarge { bytes: self.bytes }) } else { Ok(()) }
    }
}

/// Writes the canonical text from a well-formed sequence of tokens.
#[derive(Default)]
pub struct Writer {
    bounds: Bounds,
    out: Vec<u8>,
    open: Vec<Container>,
}

struct Container {
    start: usize,
    /// Where each member of an object begins, with its key; empty for an array.
    members: Vec<(String, usize)>,
    in_order: bool,
}

impl Writer {
    pub fn push(&mut self, token: Token<'_>) -> Result<(), Invalid> {
        self.bounds.push(token)?;
        match token {
            Token::BeginArray | Token::BeginObject => {
                self.separate();
                self.out.push(if token == Token::BeginArray { b'[' } else { b'{' });
                self.open.push(Container { start: self.out.len(), members: Vec::new(), in_order: true });
            }
            Token::EndArray => {
                self.open.pop();
                self.out.push(b']');
            }
            Token::EndObject => {
                if let Some(object) = self.open.pop() {
                    self.sort(object);
                }
                self.out.push(b'}');
            }
            Token::Key(key) => {
                self.separate();
                let at = self.out.len();
                if let Some(object) = self.open.last_mut() {
                    object.in_order &= object.members.last().is_none_or(|(before, _)| before.as_str() < key);
                    object.members.push((key.to_owned(), at));
                }
                self.string(key);
                self.out.push(b':');
            }
            Token::Null => self.scalar(b"null"),
            Token::Bool(value) => self.scalar(if value { b"true" } else { b"false" }),
            Token::Number(text) => self.scalar(number(text).as_bytes()),
            Token::Text(text) => {
                self.separate();
                self.string(text);
            }
        }
        Ok(())
    }

    pub fn finish(self) -> Vec<u8> {
        self.out
    }

    fn scalar(&mut self, text: &[u8]) {
        self.separate();
        self.out.extend_from_slice(text);
    }

    /// A comma between members and elements: not first in a container, not after a key.
    fn separate(&mut self) {
        if let Some(container) = self.open.last()
            && self.out.len() > container.start
            && self.out.last() != Some(&b':')
        {
            self.out.push(b',');
        }
    }

    fn sort(&mut self, mut object: Container) {
        if object.in_order {
            return;
        }
        let end = self.out.len();
        let text = self.out.split_off(object.start);
        // A member reaches to the comma before the next one.
        let mut ends: Vec<usize> = object.members.iter().skip(1).map(|(_, at)| at - 1).collect();
        ends.push(end);
        let mut members: Vec<(String, std::ops::Range<usize>)> = object
            .members
            .drain(..)
            .zip(ends)
            .map(|((key, from), to)| (key, from - object.start..to - object.start))
            .collect();
        members.sort_by(|a, b| a.0.cmp(&b.0));
        for (i, (_, range)) in polled(members).enumerate() {
            if i > 0 {
                self.out.push(b',');
            }
            self.out.extend_from_slice(&text[range]);
        }
    }

    fn string(&mut self, text: &str) {
        self.out.push(b'"');
        // bounded: a text has at most MAX_BYTES, a tenth of a second.
        for byte in text.bytes() {
            match byte {
                b'"' => self.out.extend_from_slice(b"\\\""),
                b'\\' => self.out.extend_from_slice(b"\\\\"),
                0x08 => self.out.extend_from_slice(b"\\b"),
                0x09 => self.out.extend_from_slice(b"\\t"),
                0x0a => self.out.extend_from_slice(b"\\n"),
                0x0c => self.out.extend_from_slice(b"\\f"),
                0x0d => self.out.extend_from_slice(b"\\r"),
                0x00..0x20 => self.out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
                _ => self.out.push(byte),
            }
        }
        self.out.push(b'"');
    }
}

/// The one text of a decimal number: `1.0` is `1`, `-0.00` is `0`.
fn number(text: &str) -> &str {
    let short = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text };
    if short == "-0" { "0" } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Token::*;
    use proptest::prelude::*;

    fn text(tokens: &[Token<'_>]) -> String {
        let mut writer = Writer::default();
        for token in tokens {
            writer.push(*token).unwrap();
        }
        String::from_utf8(writer.finish()).unwrap()
    }

    #[test]
    fn golden() {
        assert_eq!(text(&[BeginObject, EndObject]), "{}");
        assert_eq!(text(&[BeginArray, EndArray]), "[]");
        assert_eq!(text(&[Null]), "null");
        let document = [
            BeginObject,
            Key("b"),
            BeginArray,
            Number("1.50"),
            Null,
            Bool(true),
            EndArray,
            Key("aa"),
            BeginObject,
            Key("z"),
            Text("é\"\\\n\u{1}"),
            Key("y"),
            Number("-0.00"),
            EndObject,
            Key("é"),
            Number("100"),
            EndObject,
        ];
        assert_eq!(
            text(&document),
            "{\"aa\":{\"y\":0,\"z\":\"é\\\"\\\\\\n\\u0001\"},\"b\":[1.5,null,true],\"é\":100}"
        );
    }

    #[test]
    fn one_text_for_equal_numbers() {
        for (spelled, canonical) in [
            ("1.0", "1"),
            ("1", "1"),
            ("10", "10"),
            ("0.10", "0.1"),
            ("-0", "0"),
            ("0.000", "0"),
            ("-2.500", "-2.5"),
        ] {
            assert_eq!(number(spelled), canonical);
        }
    }

    #[test]
    fn depth_is_bounded() {
        let mut writer = Writer::default();
        for _ in 0..MAX_DEPTH {
            writer.push(BeginArray).unwrap();
        }
        assert_eq!(writer.push(BeginObject), Err(Invalid::TooDeep));
    }

    #[test]
    fn text_is_bounded() {
        let mut bounds = Bounds::default();
        let digits = "9".repeat(131_072);
        let refused = (0..1000).find_map(|_| bounds.push(Number(&digits)).err());
        assert!(matches!(refused, Some(Invalid::TooLarge { .. })));
    }

    proptest! {
        #[test]
        fn order_of_members_does_not_matter(mut keys in proptest::collection::hash_set("\\PC{0,3}", 0..8)) {
            let write = |keys: &[String]| {
                let mut writer = Writer::default();
                writer.push(BeginObject).unwrap();
                for key in keys {
                    for token in [Key(key), BeginObject, Key("v"), Text(key), EndObject] {
                        writer.push(token).unwrap();
                    }
                }
                writer.push(EndObject).unwrap();
                writer.finish()
            };
            let forward: Vec<_> = keys.drain().collect();
            let mut sorted = forward.clone();
            sorted.sort();
            prop_assert_eq!(write(&forward), write(&sorted));
        }
    }
}
