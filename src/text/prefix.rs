//! The half-open range of keys that begin with a prefix, in byte order (COLLATE "C").

use crate::limits::KEY_CHARS;

/// Longest key, in characters, that [`prefix_end`] promises to lie above.
pub const MAX_KEY_CHARS: usize = 512;
const _: () = assert!(MAX_KEY_CHARS >= KEY_CHARS);

/// Returns the exclusive upper bound of the keys that begin with `prefix`.
///
/// `prefix <= key && key < prefix_end(prefix)` in byte order holds for exactly the keys of at most
/// [`MAX_KEY_CHARS`] characters that begin with `prefix`. Where no successor exists (empty prefix,
/// or U+10FFFF throughout) the bound is a text above every such key.
pub fn prefix_end(prefix: &str) -> String {
    let mut end = prefix.to_owned();
    // bounded: each character of a prefix goes once.
    while let Some(last) = end.pop() {
        if let Some(next) = successor(last) {
            end.push(next);
            return end;
        }
    }
    std::iter::repeat_n(char::MAX, MAX_KEY_CHARS + 1).collect()
}

/// The next scalar value; UTF-8 byte order is scalar value order.
fn successor(c: char) -> Option<char> {
    match c {
        // Surrogates are no characters.
        '\u{D7FF}' => Some('\u{E000}'),
        char::MAX => None,
        _ => char::from_u32(u32::from(c) + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bounds_of_plain_text() {
        assert_eq!(prefix_end("user:"), "user;");
        assert_eq!(prefix_end("a%_"), "a%`");
        assert_eq!(prefix_end("z\u{D7FF}"), "z\u{E000}");
        assert_eq!(prefix_end("a\u{10FFFF}\u{10FFFF}"), "b");
    }

    #[test]
    fn no_successor_gives_a_bound_above_every_key() {
        let top: String = std::iter::repeat_n(char::MAX, MAX_KEY_CHARS).collect();
        assert!(prefix_end("").as_bytes() > top.as_bytes());
        assert!(prefix_end("\u{10FFFF}").as_bytes() > top.as_bytes());
    }

    proptest! {
        #[test]
        fn range_is_exactly_the_prefix(prefix in "\\PC{0,6}|[\u{D7FE}-\u{E001}\u{10FFFE}\u{10FFFF}]{0,3}", key in "\\PC{0,8}") {
            let end = prefix_end(&prefix);
            let inside = prefix.as_bytes() <= key.as_bytes() && key.as_bytes() < end.as_bytes();
            prop_assert_eq!(inside, key.starts_with(&prefix));
        }

        #[test]
        fn every_extension_is_inside(prefix in "\\PC{0,6}", rest in "\\PC{0,6}") {
            let key = format!("{prefix}{rest}");
            prop_assert!(key.as_bytes() < prefix_end(&prefix).as_bytes());
        }
    }
}
