//! A user's value in a message.

use crate::limits::SHOWN_CHARS;

/// The beginning of `value`, so that a message stays a message.
pub fn start(value: &str) -> String {
    match value.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_cut() {
        assert_eq!(start("é"), "é");
        assert_eq!(start(&"é".repeat(60)), "é".repeat(60));
        assert_eq!(start(&"é".repeat(61)), format!("{}…", "é".repeat(60)));
    }
}
