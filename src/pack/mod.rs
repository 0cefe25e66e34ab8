//! Compact storage of bytes: a frame around what zstd makes of them, alone, beside a neighbour or by a dictionary.

pub mod delta;
pub mod dictionary;
pub mod frame;
mod refusal;
mod sql;

use std::io;

use zstd::bulk::Compressor;

/// A zstd frame with a checksum, so that damage, a wrong dictionary and a wrong base are found out.
pub fn checksummed(mut compressor: Compressor<'_>, data: &[u8]) -> io::Result<Vec<u8>> {
    compressor.include_checksum(true)?;
    compressor.compress(data)
}
