//! The contexts of zstd. Memory that zstd cannot get is reported as Rust's own is: the bytes are not damaged.

use std::alloc::{Layout, handle_alloc_error};

use zstd::bulk::Decompressor;
use zstd::zstd_safe::zstd_sys::ZSTD_EndDirective;
use zstd::zstd_safe::zstd_sys::ZSTD_ErrorCode::ZSTD_error_memory_allocation;
use zstd::zstd_safe::{
    CCtx, CDict, CParameter, DCtx, DDict, DParameter, InBuffer, OutBuffer, ResetDirective, SafeResult,
    compress_bound, is_error_kind,
};

use crate::interrupts::{PART, poll};

/// Up to here the tables of a compression level find what lies in a base.
const NEAR: usize = 1 << 20;

/// zstd refuses the bytes or the setting.
#[derive(Debug)]
pub struct Refused;

pub struct Compressor<'a>(CCtx<'a>);

impl<'a> Compressor<'a> {
    pub fn new(level: i32) -> Result<Self, Refused> {
        let mut context = made(CCtx::try_create());
        done(context.set_parameter(CParameter::CompressionLevel(level)))?;
        Ok(Self(context))
    }

    pub fn prepared(dictionary: &'a CDict<'a>) -> Result<Self, Refused> {
        let mut context = made(CCtx::try_create());
        done(context.ref_cdict(dictionary))?;
        Ok(Self(context))
    }

    /// Empty: none.
    pub fn set_dictionary(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        done(self.0.load_dictionary(bytes)).map(drop)
    }

    /// For one frame, of data of this length that is like `base`: whatever bytes these are, and however far behind
    /// the data lies in them what it repeats.
    pub fn set_base(&mut self, base: &'a [u8], length: usize) -> Result<(), Refused> {
        let reach = base.len() + length;
        if reach > NEAR {
            done(self.0.set_parameter(CParameter::WindowLog(reach.next_power_of_two().ilog2().min(27))))?;
            done(self.0.set_parameter(CParameter::EnableLongDistanceMatching(true)))?;
        }
        done(self.0.ref_prefix(base)).map(drop)
    }

    /// With a checksum, so that damage, a wrong dictionary and a wrong base are found out.
    pub fn checksummed(mut self, data: &[u8]) -> Result<Vec<u8>, Refused> {
        done(self.0.set_parameter(CParameter::ChecksumFlag(true)))?;
        self.compress(data)
    }

    pub fn compress(&mut self, data: &[u8]) -> Result<Vec<u8>, Refused> {
        let mut packed = Vec::with_capacity(compress_bound(data.len()));
        let result = if data.len() > PART {
            self.in_parts(data, &mut packed)
        } else {
            done(self.0.compress2(&mut packed, data)).map(drop)
        };
        if result.is_err() {
            // A failed frame stays open, and the context may be used again.
            let _ = self.0.reset(ResetDirective::SessionOnly);
        }
        result.map(|()| packed)
    }

    /// One frame, as of the whole. Where `packed` has no room for all of it that is refused: a part of a frame would
    /// only be missed by those who read it.
    fn in_parts(&mut self, data: &[u8], packed: &mut Vec<u8>) -> Result<(), Refused> {
        // A frame that an interrupt left open goes.
        done(self.0.reset(ResetDirective::SessionOnly))?;
        done(self.0.set_pledged_src_size(Some(data.len() as u64)))?;
        let mut out = OutBuffer::around(packed);
        for part in data.chunks(PART) {
            poll();
            let mut input = InBuffer::around(part);
            // bounded: a part.
            while input.pos() < part.len() {
                let before = (input.pos(), out.pos());
                done(self.0.compress_stream2(&mut out, &mut input, ZSTD_EndDirective::ZSTD_e_continue))?;
                if before == (input.pos(), out.pos()) {
                    return Err(Refused);
                }
            }
        }
        let mut nothing = InBuffer::around(&[]);
        match done(self.0.compress_stream2(&mut out, &mut nothing, ZSTD_EndDirective::ZSTD_e_end))? {
            0 => Ok(()),
            _ => Err(Refused),
        }
    }
}

pub struct Expander<'a>(DCtx<'a>);

impl<'a> Expander<'a> {
    pub fn new() -> Self {
        Self(made(DCtx::try_create()))
    }

    pub fn prepared(dictionary: &'a DDict<'a>) -> Result<Self, Refused> {
        let mut context = made(DCtx::try_create());
        done(context.ref_ddict(dictionary))?;
        Ok(Self(context))
    }

    /// Empty: none.
    pub fn set_dictionary(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        done(self.0.load_dictionary(bytes)).map(drop)
    }

    /// Undoes [`Compressor::set_base`], for one frame.
    pub fn set_base(&mut self, base: &'a [u8]) -> Result<(), Refused> {
        done(self.0.ref_prefix(base)).map(drop)
    }

    /// How many bytes it made of them.
    pub fn expand_into(&mut self, packed: &[u8], data: &mut [u8]) -> Result<usize, Refused> {
        done(self.0.decompress(data, packed))
    }

    /// At most `max` bytes; more are refused.
    pub fn expand(&mut self, packed: &[u8], max: usize) -> Result<Vec<u8>, Refused> {
        let size = Decompressor::upper_bound(packed).unwrap_or(max);
        let mut data = Vec::with_capacity(size.min(max));
        done(self.0.decompress(&mut data, packed))?;
        Ok(data)
    }

    /// Frames of any number, whose windows have at most 2^`window_log` bytes. Stops behind `max` bytes, and
    /// takes no memory for more, whatever the frames declare.
    pub fn expand_all(mut self, packed: &[u8], window_log: u32, max: usize) -> Result<Vec<u8>, Refused> {
        done(self.0.set_parameter(DParameter::WindowLogMax(window_log)))?;
        let mut input = InBuffer::around(packed);
        let mut data: Vec<u8> = Vec::new();
        loop {
            poll();
            let room = (max + 1).saturating_sub(data.len());
            if room == 0 {
                return Ok(data);
            }
            data.reserve_exact(data.len().max(DCtx::out_size()).min(room));
            let length = data.len();
            let rest =
                done(self.0.decompress_stream(&mut OutBuffer::around_pos(&mut data, length), &mut input))?;
            if input.pos() == packed.len() {
                if rest == 0 {
                    return Ok(data);
                }
                if data.len() < data.capacity() {
                    return Err(Refused);
                }
            }
        }
    }
}

/// Prepared for [`Compressor::prepared`].
pub fn compressing(dictionary: &[u8], level: i32) -> CDict<'static> {
    made(CDict::try_create(dictionary, level))
}

/// Prepared for [`Expander::prepared`].
pub fn expanding(dictionary: &[u8]) -> DDict<'static> {
    made(DDict::try_create(dictionary))
}

fn done(result: SafeResult) -> Result<usize, Refused> {
    result.map_err(
        |code| {
            if is_error_kind(code, ZSTD_error_memory_allocation) { out_of_memory() } else { Refused }
        },
    )
}

fn made<T>(context: Option<T>) -> T {
    context.unwrap_or_else(|| out_of_memory())
}

/// zstd does not say how much it asked for.
fn out_of_memory() -> ! {
    handle_alloc_error(Layout::new::<()>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn frames_that_follow_one_another() {
        let frame = |data| Compressor::new(3).and_then(|compressor| compressor.checksummed(data)).unwrap();
        let (one, two) = (frame(b"one"), frame(&[7; 300_000]));
        let both = [one.as_slice(), &two].concat();
        let all = |packed: &[u8], max| Expander::new().expand_all(packed, 27, max);
        assert_eq!(all(&both, 300_003).unwrap(), [b"one", [7; 300_000].as_slice()].concat());
        assert_eq!(all(&both, 200_000).unwrap().len(), 200_001);
        assert_eq!(all(&both, 3).unwrap().len(), 4);
        assert!(all(&both[..both.len() - 1], 300_003).is_err());
        assert!(all(&[both.as_slice(), b"x"].concat(), 300_003).is_err());
        assert!(all(&two, 300_000).unwrap().iter().all(|byte| *byte == 7));
    }

    /// Bytes that do not compress, by the steps of a linear congruential generator.
    fn noise(length: usize, seed: u64) -> Vec<u8> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn a_frame_without_room_is_refused() {
        let data = noise(2 * PART, 1);
        let mut compressor = Compressor::new(3).unwrap();
        for room in [0, 1000, PART, 2 * PART] {
            assert!(compressor.in_parts(&data, &mut Vec::with_capacity(room)).is_err());
        }
        let packed = compressor.compress(&data).unwrap();
        assert!(Expander::new().expand(&packed, data.len()).unwrap() == data);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn frames_in_parts_are_whole(length in prop::sample::select(vec![PART - 1, PART, PART + 1, 3 * PART]), seed: u64, level in 1..4, with_dictionary: bool) {
            let data = noise(length, seed);
            let dictionary = if with_dictionary { noise(70_000, !seed) } else { Vec::new() };
            let mut compressor = Compressor::new(level).unwrap();
            compressor.set_dictionary(&dictionary).unwrap();
            let mut expander = Expander::new();
            expander.set_dictionary(&dictionary).unwrap();
            for _ in 0..2 {
                let packed = compressor.compress(&data).unwrap();
                prop_assert!(expander.expand(&packed, length).unwrap() == data);
            }
        }
    }

    proptest! {
        #[test]
        fn a_context_serves_again_after_what_it_refused(data in proptest::collection::vec(0u8..9, 0..3000), noise in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut compressor = Compressor::new(3).unwrap();
            let mut expander = Expander::new();
            let packed = compressor.compress(&data).unwrap();
            let _ = expander.expand(&noise, 1000);
            let _ = expander.expand_into(&packed, &mut []);
            prop_assert_eq!(expander.expand(&packed, data.len()).unwrap(), data.clone());
            if !data.is_empty() {
                prop_assert!(expander.expand(&packed, data.len() - 1).is_err());
            }
            prop_assert_eq!(compressor.compress(&data).unwrap(), packed);
        }
    }
}
