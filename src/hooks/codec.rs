//! Compact storage of hook contexts: zstd with a dictionary that never changes, as contexts are
//! too short for zstd to learn from one alone. A new dictionary is a new method; the old ones stay readable.

use crate::limits::ROW_VALUE_BYTES;
use crate::pack::dictionary::Dictionary;
use crate::pack::frame;

/// Longest context, in bytes.
pub const MAX_BYTES: usize = ROW_VALUE_BYTES;

/// Trained by zstd 1.5 on 6,000 made-up contexts of agents, tools, workflows and state (`zstd --train --maxdict=16384`).
const DICTIONARY: &[u8] = include_bytes!("dictionary_v1.bin");
/// Level 9 gains 2 % for twice the time.
const LEVEL: i32 = 3;
const ZSTD_DICTIONARY_1: u8 = 1;

static DICTIONARY_1: Dictionary = Dictionary::new(DICTIONARY, LEVEL);

/// Why a context cannot be packed or unpacked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("stored hook context is damaged: {0}")]
    Damaged(frame::Invalid),
    #[error("a hook context has at most {MAX_BYTES} bytes, this one has {bytes}")]
    TooLong { bytes: usize },
    #[error("stored hook context has the unknown method {0}")]
    UnknownMethod(u8),
}

impl From<frame::Invalid> for Invalid {
    fn from(reason: frame::Invalid) -> Self {
        match reason {
            frame::Invalid::TooLong { bytes } => Self::TooLong { bytes },
            frame::Invalid::UnknownMethod(method) => Self::UnknownMethod(method),
            reason => Self::Damaged(reason),
        }
    }
}

pub fn pack(data: &[u8]) -> Result<Vec<u8>, Invalid> {
    if data.len() > MAX_BYTES {
        return Err(Invalid::TooLong { bytes: data.len() });
    }
    Ok(frame::seal(ZSTD_DICTIONARY_1, data, &DICTIONARY_1.compress(data)?))
}

/// Undoes [`pack`]; never takes more memory than the declared length, which is bounded.
pub fn unpack(packed: &[u8]) -> Result<Vec<u8>, Invalid> {
    frame::open(packed, MAX_BYTES, |method, payload, length| match method {
        ZSTD_DICTIONARY_1 => Ok(DICTIONARY_1.decompress(payload, length)?),
        method => Err(frame::Invalid::UnknownMethod(method).into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    #[test]
    fn the_dictionary_is_frozen() {
        let digest: String = Sha256::digest(DICTIONARY).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digest, "31e577ce82cfa9744ecc6aeb24cf3d7001f21ff41fa190d202feb8aea2d6cc25");
    }

    /// Contexts of 700 bytes whose words the dictionary was not trained on.
    #[test]
    fn short_contexts_shrink_two_and_a_half_times() {
        let corpus: Vec<&str> = include_str!("corpus.jsonl").lines().collect();
        assert!(corpus.len() >= 50);
        let plain: usize = corpus.iter().map(|line| line.len()).sum();
        let packed: usize = corpus.iter().map(|line| pack(line.as_bytes()).unwrap().len()).sum();
        assert!((600..900).contains(&(plain / corpus.len())), "{}", plain / corpus.len());
        assert!(plain * 10 >= packed * 25, "{plain} / {packed}");
    }

    #[test]
    fn hostile_headers() {
        assert!(unpack(b"").is_err());
        assert_eq!(unpack(&[9, 0, 0, 0, 0]), Err(Invalid::UnknownMethod(9)));
        assert_eq!(unpack(&[1, 255, 255, 255, 255]), Err(Invalid::TooLong { bytes: 0xffff_ffff }));
        assert!(unpack(&[0, 2, 0, 0, 0, 1]).is_err());
    }

    proptest! {
        #[test]
        fn round_trip(data in proptest::collection::vec(any::<u8>(), 0..3000)) {
            let packed = pack(&data).unwrap();
            prop_assert!(packed.len() <= data.len() + frame::HEADER);
            prop_assert_eq!(unpack(&packed), Ok(data));
        }

        #[test]
        fn damage_is_found(data in proptest::collection::vec(0u8..4, 100..2000), at in any::<prop::sample::Index>(), bit in 0..8u32, cut in any::<prop::sample::Index>()) {
            let mut packed = pack(&data).unwrap();
            prop_assert!(unpack(&packed[..cut.index(packed.len())]).is_err());
            let i = at.index(packed.len());
            packed[i] ^= 1 << bit;
            if let Ok(found) = unpack(&packed) {
                prop_assert!(packed[0] == frame::RAW || found == data);
            }
        }
    }
}
