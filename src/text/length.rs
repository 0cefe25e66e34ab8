//! How long a text may be, in characters.

/// Returns how many characters `text` has where they are more than `max`.
pub fn beyond(text: &str, max: usize) -> Option<usize> {
    // Bytes bound characters, so most texts need no counting.
    if text.len() <= max {
        return None;
    }
    Some(text.chars().count()).filter(|chars| *chars > max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_characters_not_bytes() {
        assert_eq!(beyond("", 0), None);
        assert_eq!(beyond("éé", 2), None);
        assert_eq!(beyond("ééé", 2), Some(3));
        assert_eq!(beyond("abc", 2), Some(3));
    }
}
