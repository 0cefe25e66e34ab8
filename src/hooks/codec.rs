//! Compact storage of hook contexts: zstd with a dictionary that never changes, as contexts are
//! too short for zstd to learn from one alone.
//!
//! Form: one byte for the method, four for the length (little endian), then the payload. A new
//! dictionary is a new method; the old ones stay readable.

use std::fmt;
use std::sync::LazyLock;

use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};

/// Longest context, in bytes.
pub const MAX_BYTES: usize = 128 << 20;

/// Trained by zstd 1.5 on 6,000 made-up contexts of agents, tools, workflows and state (`zstd --train --maxdict=16384`).
const DICTIONARY: &[u8] = include_bytes!("dictionary_v1.bin");
/// Level 9 gains 2 % for twice the time.
const LEVEL: i32 = 3;
const HEADER: usize = 5;
const RAW: u8 = 0;
const ZSTD_DICTIONARY_1: u8 = 1;

static ENCODER: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(DICTIONARY, LEVEL));
static DECODER: LazyLock<DecoderDictionary<'static>> = LazyLock::new(|| DecoderDictionary::copy(DICTIONARY));

/// Why a context cannot be packed or unpacked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invalid {
    Damaged(&'static str),
    TooLong { bytes: usize },
    UnknownMethod(u8),
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(what) => write!(f, "stored hook context is damaged: {what}"),
            Self::TooLong { bytes } => {
                write!(f, "a hook context has at most {MAX_BYTES} bytes, this one has {bytes}")
            }
            Self::UnknownMethod(method) => write!(f, "stored hook context has the unknown method {method}"),
        }
    }
}

pub fn pack(data: &[u8]) -> Result<Vec<u8>, Invalid> {
    if data.len() > MAX_BYTES {
        return Err(Invalid::TooLong { bytes: data.len() });
    }
    let small = Compressor::with_prepared_dictionary(&ENCODER)
        .and_then(|mut compressor| {
            // The frame carries a checksum, so that damage is found out.
            compressor.include_checksum(true)?;
            compressor.compress(data)
        })
        .map_err(|_| Invalid::Damaged("zstd cannot compress it"))?;
    let (method, payload) =
        if small.len() < data.len() { (ZSTD_DICTIONARY_1, &small[..]) } else { (RAW, data) };
    let mut packed = Vec::with_capacity(HEADER + payload.len());
    packed.push(method);
    // MAX_BYTES fits into four bytes.
    packed.extend_from_slice(&(data.len() as u32).to_le_bytes());
    packed.extend_from_slice(payload);
    Ok(packed)
}

/// Undoes [`pack`]; never takes more memory than the declared length, which is bounded.
pub fn unpack(packed: &[u8]) -> Result<Vec<u8>, Invalid> {
    let (header, payload) = packed.split_at_checked(HEADER).ok_or(Invalid::Damaged("cut off"))?;
    let length = header[1..].iter().rev().fold(0, |length, byte| length << 8 | usize::from(*byte));
    if length > MAX_BYTES {
        return Err(Invalid::TooLong { bytes: length });
    }
    let data = match header[0] {
        RAW => payload.to_vec(),
        ZSTD_DICTIONARY_1 => Decompressor::with_prepared_dictionary(&DECODER)
            .and_then(|mut decompressor| decompressor.decompress(payload, length))
            .map_err(|_| Invalid::Damaged("zstd refuses it"))?,
        method => return Err(Invalid::UnknownMethod(method)),
    };
    if data.len() == length {
        Ok(data)
    } else {
        Err(Invalid::Damaged("length differs from the declared one"))
    }
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
            prop_assert!(packed.len() <= data.len() + HEADER);
            prop_assert_eq!(unpack(&packed), Ok(data));
        }

        #[test]
        fn damage_is_found(data in proptest::collection::vec(0u8..4, 100..2000), at in any::<prop::sample::Index>(), bit in 0..8u32, cut in any::<prop::sample::Index>()) {
            let mut packed = pack(&data).unwrap();
            prop_assert!(unpack(&packed[..cut.index(packed.len())]).is_err());
            let i = at.index(packed.len());
            packed[i] ^= 1 << bit;
            if let Ok(found) = unpack(&packed) {
                prop_assert!(packed[0] == RAW || found == data);
            }
        }
    }
}
