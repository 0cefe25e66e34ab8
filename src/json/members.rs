//! JSON objects as PostgreSQL prints `jsonb`: their members, merged and compared.
//!
//! Values stay the text that they are, so no number loses a digit. What a member holds is never
//! looked into: a merge is that of `jsonb || jsonb`.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::value::RawValue;

use super::quoted;
use crate::interrupts::polled;

/// A key in the order of `jsonb`: by length in bytes, then by bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    bytes: usize,
    text: String,
}

/// Values by key, as they are spelled.
type Members<'a> = BTreeMap<Key, &'a str>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("not a JSON object")]
    NotObject,
}

/// `base` with the members of `patch` put over its own; `None` where that changes nothing.
pub fn merge(base: &str, patch: &str) -> Result<Option<String>, Invalid> {
    let (mut members, over) = (parse(base)?, parse(patch)?);
    let mut changed = false;
    for (key, value) in polled(over) {
        changed |= members.insert(key, value) != Some(value);
    }
    Ok(changed.then(|| print(members.iter().map(|(key, value)| (key, (*value).to_owned())))))
}

/// `base` without some members; `None` where it has none of them.
pub fn without(base: &str, names: &[String]) -> Result<Option<String>, Invalid> {
    let mut members = parse(base)?;
    let before = members.len();
    let names: HashSet<&str> = polled(names).map(String::as_str).collect();
    members.retain(|key, _| !names.contains(key.text.as_str()));
    Ok((members.len() < before).then(|| print(members.iter().map(|(key, value)| (key, (*value).to_owned())))))
}

/// The members that differ, each as `{"old_value": …, "new_value": …}` with the sides that there are.
pub fn diff(before: &str, after: &str) -> Result<String, Invalid> {
    let (before, after) = (parse(before)?, parse(after)?);
    let keys: BTreeSet<&Key> = before.keys().chain(after.keys()).collect();
    let differing = polled(keys).filter(|key| before.get(key) != after.get(key));
    Ok(print(differing.map(|key| {
        let side = |name, side: &Members<'_>| side.get(key).map(|value| format!("\"{name}\": {value}"));
        let sides: Vec<String> =
            side("new_value", &after).into_iter().chain(side("old_value", &before)).collect();
        (key, format!("{{{}}}", sides.join(", ")))
    })))
}

pub fn is_object(text: &str) -> bool {
    text.starts_with('{')
}

fn print<'a>(members: impl Iterator<Item = (&'a Key, String)>) -> String {
    let members: Vec<String> =
        polled(members).map(|(key, value)| format!("{}: {value}", quoted(&key.text))).collect();
    format!("{{{}}}", members.join(", "))
}

fn parse(text: &str) -> Result<Members<'_>, Invalid> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).map_err(|_| Invalid::NotObject)?;
    Ok(polled(members).map(|(text, value)| (Key { bytes: text.len(), text }, value.get())).collect())
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
        assert_eq!(merge("[1]", "{}"), Err(Invalid::NotObject));
        assert_eq!(merge("{}", "null"), Err(Invalid::NotObject));
    }

    #[test]
    fn without_members() {
        let names = ["a".to_owned(), "\n".to_owned()];
        assert_eq!(
            without(r#"{"a": 1, "\n": 2, "b": {"a": 3}}"#, &names),
            Ok(Some(r#"{"b": {"a": 3}}"#.to_owned()))
        );
        assert_eq!(without(r#"{"b": 1}"#, &names), Ok(None));
        assert_eq!(without("[1]", &names), Err(Invalid::NotObject));
    }

    #[test]
    fn differences_by_member() {
        assert_eq!(
            diff(r#"{"a": 1, "b": 2, "c": [1, 2]}"#, r#"{"a": 1, "b": 3, "d": {"x": ","}}"#),
            Ok(r#"{"b": {"new_value": 3, "old_value": 2}, "c": {"old_value": [1, 2]}, "d": {"new_value": {"x": ","}}}"#
                .to_owned())
        );
        assert_eq!(diff("{}", "{}"), Ok("{}".to_owned()));
    }

    #[test]
    fn keys_in_the_order_of_jsonb() {
        let merged = merge(r#"{"é": 1, "\n": 2, "zz": 3}"#, r#"{"a": 0, "\u0001": 4}"#);
        assert_eq!(merged, Ok(Some(r#"{"\u0001": 4, "\n": 2, "a": 0, "zz": 3, "é": 1}"#.to_owned())));
    }

    #[test]
    fn every_digit_is_kept() {
        let digits = format!("{}.{}", "9".repeat(400), "1".repeat(400));
        let base = format!(r#"{{"a": {digits}, "b": [1.10, -0.0, {digits}]}}"#);
        let wanted = base.replace("]}", r#"], "c": 10.00}"#);
        assert_eq!(merge(&base, r#"{"c": 10.00}"#), Ok(Some(wanted)));
        let wanted = r#"{"a": {"new_value": 1.1, "old_value": 1.10}}"#;
        assert_eq!(diff(r#"{"a": 1.10}"#, r#"{"a": 1.1}"#), Ok(wanted.to_owned()));
    }

    #[test]
    fn any_depth() {
        let deep = format!(r#"{{"a": {}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(merge(&deep, &deep), Ok(None));
    }

    #[test]
    fn keys_are_escaped_as_postgresql_does() {
        let one_byte = r#"{"\u0001": 1, "\b": 1, "\t": 1, "\n": 1, "\f": 1, "\r": 1, "\u001f": 1, "\"": 1, "/": 1, "\\": 1}"#;
        let wanted = one_byte.replace('}', r#", "zz": 2}"#);
        assert_eq!(merge(one_byte, r#"{"zz": 2}"#), Ok(Some(wanted)));
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
            prop_assert_eq!(there.matches("old_value").count(), diff(&text(&b), &text(&a)).unwrap().matches("new_value").count());
        }

        #[test]
        fn never_panics(a in "\\PC{0,12}|\\{[\"a:,\\\\{}\\[\\] 1u]{0,12}\\}", b in "\\{[\"a:,\\\\{}\\[\\] 1u]{0,12}\\}") {
            let _ = merge(&a, &b);
            let _ = diff(&a, &b);
        }
    }
}
