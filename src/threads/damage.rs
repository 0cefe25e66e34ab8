//! Kinds of damage of stored values.

use super::chain::Id;
use crate::pack::delta;

/// Bytes of values that one call returns at most: as text they are twice as many, and a field has at most 1 GiB.
pub const MAX_BYTES: u64 = 256 << 20;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// More bases behind one another than are ever written: a circle, for one.
    #[error("blob {} has too many bases behind one another", hex(.0))]
    Depth(Id),
    #[error("blob {} is missing", hex(.0))]
    Missing(Id),
    #[error(transparent)]
    Packed(#[from] delta::Invalid),
}

/// A request that cannot be met.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("the values of a checkpoint have {bytes} bytes, at most {MAX_BYTES} are read at once")]
    TooLarge { bytes: u64 },
}

fn hex(id: &Id) -> String {
    format!("{:032x}", u128::from_be_bytes(*id))
}
