//! Where the next page of items or of namespaces begins: a JSON array of the segments, for an item with its key at the end.

use super::namespace::{is_path, path, segments};

/// The cursor of an item, or of a namespace.
pub fn cursor(namespace: &str, key: Option<&str>) -> String {
    serde_json::Value::from_iter(segments(namespace).chain(key)).to_string()
}

/// The text of the namespace of a cursor, and its key where there is to be one.
pub fn parse(cursor: &str, has_key: bool) -> Option<(String, String)> {
    let mut names: Vec<String> = serde_json::from_str(cursor).ok()?;
    let key = if has_key { names.pop()? } else { String::new() };
    let namespace = path(names.iter().map(|name| Some(name.as_str())), "after").ok()?;
    // A NUL is no character of a text.
    (is_path(&namespace) && !key.contains('\0')).then_some((namespace, key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts() {
        assert_eq!(cursor("a\u{1}b\u{1}", Some("k\"")), r#"["a","b","k\""]"#);
        assert_eq!(cursor("", None), "[]");
        assert_eq!(parse("[]", false), Some((String::new(), String::new())));
        for wrong in
            ["", "[", "{}", "[1]", "[\"\", \"k\"]", "[\"a\\u0001\", \"k\"]", "[\"a\", \"\\u0000\"]", "[]"]
        {
            assert_eq!(parse(wrong, true), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn comes_back_exactly(names in proptest::collection::vec("[ -\u{10FFFF}&&[^\0]]{1,4}", 0..4), key in "[^\0]{0,5}") {
            let namespace = path(names.iter().map(|name| Some(name.as_str())), "namespace").unwrap();
            prop_assert_eq!(parse(&cursor(&namespace, Some(&key)), true), Some((namespace.clone(), key)));
            prop_assert_eq!(parse(&cursor(&namespace, None), false), Some((namespace, String::new())));
        }
    }
}
