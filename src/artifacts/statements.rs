//! The statements that reach chunks.

use std::ffi::CStr;
use std::ops::Range;

use super::codec::Codec;
use super::manifest::Hash;
use crate::server::spi::{Arg, Row, Sees, connect_to};
use crate::server::varlena::{Bytea, Detoasted};

const FETCH: &CStr = c"
    SELECT chunk_hash, codec, raw_len, base_hash, data FROM llmspell.artifact_chunk
    WHERE tenant_id = $1 AND chunk_hash = ANY ($2)";
const REFER: &CStr = c"
    UPDATE llmspell.artifact_chunk SET refs = refs + 1
    WHERE tenant_id = $1 AND chunk_hash = ANY ($2) RETURNING chunk_hash";
// Chunks that are stored as they are come out of the whole ($2) in the server: no other copy of them is made.
const ADD: &CStr = c"
    INSERT INTO llmspell.artifact_chunk AS k (tenant_id, chunk_hash, refs, codec, raw_len, depth, base_hash, data)
    SELECT $1, u.chunk_hash, 1, u.codec, u.raw_len, u.depth, u.base_hash,
        coalesce(u.data, pg_catalog.substring($2, u.byte_offset + 1, u.raw_len))
    FROM ROWS FROM (pg_catalog.unnest($3), pg_catalog.unnest($4), pg_catalog.unnest($5), pg_catalog.unnest($6),
        pg_catalog.unnest($7), pg_catalog.unnest($8), pg_catalog.unnest($9))
        AS u (chunk_hash, byte_offset, raw_len, codec, depth, base_hash, data)
    ON CONFLICT (tenant_id, chunk_hash) DO UPDATE SET refs = k.refs + 1";
const BY_ID: &CStr = c"
    SELECT c.content_hash::text, c.manifest
    FROM llmspell.artifacts a
    JOIN llmspell.artifact_content c ON c.tenant_id = a.tenant_id AND c.content_hash = a.content_hash
    WHERE a.tenant_id = $1 AND a.artifact_id = $2";
const BY_HASH: &CStr = c"
    SELECT c.content_hash::text, c.manifest FROM llmspell.artifact_content c
    WHERE c.tenant_id = $1 AND c.content_hash = lower($2)";
const NAMED: &CStr = c"SELECT llmspell_internal._artifact_id($1, $2, $3, $4, $5)";
const LEGACY: &CStr = c"
    SELECT llmspell_internal._artifact_legacy(c, $3, $4) FROM llmspell.artifact_content c
    WHERE c.tenant_id = $1 AND c.content_hash = $2";

/// Their plans depend on how large these are.
const TABLES: [&CStr; 2] = [c"artifact_chunk", c"artifact_content"];

/// The key of a content.
pub enum Name<'a> {
    ArtifactId(&'a str),
    ContentHash(&'a str),
}

/// Where a content is.
pub struct Content {
    pub hash: String,
    /// None for what a client of the guide wrote.
    pub manifest: Option<Vec<u8>>,
}

pub fn content(tenant: &str, name: &Name<'_>) -> Option<Content> {
    let (text, name) = match name {
        Name::ArtifactId(id) => (BY_ID, *id),
        Name::ContentHash(hash) => (BY_HASH, *hash),
    };
    let args = [tenant.into(), name.into()];
    connect_to(&TABLES, |connection| {
        connection.row(text, &args, Sees::Query, |row| Content { hash: row.text(0), manifest: copy(row, 1) })
    })
}

/// The id of an artifact that is given by its session, name and version.
pub fn named(
    artifact_id: Option<&str>,
    session_id: Option<pgrx::Uuid>,
    name: Option<&str>,
    version: Option<i32>,
    session_name: Option<&str>,
) -> Option<String> {
    let args = [artifact_id.into(), session_id.into(), name.into(), version.into(), session_name.into()];
    connect_to(&TABLES, |connection| connection.row(NAMED, &args, Sees::Query, |row| row.get(0))).flatten()
}

/// Bytes of a content that is not in chunks.
pub fn legacy(tenant: &str, hash: &str, byte_offset: i64, length: i64) -> Option<Vec<u8>> {
    let args = [tenant.into(), hash.into(), byte_offset.into(), length.into()];
    connect_to(&TABLES, |connection| connection.row(LEGACY, &args, Sees::Query, |row| copy(row, 0))).flatten()
}

fn copy(row: &Row<'_>, column: usize) -> Option<Vec<u8>> {
    row.bytes(column).map(|bytes| bytes.bytes().to_vec())
}

/// A row of `artifact_chunk`, as long as the statement's memory lives.
pub struct Chunk<'a> {
    pub hash: Hash,
    pub codec: i16,
    pub length: usize,
    pub base: Option<Hash>,
    pub data: &'a [u8],
}

/// Calls `visit` with the row of each chunk that is there, in no order.
pub fn fetch(tenant: &str, hashes: &[Hash], mut visit: impl FnMut(Chunk<'_>)) {
    let args = [tenant.into(), array(hashes)];
    connect_to(&TABLES, |connection| {
        connection.rows(FETCH, &args, Sees::Query, |row| {
            let data = row.bytes(4);
            let length = row.get::<i32>(2).and_then(|length| usize::try_from(length).ok());
            visit(Chunk {
                hash: hash(row, 0).unwrap_or_default(),
                codec: row.get(1).unwrap_or_default(),
                length: length.unwrap_or_default(),
                base: hash(row, 3),
                data: data.as_ref().map_or(&[], Detoasted::bytes),
            });
        });
    });
}

/// Counts one more reference to each of the chunks, and returns those that are there.
pub fn refer(tenant: &str, hashes: &[Hash]) -> Vec<Hash> {
    let args = [tenant.into(), array(hashes)];
    connect_to(&TABLES, |connection| {
        connection.rows(REFER, &args, Sees::Write, |row| hash(row, 0).unwrap_or_default())
    })
}

/// A chunk that is not there yet: a range of the whole.
pub struct New {
    pub hash: Hash,
    pub range: Range<usize>,
    pub codec: Codec,
    /// With the depth that the chunk has through it.
    pub base: Option<(Hash, usize)>,
    /// None where the chunk is stored as it is.
    pub data: Option<Vec<u8>>,
}

/// Stores new chunks with one reference each.
pub fn add(tenant: &str, whole: &Bytea, chunks: &[New]) {
    // A bytea has less than 2^30 bytes, a chain codec::MAX_DEPTH bases.
    let args = [
        tenant.into(),
        whole.argument(),
        chunks.iter().map(|chunk| chunk.hash.to_vec()).collect::<Vec<_>>().into(),
        chunks.iter().map(|chunk| chunk.range.start as i32).collect::<Vec<_>>().into(),
        chunks.iter().map(|chunk| chunk.range.len() as i32).collect::<Vec<_>>().into(),
        chunks.iter().map(|chunk| chunk.codec as i16).collect::<Vec<_>>().into(),
        chunks.iter().map(|chunk| chunk.base.map_or(0, |(_, depth)| depth) as i16).collect::<Vec<_>>().into(),
        chunks.iter().map(|chunk| chunk.base.map(|(base, _)| base.to_vec())).collect::<Vec<_>>().into(),
        chunks.iter().map(|chunk| chunk.data.as_deref()).collect::<Vec<_>>().into(),
    ];
    connect_to(&TABLES, |connection| connection.execute(ADD, &args, Sees::Write));
}

fn array(hashes: &[Hash]) -> Arg<'static> {
    hashes.iter().map(|hash| hash.to_vec()).collect::<Vec<_>>().into()
}

fn hash(row: &Row<'_>, column: usize) -> Option<Hash> {
    // A CHECK of the table says 32 bytes; other bytes are those of no chunk.
    row.bytes(column).map(|bytes| bytes.bytes().try_into().unwrap_or_default())
}
