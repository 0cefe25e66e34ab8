//! How the bytes of one chunk are stored: as they are, as a zstd frame, or as a zstd frame beside a
//! similar chunk, its base, as raw-content dictionary.

use std::cell::RefCell;

use crate::pack::context::{Compressor, Expander};

/// The numbers are stored, and frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum Codec {
    Raw = 0,
    Zstd = 1,
    ZstdWithBase = 2,
}

/// How many bases may stand behind one another: each costs a read.
pub const MAX_DEPTH: usize = 4;

/// On source code 8 % smaller than the default, beside a base 14 %, and beyond it time grows faster.
const LEVEL: i32 = 7;
/// For a first look.
const FAST: i32 = 1;
/// How much of a chunk tells whether it can be compressed.
const PROBE: usize = 4 << 10;
/// A base that begins so would be taken for a trained dictionary, and one so short for none.
const TRAINED: [u8; 4] = 0xEC30_A437u32.to_le_bytes();
const SHORTEST_BASE: usize = 64;

/// Why the stored bytes of a chunk are not what they were.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    #[error("its base is missing")]
    BaseMissing,
    #[error("it has {stored} bytes, not {declared}")]
    Length { stored: usize, declared: usize },
    #[error("its codec is {0}")]
    UnknownCodec(i16),
    #[error("zstd refuses it")]
    Zstd,
}

/// Encodes a chunk (to nothing where it is to be stored as it is), beside `base` where that takes at least a quarter less.
pub fn encode(chunk: &[u8], base: Option<&[u8]>) -> (Codec, Vec<u8>) {
    let alone = if is_compressible(chunk) { compress(chunk, None) } else { None };
    let alone = alone.filter(|data| saves(data, chunk));
    let best = alone.as_ref().map_or(chunk.len(), Vec::len);
    if let Some(base) = base.filter(|base| base.len() >= SHORTEST_BASE && !base.starts_with(&TRAINED))
        && let Some(data) = compress(chunk, Some(base))
        && data.len() * 4 <= best * 3
    {
        return (Codec::ZstdWithBase, data);
    }
    match alone {
        Some(data) => (Codec::Zstd, data),
        None => (Codec::Raw, Vec::new()),
    }
}

/// How long the chunk would be beside `base`.
pub fn size_beside(chunk: &[u8], base: &[u8]) -> usize {
    compress(chunk, Some(base)).map_or(chunk.len(), |data| data.len())
}

/// Undoes [`encode`] into a buffer of the chunk's length, and takes no other memory.
pub fn decode(codec: i16, data: &[u8], base: Option<&[u8]>, chunk: &mut [u8]) -> Result<(), Damage> {
    const RAW: i16 = Codec::Raw as i16;
    const ZSTD: i16 = Codec::Zstd as i16;
    const ZSTD_WITH_BASE: i16 = Codec::ZstdWithBase as i16;
    let stored = match codec {
        RAW => {
            if data.len() == chunk.len() {
                chunk.copy_from_slice(data);
            }
            data.len()
        }
        ZSTD => decompress(data, None, chunk)?,
        ZSTD_WITH_BASE => decompress(data, Some(base.ok_or(Damage::BaseMissing)?), chunk)?,
        codec => return Err(Damage::UnknownCodec(codec)),
    };
    if stored == chunk.len() { Ok(()) } else { Err(Damage::Length { stored, declared: chunk.len() }) }
}

/// By the fast level on its beginning: compressed media would only cost time.
fn is_compressible(chunk: &[u8]) -> bool {
    let probe = &chunk[..chunk.len().min(PROBE)];
    PROBER
        .with_borrow_mut(|slot| compressor(slot, FAST)?.compress(probe).ok())
        .is_some_and(|data| saves(&data, probe))
}

/// Three percent, below which the time to undo it is not worth it.
fn saves(data: &[u8], chunk: &[u8]) -> bool {
    data.len() * 100 < chunk.len() * 97
}

thread_local! {
    // Contexts are large; a backend makes them once. Those without a base are never given one, as taking it
    // away again costs as much as a small chunk.
    static PROBER: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static ALONE: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static BESIDE: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static READ_ALONE: RefCell<Option<Expander<'static>>> = const { RefCell::new(None) };
    static READ_BESIDE: RefCell<Option<Expander<'static>>> = const { RefCell::new(None) };
}

/// `None` where zstd fails, which it does not for lack of room.
fn compress(chunk: &[u8], base: Option<&[u8]>) -> Option<Vec<u8>> {
    match base {
        None => ALONE.with_borrow_mut(|slot| compressor(slot, LEVEL)?.compress(chunk).ok()),
        Some(base) => BESIDE.with_borrow_mut(|slot| {
            let compressor = compressor(slot, LEVEL)?;
            compressor.set_dictionary(base).ok()?;
            compressor.compress(chunk).ok()
        }),
    }
}

fn compressor<'a>(
    slot: &'a mut Option<Compressor<'static>>,
    level: i32,
) -> Option<&'a mut Compressor<'static>> {
    if slot.is_none() {
        *slot = Compressor::new(level).ok();
    }
    slot.as_mut()
}

fn decompress(data: &[u8], base: Option<&[u8]>, chunk: &mut [u8]) -> Result<usize, Damage> {
    let context = if base.is_some() { &READ_BESIDE } else { &READ_ALONE };
    context.with_borrow_mut(|slot| {
        let expander = slot.get_or_insert_with(Expander::new);
        if let Some(base) = base {
            expander.set_dictionary(base).map_err(|_| Damage::Zstd)?;
        }
        expander.expand_into(data, chunk).map_err(|_| Damage::Zstd)
    })
}

#[cfg(test)]
mod tests {
    use super::super::chunker::tests::noise;
    use super::*;
    use proptest::prelude::*;

    fn decoded(codec: Codec, data: &[u8], base: Option<&[u8]>, length: usize) -> Result<Vec<u8>, Damage> {
        let mut chunk = vec![0; length];
        decode(codec as i16, data, base, &mut chunk).map(|()| chunk)
    }

    #[test]
    fn the_codec_follows_the_bytes() {
        let (noise, text) = (noise(1, 16_000), b"all work and no play ".repeat(500));
        assert_eq!(encode(&noise, None), (Codec::Raw, Vec::new()));
        let (codec, data) = encode(&text, None);
        assert!(codec == Codec::Zstd && data.len() < 200);
        let mut edited = noise.clone();
        edited[8_000] ^= 1;
        let (codec, data) = encode(&edited, Some(&noise));
        assert!(codec == Codec::ZstdWithBase && data.len() < 100, "{}", data.len());
        assert_eq!(decoded(codec, &data, Some(&noise), edited.len()), Ok(edited.clone()));
        assert_eq!(decoded(codec, &data, None, edited.len()), Err(Damage::BaseMissing));
    }

    #[test]
    fn a_base_that_looks_like_a_dictionary_is_not_used() {
        let mut base = TRAINED.to_vec();
        base.extend(noise(2, 10_000));
        assert_eq!(encode(&base, Some(&base)).0, Codec::Raw);
    }

    #[test]
    fn hostile() {
        let bomb = zstd::bulk::compress(&vec![0; 1 << 20], 3).unwrap();
        assert_eq!(decoded(Codec::Zstd, &bomb, None, 100), Err(Damage::Zstd));
        assert_eq!(decoded(Codec::Raw, b"abc", None, 2), Err(Damage::Length { stored: 3, declared: 2 }));
        let short = zstd::bulk::compress(b"abc", 3).unwrap();
        assert_eq!(decoded(Codec::Zstd, &short, None, 9), Err(Damage::Length { stored: 3, declared: 9 }));
        assert_eq!(decode(7, b"", None, &mut []), Err(Damage::UnknownCodec(7)));
    }

    proptest! {
        #[test]
        fn round_trip(data in proptest::collection::vec(any::<u8>(), 1..5000), letters in 1u8..=255, base in proptest::collection::vec(any::<u8>(), 0..5000)) {
            let data: Vec<u8> = data.into_iter().map(|byte| byte % letters).collect();
            for base in [None, Some(&base[..])] {
                let (codec, mut stored) = encode(&data, base);
                if codec == Codec::Raw {
                    stored.clone_from(&data);
                }
                prop_assert!(stored.len() <= data.len());
                prop_assert_eq!(decoded(codec, &stored, base, data.len()), Ok(data.clone()));
            }
        }

        #[test]
        fn damaged_bytes_never_panic(data in proptest::collection::vec(0u8..4, 200..3000), at in any::<prop::sample::Index>(), bit in 0..8u32, cut in any::<prop::sample::Index>(), length in 0usize..5000) {
            let base: Vec<u8> = data.iter().map(|byte| byte ^ 1).collect();
            let (codec, mut stored) = encode(&data, Some(&base));
            prop_assume!(codec != Codec::Raw);
            let cut = cut.index(stored.len());
            prop_assert!(decoded(codec, &stored[..cut], Some(&base), data.len()).is_err());
            let _ = decoded(codec, &stored, Some(&base), length);
            let i = at.index(stored.len());
            stored[i] ^= 1 << bit;
            let _ = decoded(codec, &stored, Some(&base), data.len());
        }

        #[test]
        fn any_bytes(codec in -1i16..4, data in proptest::collection::vec(any::<u8>(), 0..300), length in 0usize..1000) {
            let _ = decode(codec, &data, Some(&[7; 100]), &mut vec![0; length]);
        }
    }
}
