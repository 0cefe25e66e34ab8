//! The id of a session as it is written: a UUID with its hyphens. Other spellings are names and keys.

use uuid::Uuid;
use uuid::fmt::Hyphenated;

/// The id that `text` is, in lower or upper case.
pub fn read(text: &str) -> Option<Uuid> {
    Some(text).filter(|text| text.len() == Hyphenated::LENGTH).and_then(|text| Uuid::try_parse(text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_spelling_in_either_case() {
        assert_eq!(read("00000000-0000-0000-0000-0000000000aF"), Some(Uuid::from_u128(0xaf)));
        for text in [
            "",
            "conv1",
            "000000000000000000000000000000af",
            "urn:uuid:00000000-0000-0000-0000-0000000000af",
            "{00000000-0000-0000-0000-0000000000af}",
            "00000000-0000-0000-0000-0000000000a",
            "00000000-0000-0000-0000-0000000000af ",
            "00000000-0000-0000-0000-0000000000ag",
            "0000000-00000-0000-0000-0000000000af",
            "000000000000-0000-0000-0000000000af-",
            "00000000-0000-0000-0000-00000000００",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_of_another_form(text in "[0-9a-fA-F-]{36}") {
            let hyphens = text.bytes().enumerate().all(|(n, b)| (b == b'-') == [8, 13, 18, 23].contains(&n));
            prop_assert_eq!(read(&text).is_some(), hyphens);
        }

        #[test]
        fn every_uuid(id in any::<u128>(), upper in any::<bool>()) {
            let text = Uuid::from_u128(id).to_string();
            prop_assert_eq!(read(&if upper { text.to_uppercase() } else { text }), Some(Uuid::from_u128(id)));
        }
    }
}
