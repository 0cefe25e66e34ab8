//! Texts too short for zstd to learn from one alone, by a dictionary that never changes.

use std::sync::OnceLock;

use zstd::zstd_safe::{CDict, DDict};

use super::context::{Compressor, Expander, compressing, expanding};
use super::frame::Invalid;

/// A dictionary with a level, each prepared when it is first needed.
pub struct Dictionary {
    bytes: &'static [u8],
    level: i32,
    encoder: OnceLock<CDict<'static>>,
    decoder: OnceLock<DDict<'static>>,
}

impl Dictionary {
    pub const fn new(bytes: &'static [u8], level: i32) -> Self {
        Self { bytes, level, encoder: OnceLock::new(), decoder: OnceLock::new() }
    }

    pub fn compress(&self, data: &[u8]) -> Result<Vec<u8>, Invalid> {
        let encoder = self.encoder.get_or_init(|| compressing(self.bytes, self.level));
        Compressor::prepared(encoder)
            .and_then(|compressor| compressor.checksummed(data))
            .map_err(|_| Invalid::Unwritable)
    }

    pub fn decompress(&self, payload: &[u8], length: usize) -> Result<Vec<u8>, Invalid> {
        let decoder = self.decoder.get_or_init(|| expanding(self.bytes));
        Expander::prepared(decoder)
            .and_then(|mut expander| expander.expand(payload, length))
            .map_err(|_| Invalid::Unreadable)
    }
}
