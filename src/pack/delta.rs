//! Compact storage of bytes beside similar ones: zstd with the neighbour before the data.

use super::context::{Compressor, Expander, Refused};
use super::frame;

/// Longest text that is packed or unpacked, in bytes.
pub const MAX_BYTES: usize = 256 << 20;

const ZSTD: u8 = 1;
const ZSTD_WITH_BASE: u8 = 2;
/// The default of zstd: on a 50 kB state, level 9 gains 4 % for three times the time.
const LEVEL: i32 = 3;

/// Why a text cannot be packed, or bytes are no packed text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("packed text needs the base that it was packed against")]
    BaseMissing,
    #[error("packed text is cut off")]
    CutOff,
    #[error("packed text is damaged: {0}")]
    Damaged(frame::Invalid),
    #[error("packed text is damaged: not UTF-8")]
    NotUtf8,
    #[error("a packed text has at most {MAX_BYTES} bytes, this one declares {bytes}")]
    TooLong { bytes: usize },
    #[error("packed text has the unknown method {0}")]
    UnknownMethod(u8),
}

impl From<frame::Invalid> for Invalid {
    fn from(reason: frame::Invalid) -> Self {
        match reason {
            frame::Invalid::CutOff => Self::CutOff,
            frame::Invalid::TooLong { bytes } => Self::TooLong { bytes },
            frame::Invalid::UnknownMethod(method) => Self::UnknownMethod(method),
            reason => Self::Damaged(reason),
        }
    }
}

/// So much smaller beside its base that packing it alone is not tried.
const CLEARLY: usize = 16;

/// Packs `data`, against `base` where that takes less than half of packing it alone, or a sixteenth of the data.
/// Says whether the base was used.
pub fn pack(data: &[u8], base: Option<&[u8]>) -> Result<(Vec<u8>, bool), Invalid> {
    if data.len() > MAX_BYTES {
        return Err(Invalid::TooLong { bytes: data.len() });
    }
    let beside = base.map(|base| compress(data, base)).transpose()?;
    if let Some(beside) = beside.as_ref().filter(|beside| beside.len() < data.len() / CLEARLY) {
        return Ok((frame::seal(ZSTD_WITH_BASE, data, beside), true));
    }
    let alone = compress(data, &[])?;
    match beside {
        Some(beside) if beside.len() < alone.len() / 2 => {
            Ok((frame::seal(ZSTD_WITH_BASE, data, &beside), true))
        }
        _ => Ok((frame::seal(ZSTD, data, &alone), false)),
    }
}

/// Undoes [`pack`]; never takes more memory than the declared length, which is bounded.
pub fn unpack(packed: &[u8], base: Option<&[u8]>) -> Result<Vec<u8>, Invalid> {
    frame::open(packed, MAX_BYTES, |method, payload, length| match method {
        ZSTD => decompress(payload, &[], length),
        ZSTD_WITH_BASE => decompress(payload, base.ok_or(Invalid::BaseMissing)?, length),
        method => Err(frame::Invalid::UnknownMethod(method).into()),
    })
}

fn compress(data: &[u8], base: &[u8]) -> Result<Vec<u8>, Invalid> {
    let compressed = || -> Result<_, Refused> {
        let mut compressor = Compressor::new(LEVEL)?;
        compressor.set_base(base, data.len())?;
        compressor.checksummed(data)
    };
    compressed().map_err(|_| frame::Invalid::Unwritable.into())
}

fn decompress(payload: &[u8], base: &[u8], length: usize) -> Result<Vec<u8>, Invalid> {
    let mut expander = Expander::new();
    expander
        .set_base(base)
        .and_then(|()| expander.expand(payload, length))
        .map_err(|_| frame::Invalid::Unreadable.into())
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
        assert_eq!(unpack(&packed, None), Err(Invalid::BaseMissing));
        assert!(unpack(&packed, Some(b"another base")).is_err());
    }

    #[test]
    fn a_base_is_no_dictionary_of_zstd_whatever_its_head() {
        let base: Vec<u8> =
            [0x37, 0xa4, 0x30, 0xec].into_iter().chain((0..3000u32).flat_map(u32::to_le_bytes)).collect();
        let data = [base.as_slice(), b"more"].concat();
        let (packed, used) = pack(&data, Some(&base)).unwrap();
        assert!(used && unpack(&packed, Some(&base)) == Ok(data));
    }

    #[test]
    fn hostile_headers() {
        assert_eq!(unpack(b"", None), Err(Invalid::CutOff));
        assert_eq!(unpack(&[9, 0, 0, 0, 0], None), Err(Invalid::UnknownMethod(9)));
        assert_eq!(unpack(&[1, 255, 255, 255, 255], None), Err(Invalid::TooLong { bytes: 0xffff_ffff }));
        assert!(unpack(&[0, 2, 0, 0, 0, 1], None).is_err());
    }

    proptest! {
        #[test]
        fn round_trip(data in proptest::collection::vec(any::<u8>(), 0..3000), base in proptest::collection::vec(any::<u8>(), 0..3000)) {
            let (packed, used) = pack(&data, Some(&base)).unwrap();
            prop_assert_eq!(unpack(&packed, used.then_some(&base[..])), Ok(data.clone()));
            let (packed, used) = pack(&data, None).unwrap();
            prop_assert!(!used && packed.len() <= data.len() + frame::HEADER);
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
