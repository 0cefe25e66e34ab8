//! Namespaces: lists of segments, stored as one text whose order is that of the lists.
//!
//! Each segment is followed by U+0001, which no segment contains and which is below every character that one may contain.
//! So the namespaces that begin with the segments of another one lie between its text and [`subtree_end`], and `a` is no
//! prefix of `ab`.

use crate::limits::KEY_CHARS;
use crate::text::{length, shown};

/// What follows a segment.
pub const END: char = '\u{1}';

/// The longest namespace and key together, in bytes: an index entry has at most 2,704 with its headers, and the tenant's
/// id takes up to 1,020.
pub const PLACE_BYTES: usize = 1500;

/// Stands for any one segment in a pattern.
const ANY: &str = "*";

/// Why a namespace or a key is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("segment {place} of {argument} must not be empty")]
    Empty { argument: String, place: usize },
    #[error("segment {place} of {argument} must not be null")]
    Null { argument: String, place: usize },
    #[error("segment {place} of {argument} has a control character: \"{}\"", shown::start(.segment))]
    Control { argument: String, place: usize, segment: String },
    #[error("{0} must have one dimension")]
    Dimensions(String),
    #[error("a namespace and a key have at most {PLACE_BYTES} bytes together, these have {0}")]
    TooLarge(usize),
    #[error("a key has at most {KEY_CHARS} characters, this one has {0}")]
    KeyTooLong(usize),
    #[error("max_depth must be positive, got {0}")]
    Depth(i32),
}

/// The text of a namespace.
pub fn path<'a>(
    segments: impl IntoIterator<Item = Option<&'a str>>,
    argument: &str,
) -> Result<String, Invalid> {
    let argument = || argument.to_owned();
    let mut path = String::new();
    // bounded: the text of a namespace is, by the check below.
    for (n, segment) in segments.into_iter().enumerate() {
        let place = n + 1;
        let segment = segment.ok_or_else(|| Invalid::Null { argument: argument(), place })?;
        if segment.is_empty() {
            return Err(Invalid::Empty { argument: argument(), place });
        }
        if segment.chars().any(is_control) {
            return Err(Invalid::Control { argument: argument(), place, segment: segment.to_owned() });
        }
        path.push_str(segment);
        path.push(END);
        if path.len() > PLACE_BYTES {
            return Err(Invalid::TooLarge(path.len()));
        }
    }
    Ok(path)
}

fn is_control(c: char) -> bool {
    c < ' '
}

/// Whether a text is that of a namespace.
pub fn is_path(text: &str) -> bool {
    text.is_empty()
        || text.ends_with(END)
            && segments(text).all(|segment| !segment.is_empty() && !segment.chars().any(is_control))
}

/// The segments of a namespace from its text.
pub fn segments(path: &str) -> impl DoubleEndedIterator<Item = &str> + Clone {
    let inner = path.strip_suffix(END).unwrap_or(path);
    (!path.is_empty()).then(|| inner.split(END)).into_iter().flatten()
}

/// A key that fits beside its namespace.
pub fn check_key(path: &str, key: &str) -> Result<(), Invalid> {
    if let Some(chars) = length::beyond(key, KEY_CHARS) {
        return Err(Invalid::KeyTooLong(chars));
    }
    match path.len() + key.len() {
        bytes if bytes > PLACE_BYTES => Err(Invalid::TooLarge(bytes)),
        _ => Ok(()),
    }
}

/// The exclusive upper bound of the namespaces that begin with the segments of this one, itself among them.
pub fn subtree_end(path: &str) -> String {
    match path.strip_suffix(END) {
        Some(inner) => format!("{inner}\u{2}"),
        // Above every text of so many bytes.
        None => std::iter::repeat_n(char::MAX, PLACE_BYTES / char::MAX.len_utf8() + 1).collect(),
    }
}

/// The first segments of a namespace, as text.
pub fn cut(path: &str, depth: usize) -> &str {
    let end = path.match_indices(END).nth(depth.saturating_sub(1)).map_or(path.len(), |(at, _)| at + 1);
    if depth == 0 { "" } else { &path[..end] }
}

/// Whether a namespace begins with the segments of one pattern and ends with those of another, where `*` stands for any
/// one segment.
pub fn matches(path: &str, prefix: &[&str], suffix: &[&str]) -> bool {
    let segments: Vec<&str> = segments(path).collect();
    let fits = |(wanted, segment): (&&str, &&str)| *wanted == ANY || wanted == segment;
    segments.len() >= prefix.len().max(suffix.len())
        && prefix.iter().zip(&segments).all(fits)
        && suffix.iter().rev().zip(segments.iter().rev()).all(fits)
}

/// The segments of a pattern before its first `*`, which bound what must be looked at.
pub fn fixed<'a>(pattern: &[&'a str]) -> Vec<&'a str> {
    pattern.iter().copied().take_while(|segment| *segment != ANY).collect()
}

/// The least text that a namespace not looked at yet can have, in a list of namespaces cut to a depth. Where this one is in
/// the list, what begins with what is shown of it needs no look.
pub fn next(path: &str, depth: Option<usize>, is_listed: bool) -> String {
    match depth {
        Some(depth) if is_listed && segments(path).count() >= depth => subtree_end(cut(path, depth)),
        // The next text after this one.
        _ => format!("{path}{END}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn made(segments: &[&str]) -> String {
        path(segments.iter().map(|s| Some(*s)), "namespace").unwrap()
    }

    #[test]
    fn texts() {
        assert_eq!(
            (made(&[]), made(&["a"]), made(&["a", "é"])),
            (String::new(), "a\u{1}".into(), "a\u{1}é\u{1}".into())
        );
        assert_eq!(segments(&made(&["a", "b"])).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(segments("").count(), 0);
        assert!(["", "a\u{1}", "a\u{1}b c\u{1}"].into_iter().all(is_path));
        assert!(
            ["a", "\u{1}", "a\u{1}\u{1}", "a\u{1}b", "a\u{2}\u{1}"].into_iter().all(|text| !is_path(text))
        );
    }

    #[test]
    fn refusals() {
        let named =
            |segments: &[Option<&str>]| path(segments.iter().copied(), "namespace").unwrap_err().to_string();
        assert_eq!(named(&[Some("a"), None]), "segment 2 of namespace must not be null");
        assert_eq!(named(&[Some("")]), "segment 1 of namespace must not be empty");
        assert_eq!(named(&[Some("a\tb")]), "segment 1 of namespace has a control character: \"a\tb\"");
        assert_eq!(path([Some("x".repeat(1499).as_str())], "n").map(|path| path.len()), Ok(1500));
        assert_eq!(path([Some("x".repeat(1500).as_str())], "n"), Err(Invalid::TooLarge(1501)));
        assert_eq!(check_key("a\u{1}", &"é".repeat(500)), Ok(()));
        assert_eq!(check_key("", &"é".repeat(501)), Err(Invalid::KeyTooLong(501)));
        assert_eq!(check_key(&"x".repeat(1400), &"y".repeat(101)), Err(Invalid::TooLarge(1501)));
    }

    #[test]
    fn depths() {
        let abc = made(&["a", "b", "c"]);
        assert_eq!((cut(&abc, 0), cut(&abc, 1), cut(&abc, 2)), ("", "a\u{1}", "a\u{1}b\u{1}"));
        assert_eq!((cut(&abc, 3), cut(&abc, 9), cut("", 2)), (abc.as_str(), abc.as_str(), ""));
        assert_eq!(next(&abc, Some(2), true), "a\u{1}b\u{2}");
        assert_eq!(next(&abc, Some(2), false), format!("{abc}\u{1}"));
        assert_eq!(next(&abc, Some(4), true), format!("{abc}\u{1}"));
        assert_eq!(next(&abc, None, true), format!("{abc}\u{1}"));
    }

    fn names() -> impl Strategy<Value = Vec<String>> {
        proptest::collection::vec("[ab!\u{7f}é\u{10FFFF}*]{1,2}", 0..4)
    }

    fn borrowed(names: &[String]) -> Vec<&str> {
        names.iter().map(String::as_str).collect()
    }

    proptest! {
        #[test]
        fn order_is_that_of_the_segments(a in names(), b in names()) {
            prop_assert_eq!(made(&borrowed(&a)).cmp(&made(&borrowed(&b))), a.cmp(&b));
        }

        #[test]
        fn range_is_the_subtree(a in names(), b in names()) {
            let (prefix, path) = (made(&borrowed(&a)), made(&borrowed(&b)));
            prop_assert_eq!(prefix <= path && path < subtree_end(&prefix), b.starts_with(&a));
        }

        #[test]
        fn next_leaves_nothing_out(a in names(), b in names(), depth in 1usize..4, is_listed: bool) {
            let (this, other) = (made(&borrowed(&a)), made(&borrowed(&b)));
            let bound = next(&this, Some(depth), is_listed);
            prop_assert!(this < bound);
            // What is skipped would be shown as this one is.
            if this < other && other < bound {
                prop_assert!(is_listed);
                prop_assert_eq!(cut(&other, depth), cut(&this, depth));
            }
        }

        #[test]
        fn matching_is_segment_by_segment(a in names(), prefix in names(), suffix in names()) {
            let wanted = |wanted: &String, is: &String| wanted == "*" || wanted == is;
            let naive = a.len() >= prefix.len() && a.len() >= suffix.len()
                && (0..prefix.len()).all(|n| wanted(&prefix[n], &a[n]))
                && (0..suffix.len()).all(|n| wanted(&suffix[n], &a[a.len() - suffix.len() + n]));
            let path = made(&borrowed(&a));
            prop_assert_eq!(matches(&path, &borrowed(&prefix), &borrowed(&suffix)), naive);
            if naive {
                let fixed = made(&fixed(&borrowed(&prefix)));
                prop_assert!(fixed <= path && path < subtree_end(&fixed));
            }
        }
    }
}
