//! The place of a pattern in a list that goes by frequency, scope, key and value: a JSON array of the four, as jsonb
//! writes it.

use crate::json::quoted;

/// The cursor of a pattern.
pub fn of(frequency: i32, texts: [&str; 3]) -> String {
    let [scope, key, value] = texts.map(quoted);
    format!("[{frequency}, {scope}, {key}, {value}]")
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
