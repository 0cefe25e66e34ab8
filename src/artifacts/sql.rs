//! SQL face of artifacts: hashes, compression, and the chunks of a content.
#![allow(unsafe_code)] // what #[pg_extern] expands to

use pgrx::AnyElement;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::damage::Damage;
use super::envelope::{self, Format};
use super::invalid::Invalid;
use super::manifest::{Hash, Manifest};
use super::statements::{self, Name};
use super::{read, store};
use crate::arguments::{given, not_negative};
use crate::error::Error;
use crate::interrupts::{PART, poll};
use crate::server::varlena::{self, Bytea};
use crate::settings;
use crate::tenancy::tenant;

#[pg_extern(sql = false)]
fn blake3(data: &[u8]) -> Vec<u8> {
    hashed(blake3::Hasher::new(), data)
}

fn hashed(mut hasher: blake3::Hasher, data: &[u8]) -> Vec<u8> {
    for part in data.chunks(PART) {
        poll();
        hasher.update(part);
    }
    hasher.finalize().as_bytes().to_vec()
}

#[pg_extern(sql = false)]
fn blake3_keyed(data: &[u8], key: &[u8]) -> Result<Vec<u8>, ErrorReport> {
    let key = key.try_into().map_err(|_| Error::from(Invalid::KeyLength(key.len())))?;
    Ok(hashed(blake3::Hasher::new_keyed(key), data))
}

#[pg_extern(sql = false)]
fn compress(data: Option<&[u8]>, codec: Option<&str>) -> Result<Option<Vec<u8>>, ErrorReport> {
    let format = format(codec.unwrap_or("zstd"))?;
    let compressed = data.map(|data| envelope::compress(data, format)).transpose();
    Ok(compressed.map_err(Error::from)?)
}

/// Not strict: without a codec the data tells.
#[pg_extern(sql = false)]
fn decompress(data: Option<&[u8]>, codec: Option<&str>) -> Result<Option<Vec<u8>>, ErrorReport> {
    let format = codec.map(format).transpose()?;
    let Some(data) = data else { return Ok(None) };
    Ok(Some(envelope::decompress(data, format, settings::artifact_max_bytes()).map_err(Error::from)?))
}

/// Stores the chunks of a content, or of a further part of one. `parent`: the manifest of a content like
/// it. `so_far`: that of the part stored before. Only the last part has no tail.
///
/// Generic plans: another would hold a copy of the data.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)] // #[pg_extern] wants the columns spelled out
fn _artifact_store(
    data: Option<AnyElement>,
    so_far: Option<&[u8]>,
    parent: Option<&[u8]>,
    is_last: Option<bool>,
) -> Result<
    TableIterator<'static, (name!(manifest, Vec<u8>), name!(tail, Vec<u8>), name!(stored_bytes, i64))>,
    ErrorReport,
> {
    let so_far = so_far.map(manifest).transpose()?.unwrap_or_default();
    let parent = parent.map(manifest).transpose()?;
    // SAFETY: the SQL signature says bytea.
    let whole = unsafe { Bytea::new(&given(data, "data")?) };
    let stored = store::store(&tenant()?, &whole, so_far, parent, given(is_last, "is_last")?);
    let tail = whole.bytes()[stored.consumed..].to_vec();
    // At most the largest content.
    Ok(TableIterator::once((stored.manifest.pack(), tail, stored.stored_bytes as i64)))
}

// The three that clients read with are native: a function in SQL or plpgsql would copy what it returns.

#[pg_extern(sql = false)]
fn artifact_get(
    artifact_id: Option<&str>,
    session_id: Option<pgrx::Uuid>,
    name: Option<&str>,
    version: Option<i32>,
    session_name: Option<&str>,
) -> Result<Option<AnyElement>, ErrorReport> {
    let tenant = tenant()?;
    if session_id.is_none() && name.is_none() && version.is_none() && session_name.is_none() {
        return get(&tenant, Name::ArtifactId(given(artifact_id, "artifact_id")?), 0, i64::MAX);
    }
    let id = statements::named(artifact_id, session_id, name, version, session_name);
    id.map_or(Ok(None), |id| get(&tenant, Name::ArtifactId(&id), 0, i64::MAX))
}

#[pg_extern(sql = false)]
fn artifact_get_by_hash(content_hash: Option<&str>) -> Result<Option<AnyElement>, ErrorReport> {
    let tenant = tenant()?;
    get(&tenant, Name::ContentHash(given(content_hash, "content_hash")?), 0, i64::MAX)
}

#[pg_extern(sql = false)]
fn artifact_get_range(
    artifact_id: Option<&str>,
    byte_offset: Option<i64>,
    length: Option<i64>,
) -> Result<Option<AnyElement>, ErrorReport> {
    let tenant = tenant()?;
    let name = Name::ArtifactId(given(artifact_id, "artifact_id")?);
    get(&tenant, name, natural(byte_offset, "byte_offset")?, natural(length, "length")?)
}

/// Bytes of a content by its manifest.
#[pg_extern(sql = false)]
fn _artifact_read(packed: &[u8], byte_offset: i64, length: i64) -> Result<Option<AnyElement>, ErrorReport> {
    let tenant = tenant()?;
    from_chunks(&tenant, packed, natural(Some(byte_offset), "byte_offset")?, natural(Some(length), "length")?)
}

fn get(
    tenant: &str,
    name: Name<'_>,
    byte_offset: i64,
    length: i64,
) -> Result<Option<AnyElement>, ErrorReport> {
    let Some(content) = statements::content(tenant, &name) else { return Ok(None) };
    match content.manifest {
        Some(packed) => from_chunks(tenant, &packed, byte_offset, length),
        None => {
            let bytes = statements::legacy(tenant, &content.hash, byte_offset, length);
            Ok(bytes.and_then(|bytes| varlena::result(&bytes)))
        }
    }
}

/// The bytes of a content from `byte_offset` on, at most `length`, fewer at its end.
fn from_chunks(
    tenant: &str,
    packed: &[u8],
    byte_offset: i64,
    length: i64,
) -> Result<Option<AnyElement>, ErrorReport> {
    let manifest = manifest(packed)?;
    let start = byte_offset.unsigned_abs().min(manifest.size());
    let end = start.saturating_add(length.unsigned_abs()).min(manifest.size());
    let size = (end - start) as usize;
    let mut filling = varlena::Filling::new(size);
    read::read(tenant, &manifest, start..end, filling.bytes()).map_err(Error::from)?;
    Ok(filling.finish())
}

/// The BLAKE3 hash of a content, from its chunks.
#[pg_extern(sql = false)]
fn _artifact_hash(packed: &[u8]) -> Result<Vec<u8>, ErrorReport> {
    let hash = read::hash(&tenant()?, &manifest(packed)?).map_err(Error::from)?;
    Ok(hash.as_bytes().to_vec())
}

#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)] // #[pg_extern] wants the columns spelled out
fn _artifact_manifest(
    packed: &[u8],
) -> Result<
    TableIterator<'static, (name!(chunk_hash, Vec<u8>), name!(byte_offset, i64), name!(raw_len, i32))>,
    ErrorReport,
> {
    let manifest = manifest(packed)?;
    let rows: Vec<_> = manifest
        .iter()
        .map(|(start, entry)| (entry.hash.to_vec(), start as i64, entry.length as i32))
        .collect();
    Ok(TableIterator::new(rows))
}

/// Why bytes are no manifest; null where they are one.
#[pg_extern(sql = false)]
fn _artifact_manifest_fault(packed: &[u8]) -> Option<String> {
    Manifest::parse(packed).err().map(|reason| reason.to_string())
}

/// The damage of a chunk; null where there is none, or its base alone is damaged.
#[pg_extern(sql = false)]
fn _artifact_chunk_fault(chunk_hash: &[u8]) -> Result<Option<String>, ErrorReport> {
    poll();
    let hash: Hash = chunk_hash.try_into().unwrap_or_default();
    Ok(read::damage(&tenant()?, &hash).map(|damage| damage.to_string()))
}

#[pg_extern(sql = false)]
fn _artifact_max_bytes() -> i32 {
    i32::try_from(settings::artifact_max_bytes()).unwrap_or(i32::MAX)
}

fn natural(value: Option<i64>, argument: &str) -> Result<i64, Error> {
    Ok(not_negative(given(value, argument)?, argument)?)
}

fn format(name: &str) -> Result<Format, Error> {
    Format::named(name).ok_or_else(|| Invalid::Codec(name.to_owned()).into())
}

fn manifest(packed: &[u8]) -> Result<Manifest, Error> {
    Manifest::parse(packed).map_err(|damage| Damage::Manifest(damage).into())
}
