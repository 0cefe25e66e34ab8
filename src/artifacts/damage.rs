//! Kinds of damage of a stored content.

use super::manifest::Hash;
use super::{codec, manifest};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    #[error("chunk {} is damaged: {damage}", hex(.hash))]
    Chunk { hash: Hash, damage: codec::Damage },
    /// More bases behind one another than are ever written: a circle, for one.
    #[error("chunk {} has too many bases behind one another", hex(.0))]
    Depth(Hash),
    /// The row of a chunk holds other bytes than its hash says.
    #[error("chunk {} is damaged: its bytes have another hash", hex(.0))]
    Hash(Hash),
    #[error(transparent)]
    Manifest(manifest::Damage),
    #[error("chunk {} is missing", hex(.0))]
    Missing(Hash),
    /// A part beyond the end of the content.
    #[error("the chunks of a content end at {size}, before {end}")]
    Range { size: u64, end: u64 },
}

fn hex(hash: &Hash) -> String {
    blake3::Hash::from_bytes(*hash).to_hex().to_string()
}
