//! What is wrong with a stored content.

use std::fmt;

use super::codec::Damage;
use super::manifest::{Hash, Malformed};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The row of a chunk holds other bytes than its hash says.
    Chunk {
        hash: Hash,
        damage: Option<Damage>,
    },
    /// More bases behind one another than are ever written: a circle, for one.
    Depth(Hash),
    Manifest(Malformed),
    Missing(Hash),
    /// A part beyond the end of the content.
    Range {
        size: u64,
        end: u64,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chunk { hash, damage: Some(damage) } => {
                write!(f, "chunk {} is damaged: {damage}", hex(hash))
            }
            Self::Chunk { hash, damage: None } => {
                write!(f, "chunk {} is damaged: its bytes have another hash", hex(hash))
            }
            Self::Depth(hash) => write!(f, "chunk {} has too many bases behind one another", hex(hash)),
            Self::Manifest(reason) => reason.fmt(f),
            Self::Missing(hash) => write!(f, "chunk {} is missing", hex(hash)),
            Self::Range { size, end } => write!(f, "the chunks of a content end at {size}, before {end}"),
        }
    }
}

fn hex(hash: &Hash) -> String {
    blake3::Hash::from_bytes(*hash).to_hex().to_string()
}
