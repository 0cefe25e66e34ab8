//! The bounds of keys and values.

use crate::limits::{KEY_CHARS, ROW_VALUE_BYTES};
use crate::text::length;

/// Longest key in bytes: an index entry has at most 2,704 with its headers, and the tenant's id takes up to 1,020.
pub const KEY_BYTES: usize = 1500;

/// Why an entry is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("a key has at most {KEY_BYTES} bytes, this one has {bytes}")]
    KeyTooLarge { bytes: usize },
    #[error("a key has at most {KEY_CHARS} characters, this one has {chars}")]
    KeyTooLong { chars: usize },
    #[error("a value has at most {ROW_VALUE_BYTES} bytes, this one has {bytes}")]
    ValueTooLarge { bytes: usize },
}

pub fn check(key: &str, value: &[u8]) -> Result<(), Invalid> {
    if let Some(chars) = length::beyond(key, KEY_CHARS) {
        return Err(Invalid::KeyTooLong { chars });
    }
    if key.len() > KEY_BYTES {
        return Err(Invalid::KeyTooLarge { bytes: key.len() });
    }
    if value.len() > ROW_VALUE_BYTES {
        return Err(Invalid::ValueTooLarge { bytes: value.len() });
    }
    Ok(())
}

/// Whether a row may have this version and this type. A null is refused by the column itself.
pub fn valid(version: Option<i64>, value_type: Option<&str>) -> bool {
    version.is_none_or(|version| version > 0)
        && value_type.is_none_or(|value_type| ["bytes", "text", "json"].contains(&value_type))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_raw_writers() {
        assert!(valid(Some(1), Some("json")));
        assert!(valid(None, None));
        assert!(!valid(Some(0), Some("json")));
        assert!(!valid(Some(1), Some("xml")));
    }

    #[test]
    fn bounds_are_inclusive() {
        assert_eq!(check("", b""), Ok(()));
        assert_eq!(check(&"é".repeat(500), b""), Ok(()));
        assert_eq!(check(&"é".repeat(501), b""), Err(Invalid::KeyTooLong { chars: 501 }));
        assert_eq!(check(&"名".repeat(500), b""), Ok(()));
        assert_eq!(check(&"😀".repeat(375), b""), Ok(()));
        assert_eq!(check(&"😀".repeat(376), b""), Err(Invalid::KeyTooLarge { bytes: 1504 }));
        let value = vec![0; ROW_VALUE_BYTES + 1];
        assert_eq!(check("k", &value[1..]), Ok(()));
        assert_eq!(check("k", &value), Err(Invalid::ValueTooLarge { bytes: ROW_VALUE_BYTES + 1 }));
    }
}
