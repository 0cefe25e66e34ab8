//! JSON objects as PostgreSQL prints `jsonb`: their members, merged and compared.
//!
//! Values stay the text that they are, so no number loses a digit. What a member holds is never
//! looked into: a merge is that of `jsonb || jsonb`.

use std::collections::BTreeMap;

/// A key with its place in the order of `jsonb`: by length in bytes, then by bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    bytes: usize,
    text: String,
    quoted: String,
}

type Members = BTreeMap<Key, String>;

/// Why a text is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoObject;

/// `base` with the members of `patch` put over its own; `None` where that changes nothing.
pub fn merge(base: &str, patch: &str) -> Result<Option<String>, NoObject> {
    let (mut members, over) = (parse(base)?, parse(patch)?);
    let mut changed = false;
    for (key, value) in over {
        changed |= members.get(&key) != Some(&value);
        members.insert(key, value);
    }
    Ok(changed.then(|| print(members.iter().map(|(key, value)| (key, value.clone())))))
}

/// The members that differ, each as `{"before": …, "after": …}` with what there is.
pub fn diff(before: &str, after: &str) -> Result<String, NoObject> {
    let (before, after) = (parse(before)?, parse(after)?);
    let keys: std::collections::BTreeSet<&Key> = before.keys().chain(after.keys()).collect();
    let differing = keys.into_iter().filter(|key| before.get(key) != after.get(key));
    Ok(print(differing.map(|key| {
        let side =
            |name, side: &Members| side.get(key).map(|value| format!("\"{name}\": {value}")).into_iter();
        let sides: Vec<String> = side("after", &after).chain(side("before", &before)).collect();
        (key, format!("{{{}}}", sides.join(", ")))
    })))
}

pub fn is_object(text: &str) -> bool {
    text.starts_with('{')
}

fn print<'a>(members: impl Iterator<Item = (&'a Key, String)>) -> String {
    let members: Vec<String> = members.map(|(key, value)| format!("{}: {value}", key.quoted)).collect();
    format!("{{{}}}", members.join(", "))
}

fn parse(text: &str) -> Result<Members, NoObject> {
    let inner = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).ok_or(NoObject)?;
    let mut members = Members::new();
    let mut rest = inner;
    while !rest.trim_start().is_empty() {
        rest = rest.trim_start();
        let end = string_end(rest).ok_or(NoObject)?;
        let (quoted, after) = rest.split_at(end);
        let value = after.trim_start().strip_prefix(':').ok_or(NoObject)?.trim_start();
        let end = value_end(value);
        let text = unescape(quoted);
        members.insert(
            Key { bytes: text.len(), text, quoted: quoted.to_owned() },
            value[..end].trim_end().to_owned(),
        );
        rest = value[end..].strip_prefix(',').unwrap_or_default();
    }
    Ok(members)
}

/// Where the string that `text` begins with ends.
fn string_end(text: &str) -> Option<usize> {
    if !text.starts_with('"') {
        return None;
    }
    let mut escaped = false;
    text.bytes().enumerate().skip(1).find_map(|(i, byte)| match byte {
        _ if escaped => {
            escaped = false;
            None
        }
        b'\\' => {
            escaped = true;
            None
        }
        b'"' => Some(i + 1),
        _ => None,
    })
}

/// Where the value that `text` begins with ends: at a comma outside of all brackets and strings.
fn value_end(text: &str) -> usize {
    let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
    for (i, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => return i,
            _ => {}
        }
    }
    text.len()
}

/// The text of a quoted key. PostgreSQL escapes quotes, backslashes and control characters only.
fn unescape(quoted: &str) -> String {
    let mut text = String::with_capacity(quoted.len());
    let mut chars = quoted[1..quoted.len() - 1].chars();
    while let Some(c) = chars.next() {
        let plain = match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n')) => '\n',
            ('\\', Some('t')) => '\t',
            ('\\', Some('r')) => '\r',
            ('\\', Some('b')) => '\u{8}',
            ('\\', Some('f')) => '\u{c}',
            ('\\', Some('u')) => {
                let hex: String = chars.by_ref().take(4).collect();
                u32::from_str_radix(&hex, 16)
                    .ok()
                    .and_then(char::from_u32)
                    .unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            ('\\', Some(other)) => other,
            _ => c,
        };
        text.push(plain);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn merges_as_jsonb_does() {
        assert_eq!(merge("{}", "{}"), Ok(None));
        assert_eq!(merge(r#"{"a": 1}"#, r#"{"a": 1}"#), Ok(None));
        assert_eq!(merge(r#"{"a": 1}"#, r#"{"a": 1.0}"#), Ok(Some(r#"{"a": 1.0}"#.to_owned())));
        assert_eq!(
            merge(r#"{"b": {"x": [1, "}, {"]}, "aa": null}"#, r#"{"c": "\"\\", "aa": 2}"#),
            Ok(Some(r#"{"b": {"x": [1, "}, {"]}, "c": "\"\\", "aa": 2}"#.to_owned()))
        );
        assert_eq!(merge("[1]", "{}"), Err(NoObject));
        assert_eq!(merge("{}", "null"), Err(NoObject));
    }

    #[test]
    fn differences_by_member() {
        assert_eq!(
            diff(r#"{"a": 1, "b": 2, "c": [1, 2]}"#, r#"{"a": 1, "b": 3, "d": {"x": ","}}"#),
            Ok(r#"{"b": {"after": 3, "before": 2}, "c": {"before": [1, 2]}, "d": {"after": {"x": ","}}}"#
                .to_owned())
        );
        assert_eq!(diff("{}", "{}"), Ok("{}".to_owned()));
    }

    #[test]
    fn keys_in_the_order_of_jsonb() {
        let merged = merge(r#"{"é": 1, "\n": 2, "zz": 3}"#, r#"{"a": 0, "\u0001": 4}"#);
        assert_eq!(merged, Ok(Some(r#"{"\u0001": 4, "\n": 2, "a": 0, "zz": 3, "é": 1}"#.to_owned())));
    }

    proptest! {
        #[test]
        fn merge_is_that_of_maps(a in prop::collection::btree_map("[a-c]{1,2}", 0..3u8, 0..5), b in prop::collection::btree_map("[a-c]{1,2}", 0..3u8, 0..5)) {
            let text = |m: &BTreeMap<String, u8>| {
                let mut keys: Vec<_> = m.keys().collect();
                keys.sort_by_key(|k| (k.len(), k.as_bytes().to_vec()));
                format!("{{{}}}", keys.iter().map(|k| format!("\"{k}\": {}", m[*k])).collect::<Vec<_>>().join(", "))
            };
            let mut wanted = a.clone();
            wanted.extend(b.clone());
            let merged = merge(&text(&a), &text(&b)).unwrap();
            prop_assert_eq!(merged, (wanted != a).then(|| text(&wanted)));
            // A difference is empty exactly between equals, and the other way round has its sides swapped.
            let there = diff(&text(&a), &text(&b)).unwrap();
            prop_assert_eq!(there == "{}", a == b);
            prop_assert_eq!(there.matches("before").count(), diff(&text(&b), &text(&a)).unwrap().matches("after").count());
        }

        #[test]
        fn never_panics(a in "\\PC{0,12}|\\{[\"a:,\\\\{}\\[\\] 1u]{0,12}\\}", b in "\\{[\"a:,\\\\{}\\[\\] 1u]{0,12}\\}") {
            let _ = merge(&a, &b);
            let _ = diff(&a, &b);
        }
    }
}
