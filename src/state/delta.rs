//! Compact storage of a text beside a similar one: zstd with the neighbour as dictionary.
//!
//! Form: one byte for the method, four for the length (little endian), then the payload.

use std::fmt;

/// Longest text that is packed or unpacked, in bytes.
pub const MAX_BYTES: usize = 256 << 20;

const RAW: u8 = 0;
const ZSTD: u8 = 1;
const ZSTD_WITH_BASE: u8 = 2;
const HEADER: usize = 5;
/// The default of zstd: on a 50 kB state, level 9 gains 4 % for three times the time.
const LEVEL: i32 = 3;

/// Why bytes are no packed text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Corrupt {
    BaseMissing,
    Payload(&'static str),
    TooLong { bytes: usize },
    Truncated,
    UnknownMethod(u8),
}

impl fmt::Display for Corrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BaseMissing => f.write_str("packed text needs the base that it was packed against"),
            Self::Payload(what) => write!(f, "packed text is damaged: {what}"),
            Self::TooLong { bytes } => {
                write!(f, "a packed text has at most {MAX_BYTES} bytes, this one declares {bytes}")
            }
            Self::Truncated => f.write_str("packed text is cut off"),
            Self::UnknownMethod(method) => write!(f, "packed text has the unknown method {method}"),
        }
    }
}

/// Packs `data`, against `base` where that takes less than half of packing it alone.
/// Says whether the base was used.
pub fn pack(data: &[u8], base: Option<&[u8]>) -> Result<(Vec<u8>, bool), Corrupt> {
    if data.len() > MAX_BYTES {
        return Err(Corrupt::TooLong { bytes: data.len() });
    }
    let alone = compress(data, &[])?;
    if let Some(base) = base {
        let beside = compress(data, base)?;
        if beside.len() < alone.len() / 2 {
            return Ok((framed(ZSTD_WITH_BASE, data.len(), &beside), true));
        }
    }
    let alone = if alone.len() < data.len() {
        framed(ZSTD, data.len(), &alone)
    } else {
        framed(RAW, data.len(), data)
    };
    Ok((alone, false))
}

/// Undoes [`pack`]; never takes more memory than the declared length, which is bounded.
pub fn unpack(packed: &[u8], base: Option<&[u8]>) -> Result<Vec<u8>, Corrupt> {
    let (header, payload) = packed.split_at_checked(HEADER).ok_or(Corrupt::Truncated)?;
    let length = header[1..].iter().rev().fold(0, |length, byte| length << 8 | usize::from(*byte));
    if length > MAX_BYTES {
        return Err(Corrupt::TooLong { bytes: length });
    }
    let data = match header[0] {
        RAW => payload.to_vec(),
        ZSTD => decompress(payload, &[], length)?,
        ZSTD_WITH_BASE => decompress(payload, base.ok_or(Corrupt::BaseMissing)?, length)?,
        method => return Err(Corrupt::UnknownMethod(method)),
    };
    if data.len() == length {
        Ok(data)
    } else {
        Err(Corrupt::Payload("length differs from the declared one"))
    }
}

fn framed(method: u8, length: usize, payload: &[u8]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(HEADER + payload.len());
    packed.push(method);
    // MAX_BYTES fits into four bytes.
    packed.extend_from_slice(&(length as u32).to_le_bytes());
    packed.extend_from_slice(payload);
    packed
}

fn compress(data: &[u8], base: &[u8]) -> Result<Vec<u8>, Corrupt> {
    zstd::bulk::Compressor::with_dictionary(LEVEL, base)
        .and_then(|mut compressor| {
            // The frame carries a checksum, so that a wrong base is found out.
            compressor.include_checksum(true)?;
            compressor.compress(data)
        })
        .map_err(|_| Corrupt::Payload("zstd cannot compress it"))
}

fn decompress(payload: &[u8], base: &[u8], length: usize) -> Result<Vec<u8>, Corrupt> {
    zstd::bulk::Decompressor::with_dictionary(base)
        .and_then(|mut decompressor| decompressor.decompress(payload, length))
        .map_err(|_| Corrupt::Payload("zstd refuses it"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_neighbour_makes_it_small() {
        // Incompressible by itself: an xorshift generator.
        let mut x = 88_172_645_463_325_252u64;
        let base: Vec<u8> = std::iter::repeat_with(|| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            x as u8
        })
        .take(50_000)
        .collect();
        let mut data = base.clone();
        data[25_000] ^= 1;
        let (packed, used) = pack(&data, Some(&base)).unwrap();
        assert!(used && packed.len() < 200, "{}", packed.len());
        assert_eq!(unpack(&packed, Some(&base)), Ok(data));
        assert_eq!(unpack(&packed, None), Err(Corrupt::BaseMissing));
        assert!(unpack(&packed, Some(b"another base")).is_err());
    }

    #[test]
    fn hostile_headers() {
        assert_eq!(unpack(b"", None), Err(Corrupt::Truncated));
        assert_eq!(unpack(&[9, 0, 0, 0, 0], None), Err(Corrupt::UnknownMethod(9)));
        assert_eq!(unpack(&[1, 255, 255, 255, 255], None), Err(Corrupt::TooLong { bytes: 0xffff_ffff }));
        assert!(unpack(&[0, 2, 0, 0, 0, 1], None).is_err());
    }

    proptest! {
        #[test]
        fn round_trip(data in proptest::collection::vec(any::<u8>(), 0..3000), base in proptest::collection::vec(any::<u8>(), 0..3000)) {
            let (packed, used) = pack(&data, Some(&base)).unwrap();
            prop_assert_eq!(unpack(&packed, used.then_some(&base[..])), Ok(data.clone()));
            let (packed, used) = pack(&data, None).unwrap();
            prop_assert!(!used && packed.len() <= data.len() + HEADER);
            prop_assert_eq!(unpack(&packed, None), Ok(data));
        }

        #[test]
        fn damage_is_an_error_or_the_same(data in proptest::collection::vec(0u8..4, 1..2000), at in any::<prop::sample::Index>(), bit in 0..8u32, cut in any::<prop::sample::Index>()) {
            let (mut packed, _) = pack(&data, None).unwrap();
            prop_assert!(unpack(&packed[..cut.index(packed.len())], None).is_err());
            let i = at.index(packed.len());
            packed[i] ^= 1 << bit;
            if let Ok(found) = unpack(&packed, None) {
                prop_assert!(found.len() <= MAX_BYTES);
            }
        }
    }
}
