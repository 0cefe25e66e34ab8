//! Compressed values that travel whole: a zstd frame, or an LZ4 block with its length in front.

use crate::pack::context::{Compressor, Expander};

const ZSTD_MAGIC: [u8; 4] = 0xFD2F_B528u32.to_le_bytes();
/// The default of zstd.
const LEVEL: i32 = 3;
/// Frames that want a larger window are refused: 2^27 bytes, the default of the zstd program.
const WINDOW_LOG: u32 = 27;
/// An LZ4 block cannot become longer than this many times its size.
const LZ4_RATIO: usize = 255;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Lz4,
    Zstd,
}

pub const FORMATS: [&str; 2] = ["lz4", "zstd"];

impl Format {
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "lz4" => Some(Self::Lz4),
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }

    /// An LZ4 block that began like a zstd frame would have 4 GB.
    fn of(data: &[u8]) -> Self {
        if data.starts_with(&ZSTD_MAGIC) { Self::Zstd } else { Self::Lz4 }
    }
}

/// Why bytes cannot be decompressed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("compressed data is damaged: {0}")]
    Damaged(&'static str),
    #[error("decompressed data has at most {max} bytes, this has at least {bytes}")]
    TooLong { bytes: u64, max: usize },
}

pub fn compress(data: &[u8], format: Format) -> Result<Vec<u8>, Invalid> {
    match format {
        Format::Lz4 => Ok(lz4_flex::block::compress_prepend_size(data)),
        Format::Zstd => Compressor::new(LEVEL)
            .and_then(|compressor| compressor.checksummed(data))
            .map_err(|_| Invalid::Damaged("zstd cannot compress it")),
    }
}

/// Undoes [`compress`]; without a format the bytes tell. Takes no more than `max` bytes of memory for
/// the result, whatever the data declares.
pub fn decompress(data: &[u8], format: Option<Format>, max: usize) -> Result<Vec<u8>, Invalid> {
    match format.unwrap_or_else(|| Format::of(data)) {
        Format::Lz4 => decompress_lz4(data, max),
        Format::Zstd => decompress_zstd(data, max),
    }
}

fn decompress_lz4(data: &[u8], max: usize) -> Result<Vec<u8>, Invalid> {
    let (length, block) =
        data.split_first_chunk::<4>().ok_or(Invalid::Damaged("it has less than 4 bytes"))?;
    let length = u32::from_le_bytes(*length) as usize;
    if length > block.len().saturating_mul(LZ4_RATIO) {
        return Err(Invalid::Damaged("it is too short for its length"));
    }
    if length > max {
        return Err(Invalid::TooLong { bytes: length as u64, max });
    }
    let found = lz4_flex::block::decompress(block, length).map_err(|_| Invalid::Damaged("lz4 refuses it"))?;
    if found.len() == length { Ok(found) } else { Err(Invalid::Damaged("its length is another")) }
}

fn decompress_zstd(data: &[u8], max: usize) -> Result<Vec<u8>, Invalid> {
    const REFUSED: Invalid = Invalid::Damaged("zstd refuses it");
    let declared = zstd::zstd_safe::get_frame_content_size(data).map_err(|_| REFUSED)?;
    if let Some(bytes) = declared.filter(|bytes| *bytes > max as u64) {
        return Err(Invalid::TooLong { bytes, max });
    }
    // A declared size is a promise, not the truth.
    let found = Expander::new().expand_all(data, WINDOW_LOG, max).map_err(|_| REFUSED)?;
    if found.len() > max {
        return Err(Invalid::TooLong { bytes: found.len() as u64, max });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_other_clients_wrote() {
        // lz4_flex 0.11, compress_prepend_size(b"hello hello hello hello hello")
        let block = b"\x1d\x00\x00\x00\x6ehello \x06\x00\x50hello";
        assert_eq!(decompress(block, None, 100), Ok(b"hello hello hello hello hello".to_vec()));
    }

    #[test]
    fn hostile() {
        assert_eq!(decompress(&[255; 4], None, 100), Err(Invalid::Damaged("it is too short for its length")));
        assert_eq!(decompress(b"", None, 100), Err(Invalid::Damaged("it has less than 4 bytes")));
        let bomb = zstd::stream::encode_all(&*vec![0; 1 << 20], 3).unwrap();
        assert!(matches!(decompress(&bomb, None, 1000), Err(Invalid::TooLong { .. })));
        let bomb = compress(&vec![0; 1 << 20], Format::Lz4).unwrap();
        assert_eq!(decompress(&bomb, None, 1000), Err(Invalid::TooLong { bytes: 1 << 20, max: 1000 }));
    }

    proptest! {
        #[test]
        fn round_trip(data in proptest::collection::vec(0u8..9, 0..5000), name in prop::sample::select(&FORMATS[..])) {
            let format = Format::named(name).unwrap();
            let packed = compress(&data, format).unwrap();
            prop_assert_eq!(decompress(&packed, None, 5000), Ok(data.clone()));
            prop_assert_eq!(decompress(&packed, Some(format), data.len()), Ok(data));
        }

        #[test]
        fn damaged_bytes_stay_within_bounds(data in proptest::collection::vec(0u8..9, 1..2000), name in prop::sample::select(&FORMATS[..]), at in any::<prop::sample::Index>(), bit in 0..8u32, cut in any::<prop::sample::Index>()) {
            let mut packed = compress(&data, Format::named(name).unwrap()).unwrap();
            if let Ok(found) = decompress(&packed[..cut.index(packed.len())], None, 3000) {
                prop_assert!(found.len() <= 3000);
            }
            let i = at.index(packed.len());
            packed[i] ^= 1 << bit;
            if let Ok(found) = decompress(&packed, None, 3000) {
                prop_assert!(found.len() <= 3000);
            }
        }

        #[test]
        fn any_bytes(data in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(found) = decompress(&data, None, 1000) {
                prop_assert!(found.len() <= 1000);
            }
        }
    }
}
