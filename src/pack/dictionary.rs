//! Texts too short for zstd to learn from one alone, by a dictionary that never changes.

use std::sync::OnceLock;

use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};

use super::checksummed;
use super::frame::Invalid;

/// A dictionary with a level, each prepared when it is first needed.
pub struct Dictionary {
    bytes: &'static [u8],
    level: i32,
    encoder: OnceLock<EncoderDictionary<'static>>,
    decoder: OnceLock<DecoderDictionary<'static>>,
}

impl Dictionary {
    pub const fn new(bytes: &'static [u8], level: i32) -> Self {
        Self { bytes, level, encoder: OnceLock::new(), decoder: OnceLock::new() }
    }

    pub fn compress(&self, data: &[u8]) -> Result<Vec<u8>, Invalid> {
        let encoder = self.encoder.get_or_init(|| EncoderDictionary::copy(self.bytes, self.level));
        Compressor::with_prepared_dictionary(encoder)
            .and_then(|compressor| checksummed(compressor, data))
            .map_err(|_| Invalid::Unwritable)
    }

    pub fn decompress(&self, payload: &[u8], length: usize) -> Result<Vec<u8>, Invalid> {
        let decoder = self.decoder.get_or_init(|| DecoderDictionary::copy(self.bytes));
        Decompressor::with_prepared_dictionary(decoder)
            .and_then(|mut decompressor| decompressor.decompress(payload, length))
            .map_err(|_| Invalid::Unreadable)
    }
}
