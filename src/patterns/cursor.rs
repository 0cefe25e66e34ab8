//! The place of a pattern in a list that goes by frequency, scope, key and value: a JSON array of the four, as jsonb
//! writes it.

use std::fmt::Write;

use crate::json::push_quoted;

/// The longest frequency, and what stands between and around the four.
const OTHER_CHARS: usize = 11 + 14;

/// The cursor of a pattern, in one allocation as a rule: a list makes one for each row.
pub fn of(frequency: i32, texts: [&str; 3]) -> String {
    let mut cursor = String::with_capacity(OTHER_CHARS + texts.map(str::len).iter().sum::<usize>());
    // Writing to a String does not fail.
    let _ = write!(cursor, "[{frequency}");
    // bounded: three.
    for text in texts {
        cursor.push_str(", ");
        push_quoted(&mut cursor, text);
    }
    cursor.push(']');
    cursor
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn is_written_as_jsonb_is() {
        assert_eq!(of(3, ["user:42", "", "é"]), r#"[3, "user:42", "", "é"]"#);
        assert_eq!(
            of(-1, ["\"\\/", "\u{8}\u{c}\n\r\t", "\u{1}\u{1f}\u{7f}"]),
            "[-1, \"\\\"\\\\/\", \"\\b\\f\\n\\r\\t\", \"\\u0001\\u001f\u{7f}\"]"
        );
    }

    proptest! {
        #[test]
        fn comes_back_exactly(frequency: i32, texts: [String; 3]) {
            let cursor = of(frequency, [&texts[0], &texts[1], &texts[2]]);
            let read: serde_json::Value = serde_json::from_str(&cursor)?;
            prop_assert_eq!(read, serde_json::json!([frequency, texts[0], texts[1], texts[2]]));
        }
    }
}
