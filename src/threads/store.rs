//! The statements that reach blobs.

use std::collections::{HashMap, HashSet};
use std::ffi::CStr;

use super::chain::{Blob, Id, MAX_CHAIN, chain_of};
use super::damage::{Damage, MAX_BYTES};
use crate::interrupts::polled;
use crate::server::spi::{self, Connection, Row, Sees, connect_to};

// One look-up by key for each value (OFFSET 0 keeps it so): statistics of a small table would have a family read whole.
const FETCH: &CStr = c"
    SELECT b.* FROM (SELECT DISTINCT id FROM pg_catalog.unnest($3) AS u (id)) AS u CROSS JOIN LATERAL (
        SELECT blob_id, base_id, step, blob_type, size_bytes, packed FROM llmspell.thread_blobs
        WHERE tenant_id = $1 AND family_id = $2 AND blob_id = u.id OFFSET 0) AS b";
const FETCH_ONE: &CStr = c"
    SELECT blob_id, base_id, step, blob_type, size_bytes, packed FROM llmspell.thread_blobs
    WHERE tenant_id = $1 AND family_id = $2 AND blob_id = $3";
const SIZE: &CStr = c"
    SELECT pg_catalog.sum(b.size_bytes)::bigint FROM (SELECT DISTINCT id FROM pg_catalog.unnest($3) AS u (id)) AS u CROSS JOIN LATERAL (
        SELECT size_bytes FROM llmspell.thread_blobs WHERE tenant_id = $1 AND family_id = $2 AND blob_id = u.id OFFSET 0) AS b";
const THERE: &CStr = c"
    SELECT b.blob_id FROM (SELECT DISTINCT id FROM pg_catalog.unnest($3) AS u (id)) AS u CROSS JOIN LATERAL (
        SELECT blob_id FROM llmspell.thread_blobs WHERE tenant_id = $1 AND family_id = $2 AND blob_id = u.id OFFSET 0) AS b";
const ADD: &CStr = c"
    INSERT INTO llmspell.thread_blobs (tenant_id, family_id, base_id, step, blob_type, size_bytes, packed)
    VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING blob_id";
const FAMILY: &CStr = c"
    SELECT thread_id::text FROM llmspell.threads WHERE tenant_id = $1 AND family_id = $2";
const ALL: &CStr = c"
    SELECT blob_id, base_id FROM llmspell.thread_blobs WHERE tenant_id = $1 AND family_id = $2";
const USED: &CStr = c"
    SELECT u.blob_id FROM llmspell.thread_checkpoints c CROSS JOIN LATERAL pg_catalog.unnest(c.blob_ids) AS u (blob_id)
    WHERE c.tenant_id = $1 AND c.thread_id = $2
    UNION ALL
    SELECT w.blob_id FROM llmspell.thread_writes w WHERE w.tenant_id = $1 AND w.thread_id = $2 AND w.blob_id IS NOT NULL";

const EMPTY: &CStr = c"
    SELECT NOT EXISTS (SELECT FROM llmspell.thread_checkpoints c WHERE c.tenant_id = $1 AND c.thread_id = $2)
       AND NOT EXISTS (SELECT FROM llmspell.thread_writes w WHERE w.tenant_id = $1 AND w.thread_id = $2)
       AND NOT EXISTS (SELECT FROM llmspell.thread_messages m WHERE m.tenant_id = $1 AND m.thread_id = $2)";

/// Their plans depend on how large these are.
const TABLES: [&CStr; 2] = [c"thread_blobs", c"thread_checkpoints"];

/// The blobs of some ids with all that they need.
pub fn read(tenant: &str, family: Id, ids: &[Id], sees: Sees) -> HashMap<Id, Blob> {
    connect_to(&TABLES, |connection| {
        let mut found: HashMap<Id, Blob> = HashMap::new();
        let mut wanted = ids.to_vec();
        // bounded: as many times as a chain is long, whatever the rows say.
        for _ in 0..MAX_CHAIN {
            if wanted.is_empty() {
                break;
            }
            let blobs = if let [id] = wanted[..] {
                connection.rows(FETCH_ONE, &[tenant.into(), spi::id(family), spi::id(id)], sees, blob)
            } else {
                connection.rows(FETCH, &[tenant.into(), spi::id(family), spi::ids(&wanted)], sees, blob)
            };
            wanted = blobs.iter().filter_map(|blob| blob.base).collect();
            found.extend(blobs.into_iter().map(|blob| (blob.id, blob)));
            wanted.retain(|id| !found.contains_key(id));
        }
        found
    })
}

/// The chain of the former version of a value, or none where it is gone, also where an older snapshot still shows it.
pub fn former(tenant: &str, family: Id, id: Id) -> Result<Vec<Blob>, Damage> {
    let found = read(tenant, family, &[id], Sees::Latest);
    if found.contains_key(&id) { chain_of(id, &found) } else { Ok(Vec::new()) }
}

/// Whether all of these blobs are there, whatever an older snapshot shows.
pub fn are_there(tenant: &str, family: Id, ids: &[Id]) -> bool {
    let args = [tenant.into(), spi::id(family), spi::ids(ids)];
    connect_to(&TABLES, |connection| {
        let found: HashSet<Id> =
            connection.rows(THERE, &args, Sees::Latest, |row| row.id(0)).into_iter().flatten().collect();
        polled(ids).all(|id| found.contains(id))
    })
}

/// Whether the values of these blobs have more bytes than one call returns, and how many.
pub fn too_large(tenant: &str, family: Id, ids: &[Id]) -> Option<u64> {
    // One value has half of that at most.
    if ids.len() < 2 {
        return None;
    }
    let args = [tenant.into(), spi::id(family), spi::ids(ids)];
    let sum =
        connect_to(&TABLES, |connection| connection.row(SIZE, &args, Sees::Query, |row| row.get::<i64>(0)));
    sum.flatten().map(i64::cast_unsigned).filter(|bytes| *bytes > MAX_BYTES)
}

pub struct New<'a> {
    pub base: Option<Id>,
    pub step: u16,
    pub blob_type: &'a str,
    pub size: usize,
    pub packed: &'a [u8],
}

/// Returns the id of the row.
pub fn add(tenant: &str, family: Id, new: &New<'_>) -> Option<Id> {
    // Neither is beyond its type: steps are few, and a value has at most 128 MiB.
    let (step, size) = (new.step.cast_signed(), new.size as i32);
    let args = [
        tenant.into(),
        spi::id(family),
        new.base.map(pgrx::Uuid::from_bytes).into(),
        step.into(),
        new.blob_type.into(),
        size.into(),
        new.packed.into(),
    ];
    connect_to(&TABLES, |connection: &Connection| {
        connection.row(ADD, &args, Sees::Write, |row| row.id(0)).flatten()
    })
}

/// The threads of a family.
///
/// This and the next three see what is committed by now: an older snapshot would take for unused what another
/// transaction has come to use since.
pub fn threads(tenant: &str, family: Id) -> Vec<String> {
    let args = [tenant.into(), spi::id(family)];
    connect_to(&TABLES, |connection| connection.rows(FAMILY, &args, Sees::Latest, |row| row.text(0)))
}

/// Every blob of a family, with its base.
pub fn all(tenant: &str, family: Id) -> Vec<(Id, Option<Id>)> {
    let args = [tenant.into(), spi::id(family)];
    let rows = connect_to(&TABLES, |connection| {
        connection.rows(ALL, &args, Sees::Latest, |row| row.id(0).map(|id| (id, row.id(1))))
    });
    rows.into_iter().flatten().collect()
}

/// The blobs that a thread refers to.
pub fn used(tenant: &str, thread: &str) -> Vec<Id> {
    let args = [tenant.into(), thread.into()];
    let rows = connect_to(&TABLES, |connection| connection.rows(USED, &args, Sees::Latest, |row| row.id(0)));
    rows.into_iter().flatten().collect()
}

/// Whether a thread has nothing.
pub fn is_empty(tenant: &str, thread: &str) -> bool {
    let args = [tenant.into(), thread.into()];
    let empty =
        connect_to(&TABLES, |connection| connection.row(EMPTY, &args, Sees::Latest, |row| row.get(0)));
    empty.flatten().unwrap_or(false)
}

fn blob(row: &Row<'_>) -> Blob {
    Blob {
        id: row.id(0).unwrap_or_default(),
        base: row.id(1),
        step: row.get::<i16>(2).map_or(0, i16::cast_unsigned),
        blob_type: row.text(3),
        size: row.get::<i32>(4).map_or(0, |size| size.cast_unsigned() as usize),
        packed: row.bytes(5).map(|packed| packed.bytes().to_vec()).unwrap_or_default(),
    }
}
