//! Which former version a version is stored beside, and what a chain of them unpacks to.
//!
//! Versions of a channel are numbered by steps, from 0 for one that is stored alone. The base of a step is the step
//! without its lowest bit, so that the last of [`STEPS`] versions needs few others: as many as its number has bits.
//! A list that grows by its last element is stored three times over in such differences, against half of all steps
//! where each would be stored beside the first.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::damage::Damage;
use super::memo::{Content, Memo};
use crate::interrupts::polled;
use crate::pack::delta;

pub type Id = [u8; 16];

/// Versions before the next one that is stored alone; a power of two.
const STEPS: u16 = 64;

/// The longest chain: the steps of one version, and the version that is stored alone.
pub const MAX_CHAIN: usize = STEPS.ilog2() as usize + 1;

/// A shorter value is stored alone: looking for its former version takes more than it saves.
const LEAST_BYTES: usize = 256;

/// A longer value is stored alone, since a difference takes memory for both.
const MOST_BYTES: usize = 32 << 20;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    pub id: Id,
    pub base: Option<Id>,
    pub step: u16,
    pub blob_type: String,
    pub size: usize,
    pub packed: Vec<u8>,
}

/// A value as it is to be stored.
#[derive(Debug, PartialEq, Eq)]
pub struct Packed {
    pub base: Option<Id>,
    pub step: u16,
    pub bytes: Vec<u8>,
    /// The content of the base.
    pub beside: Option<Content>,
}

/// Whether a value is worth a look at its former version.
pub fn may_have_base(value: &[u8]) -> bool {
    (LEAST_BYTES..=MOST_BYTES).contains(&value.len())
}

/// Packs a value whose former version has this chain, from the version that is stored alone to the former one.
pub fn pack(value: &[u8], chain: &[Blob], memo: &mut Memo) -> Result<Packed, Damage> {
    let step = chain.last().map_or(0, |former| former.step + 1);
    let base = if (1..STEPS).contains(&step) {
        chain.iter().position(|blob| blob.step == step & (step - 1))
    } else {
        None
    };
    let base = base.filter(|last| chain[..=*last].iter().all(|blob| blob.size <= MOST_BYTES));
    let content = base.map(|last| unpack(&chain[..=last], memo)).transpose()?;
    let (bytes, is_beside) = delta::pack(value, content.as_ref().map(|content| content.as_slice()))?;
    let base = base.filter(|_| is_beside).map(|last| chain[last].id);
    Ok(Packed {
        step: if base.is_some() { step } else { 0 },
        base,
        bytes,
        beside: content.filter(|_| is_beside),
    })
}

/// The value of the last one of a chain.
pub fn unpack(chain: &[Blob], memo: &mut Memo) -> Result<Content, Damage> {
    let mut content: Option<Content> = None;
    // bounded: at most MAX_CHAIN.
    for blob in chain {
        let base = content.filter(|_| blob.base.is_some());
        content = Some(match memo.find(blob, base.as_ref()) {
            Some(found) => found,
            None => {
                let beside = base.as_ref().map(|base| base.as_slice());
                let found = Rc::new(delta::unpack(&blob.packed, beside)?);
                memo.keep(blob.id, &blob.packed, base.as_ref(), &found);
                found
            }
        });
    }
    Ok(content.unwrap_or_default())
}

/// The chain of a blob out of those that were read, from the one that is stored alone to itself.
pub fn chain_of(id: Id, read: &HashMap<Id, Blob>) -> Result<Vec<Blob>, Damage> {
    let mut chain = Vec::new();
    let mut next = Some(id);
    // bounded: at most MAX_CHAIN.
    while let Some(id) = next {
        if chain.len() == MAX_CHAIN {
            return Err(Damage::Depth(id));
        }
        let blob = read.get(&id).ok_or(Damage::Missing(id))?;
        next = blob.base;
        chain.push(blob.clone());
    }
    chain.reverse();
    Ok(chain)
}

/// The blobs that nobody uses: neither a checkpoint nor a write, nor one that is used as its base.
pub fn unused(blobs: &[(Id, Option<Id>)], used: impl IntoIterator<Item = Id>) -> Vec<Id> {
    let bases: HashMap<Id, Option<Id>> = polled(blobs.iter().copied()).collect();
    let mut kept: HashSet<Id> = HashSet::new();
    for id in polled(used) {
        let mut next = Some(id);
        // bounded: at most MAX_CHAIN, and each once.
        while let Some(id) = next.filter(|id| kept.insert(*id)) {
            next = bases.get(&id).copied().flatten();
        }
    }
    polled(blobs).map(|(id, _)| *id).filter(|id| !kept.contains(id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(n: usize) -> Id {
        (n as u128).to_be_bytes()
    }

    /// Stores values one after the other, each beside the one before, as a thread does.
    fn stored(values: &[Vec<u8>]) -> HashMap<Id, Blob> {
        let (mut all, mut memo) = (HashMap::new(), Memo::new());
        for (n, value) in values.iter().enumerate() {
            let chain = if n > 0 { chain_of(id(n - 1), &all).unwrap() } else { Vec::new() };
            let packed = pack(value, &chain, &mut memo).unwrap();
            all.insert(
                id(n),
                Blob {
                    id: id(n),
                    base: packed.base,
                    step: packed.step,
                    blob_type: String::new(),
                    size: value.len(),
                    packed: packed.bytes,
                },
            );
        }
        all
    }

    /// Bytes that do not compress.
    fn noise(length: usize, seed: u64) -> Vec<u8> {
        let mut state = seed;
        std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .take(length)
        .collect()
    }

    #[test]
    fn a_list_that_grows_is_stored_as_what_it_grows_by() {
        let whole = noise(200_000, 7);
        let values: Vec<Vec<u8>> = (1..=200).map(|n| whole[..n * 1000].to_vec()).collect();
        let all = stored(&values);
        let mut longest = 0;
        for (n, value) in values.iter().enumerate() {
            let chain = chain_of(id(n), &all).unwrap();
            longest = longest.max(chain.len());
            assert!(**unpack(&chain, &mut Memo::new()).unwrap() == *value, "{n}");
        }
        assert!(longest == MAX_CHAIN, "{longest}");
        let (bytes, plain) = all
            .values()
            .zip(&values)
            .fold((0, 0), |(b, p), (blob, value)| (b + blob.packed.len(), p + value.len()));
        assert!(bytes < plain / 15, "{bytes} of {plain}");
    }

    #[test]
    fn a_long_list_is_stored_as_what_it_grows_by() {
        let whole = noise(9_000_000, 3);
        let base = Blob {
            id: id(1),
            base: None,
            step: 0,
            blob_type: String::new(),
            size: 8_999_000,
            packed: delta::pack(&whole[..8_999_000], None).unwrap().0,
        };
        let packed = pack(&whole, std::slice::from_ref(&base), &mut Memo::new()).unwrap();
        assert!(packed.base == Some(id(1)) && packed.bytes.len() < 100_000, "{}", packed.bytes.len());
        let (base_id, size) = (packed.base, whole.len());
        let next =
            Blob { id: id(2), base: base_id, step: 1, blob_type: String::new(), size, packed: packed.bytes };
        assert!(**unpack(&[base, next], &mut Memo::new()).unwrap() == whole);
    }

    #[test]
    fn damage_is_found() {
        let value = noise(1000, 1);
        let all = stored(&[value.clone(), [value.as_slice(), b"more"].concat()]);
        assert_eq!(chain_of(id(9), &all), Err(Damage::Missing(id(9))));
        let mut circle = all.clone();
        circle.get_mut(&id(0)).unwrap().base = Some(id(1));
        assert!(matches!(chain_of(id(1), &circle), Err(Damage::Depth(_))));
        let mut damaged = chain_of(id(1), &all).unwrap();
        let mut memo = Memo::new();
        unpack(&damaged, &mut memo).unwrap();
        damaged[0].packed[500] ^= 1;
        assert!(unpack(&damaged, &mut memo).is_err());
    }

    #[test]
    fn bases_of_what_is_used_are_used() {
        let blobs =
            [(id(1), None), (id(2), Some(id(1))), (id(3), Some(id(2))), (id(4), Some(id(2))), (id(5), None)];
        assert_eq!(unused(&blobs, [id(3)]), [id(4), id(5)]);
        assert_eq!(unused(&blobs, [id(5), id(9)]), [id(1), id(2), id(3), id(4)]);
        assert_eq!(unused(&blobs, []).len(), 5);
    }

    proptest! {
        #[test]
        fn whatever_versions_follow_each_other(seeds in prop::collection::vec((0u64..4, 0usize..3000), 1..150)) {
            let values: Vec<Vec<u8>> = seeds.iter().map(|(seed, length)| noise(*length, *seed)).collect();
            let (all, mut memo) = (stored(&values), Memo::new());
            for (n, value) in values.iter().enumerate().rev() {
                let chain = chain_of(id(n), &all).unwrap();
                prop_assert!(chain.len() <= MAX_CHAIN);
                prop_assert!(**unpack(&chain, &mut memo).unwrap() == *value);
                prop_assert!(**unpack(&chain, &mut Memo::new()).unwrap() == *value);
            }
        }
    }
}
