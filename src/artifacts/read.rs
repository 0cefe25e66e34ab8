//! Reading contents from their chunks. Every chunk is held against its hash.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::codec::{self, MAX_DEPTH};
use super::damage::Damage;
use super::manifest::{Hash, Manifest};
use super::{chunker, statements};
use crate::interrupts::{PART, poll};

/// How many chunks are asked for at once: about a MiB.
pub const BATCH: usize = 64;

/// A chunk with the bases that it needs, itself last.
pub type Chain = Vec<(Hash, Arc<Vec<u8>>)>;

/// Fills `out` with the bytes of the content from `range.start` on.
pub fn read(tenant: &str, manifest: &Manifest, range: Range<u64>, out: &mut [u8]) -> Result<(), Damage> {
    if range.end > manifest.size() {
        return Err(Damage::Range { size: manifest.size(), end: range.end });
    }
    let numbers = manifest.covering(&range);
    let mut target = Target { range, out };
    let mut at = numbers.start;
    while at < numbers.end {
        poll();
        let end = numbers.end.min(at + BATCH);
        read_batch(tenant, manifest, at..end, &mut target)?;
        at = end;
    }
    Ok(())
}

/// The BLAKE3 hash of the content.
pub fn hash(tenant: &str, manifest: &Manifest) -> Result<blake3::Hash, Damage> {
    let (mut hasher, mut buffer, mut at) = (blake3::Hasher::new(), vec![0; PART], 0);
    while at < manifest.size() {
        poll();
        let end = manifest.size().min(at + PART as u64);
        let part = &mut buffer[..(end - at) as usize];
        read(tenant, manifest, at..end, part)?;
        hasher.update(part);
        at = end;
    }
    Ok(hasher.finalize())
}

/// The chunks with their bases.
pub fn chains(tenant: &str, hashes: &[Hash]) -> Result<HashMap<Hash, Chain>, Damage> {
    complete(tenant, HashMap::new(), hashes)
}

/// The damage of a chunk itself: a damaged base is reported as the chunk that it is.
pub fn damage(tenant: &str, hash: &Hash) -> Option<Damage> {
    match chains(tenant, &[*hash]) {
        Err(Damage::Chunk { hash: damaged, .. } | Damage::Hash(damaged)) if damaged != *hash => None,
        other => other.err(),
    }
}

/// A row that waits for its base.
struct Stored {
    codec: i16,
    length: usize,
    base: Option<Hash>,
    data: Vec<u8>,
}

impl From<statements::Chunk<'_>> for Stored {
    fn from(row: statements::Chunk<'_>) -> Self {
        Self { codec: row.codec, length: row.length, base: row.base, data: row.data.to_vec() }
    }
}

/// The part of a content that is wanted, and where it goes.
struct Target<'a> {
    range: Range<u64>,
    out: &'a mut [u8],
}

impl Target<'_> {
    /// Where a chunk goes that is wanted whole.
    fn whole(&mut self, start: u64, length: usize) -> Option<&mut [u8]> {
        let at = usize::try_from(start.checked_sub(self.range.start)?).ok()?;
        self.out.get_mut(at..at + length)
    }

    /// Copies what is wanted of a chunk.
    fn put(&mut self, start: u64, chunk: &[u8]) {
        let wanted = start.max(self.range.start)..(start + chunk.len() as u64).min(self.range.end);
        let length = wanted.end.saturating_sub(wanted.start) as usize;
        if let Some(out) = self.whole(wanted.start, length) {
            let from = (wanted.start - start) as usize;
            out.copy_from_slice(&chunk[from..from + length]);
        }
    }
}

fn read_batch(
    tenant: &str,
    manifest: &Manifest,
    numbers: Range<usize>,
    target: &mut Target<'_>,
) -> Result<(), Damage> {
    let mut places: HashMap<Hash, Vec<(u64, usize)>> = HashMap::new();
    // bounded: a batch.
    for (start, entry) in numbers.filter_map(|number| manifest.get(number)) {
        places.entry(entry.hash).or_default().push((start, entry.length));
    }
    let hashes: Vec<Hash> = places.keys().copied().collect();
    let (mut waiting, mut missing, mut damage) = (HashMap::new(), places.clone(), None);
    statements::fetch(tenant, &hashes, |row| {
        missing.remove(&row.hash);
        if row.base.is_some() {
            waiting.insert(row.hash, row.into());
        } else if damage.is_none() {
            let found = places.get(&row.hash).map_or(Ok(()), |places| place(&row, places, target));
            damage = found.err();
        }
    });
    if let Some(damage) = damage.or_else(|| missing.keys().next().map(|hash| Damage::Missing(*hash))) {
        return Err(damage);
    }
    let hashes: Vec<Hash> = waiting.keys().copied().collect();
    // bounded: a batch.
    for (hash, chain) in complete(tenant, waiting, &hashes)? {
        let chunk = chain.last().map(|(_, chunk)| chunk.as_slice()).unwrap_or_default();
        // bounded: a batch.
        for (start, length) in places.get(&hash).into_iter().flatten() {
            if chunk.len() != *length {
                let damage = codec::Damage::Length { stored: chunk.len(), declared: *length };
                return Err(Damage::Chunk { hash, damage });
            }
            target.put(*start, chunk);
        }
    }
    Ok(())
}

/// Decodes a chunk that needs no base, straight to where it goes if it is wanted whole.
fn place(
    row: &statements::Chunk<'_>,
    places: &[(u64, usize)],
    target: &mut Target<'_>,
) -> Result<(), Damage> {
    // bounded: a batch.
    for (start, length) in places {
        if let Some(out) = target.whole(*start, *length) {
            decode(&row.hash, row.codec, row.data, None, out)?;
        } else {
            let mut chunk = vec![0; *length];
            decode(&row.hash, row.codec, row.data, None, &mut chunk)?;
            target.put(*start, &chunk);
        }
    }
    Ok(())
}

/// Decodes the wanted chunks, of which some rows are already there.
fn complete(
    tenant: &str,
    mut rows: HashMap<Hash, Stored>,
    hashes: &[Hash],
) -> Result<HashMap<Hash, Chain>, Damage> {
    let mut wanted: Vec<Hash> =
        hashes.iter().copied().chain(rows.values().filter_map(|row| row.base)).collect();
    // One more round than there may be bases: what is wanted then is a circle.
    // bounded: the longest chain of bases.
    for _ in 0..=MAX_DEPTH {
        wanted.sort_unstable();
        wanted.dedup();
        wanted.retain(|hash| !rows.contains_key(hash));
        if wanted.is_empty() {
            break;
        }
        let mut bases = Vec::new();
        statements::fetch(tenant, &wanted, |row| {
            bases.extend(row.base);
            rows.insert(row.hash, row.into());
        });
        wanted = bases;
    }
    let mut found = HashMap::new();
    for hash in hashes {
        poll();
        chain(hash, &rows, &mut found, 0)?;
    }
    found.retain(|hash, _| hashes.contains(hash));
    Ok(found)
}

fn chain(
    hash: &Hash,
    rows: &HashMap<Hash, Stored>,
    found: &mut HashMap<Hash, Chain>,
    depth: usize,
) -> Result<Chain, Damage> {
    if let Some(chain) = found.get(hash) {
        return Ok(chain.clone());
    }
    if depth > MAX_DEPTH {
        return Err(Damage::Depth(*hash));
    }
    let row = rows.get(hash).ok_or(Damage::Missing(*hash))?;
    let mut bases = match &row.base {
        Some(base) => chain(base, rows, found, depth + 1)?,
        None => Chain::new(),
    };
    if row.length > chunker::MAX {
        let damage = codec::Damage::Length { stored: row.length, declared: chunker::MAX };
        return Err(Damage::Chunk { hash: *hash, damage });
    }
    let mut chunk = vec![0; row.length];
    let base = bases.last().map(|(_, base)| base.as_slice());
    decode(hash, row.codec, &row.data, base, &mut chunk)?;
    bases.push((*hash, Arc::new(chunk)));
    found.insert(*hash, bases.clone());
    Ok(bases)
}

fn decode(hash: &Hash, codec: i16, data: &[u8], base: Option<&[u8]>, chunk: &mut [u8]) -> Result<(), Damage> {
    codec::decode(codec, data, base, chunk).map_err(|damage| Damage::Chunk { hash: *hash, damage })?;
    if blake3::hash(chunk) == *hash { Ok(()) } else { Err(Damage::Hash(*hash)) }
}
