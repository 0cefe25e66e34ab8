//! The statements that reach chunks; a backend prepares each once.
#![allow(unsafe_code)] // detoasting

use std::cell::OnceCell;
use std::ffi::CString;
use std::ops::Range;

use pgrx::AnyElement;
use pgrx::datum::DatumWithOid;
use pgrx::pg_sys::PgOid;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::spi::{OwnedPreparedStatement, SpiError};

use super::codec::Codec;
use super::manifest::Hash;
use crate::error::{Error, Internal};

const FETCH: &str = "
    SELECT chunk_hash, codec, raw_len, base_hash, data FROM llmspell.artifact_chunk
    WHERE tenant_id = $1 AND chunk_hash = ANY ($2)";
const REFER: &str = "
    UPDATE llmspell.artifact_chunk SET refs = refs + 1
    WHERE tenant_id = $1 AND chunk_hash = ANY ($2) RETURNING chunk_hash";
// Chunks that are stored as they are come out of the whole ($2) in the server: no other copy of them is made.
const ADD: &str = "
    INSERT INTO llmspell.artifact_chunk AS k (tenant_id, chunk_hash, refs, codec, raw_len, depth, base_hash, data)
    SELECT $1, u.chunk_hash, 1, u.codec, u.raw_len, u.depth, u.base_hash,
        coalesce(u.data, pg_catalog.substring($2, u.byte_offset + 1, u.raw_len))
    FROM ROWS FROM (pg_catalog.unnest($3), pg_catalog.unnest($4), pg_catalog.unnest($5), pg_catalog.unnest($6),
        pg_catalog.unnest($7), pg_catalog.unnest($8), pg_catalog.unnest($9))
        AS u (chunk_hash, byte_offset, raw_len, codec, depth, base_hash, data)
    ON CONFLICT (tenant_id, chunk_hash) DO UPDATE SET refs = k.refs + 1";
const BY_ID: &str = "
    SELECT c.content_hash::text, c.manifest
    FROM llmspell.artifacts a
    JOIN llmspell.artifact_content c ON c.tenant_id = a.tenant_id AND c.content_hash = a.content_hash
    WHERE a.tenant_id = $1 AND a.artifact_id = $2";
const BY_HASH: &str = "
    SELECT c.content_hash::text, c.manifest FROM llmspell.artifact_content c
    WHERE c.tenant_id = $1 AND c.content_hash = lower($2)";
const LEGACY: &str = "
    SELECT llmspell_internal._artifact_legacy(c, $3, $4) FROM llmspell.artifact_content c
    WHERE c.tenant_id = $1 AND c.content_hash = $2";

thread_local! {
    static STATEMENTS: OnceCell<&'static Statements> = const { OnceCell::new() };
}

struct Statements {
    fetch: Query,
    refer: OwnedPreparedStatement,
    add: OwnedPreparedStatement,
    by_id: Query,
    by_hash: Query,
    legacy: Query,
}

/// What names a content.
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

pub fn content(tenant: &str, name: &Name<'_>) -> Result<Option<Content>, ErrorReport> {
    let statements = statements()?;
    let (statement, name) = match name {
        Name::ArtifactId(id) => (&statements.by_id, *id),
        Name::ContentHash(hash) => (&statements.by_hash, *hash),
    };
    let mut content = None;
    statement.read(&[tenant.into(), name.into()], |row| {
        let hash = row.get(1).and_then(|datum| value::<String>(datum, pg_sys::TEXTOID)).unwrap_or_default();
        let manifest = row.get(2).map(|datum| Detoasted::new(Some(datum)).bytes().to_vec());
        content = Some(Content { hash, manifest });
    })?;
    Ok(content)
}

/// Bytes of a content that is not in chunks.
pub fn legacy(
    tenant: &str,
    hash: &str,
    byte_offset: i64,
    length: i64,
) -> Result<Option<Vec<u8>>, ErrorReport> {
    let args = [tenant.into(), hash.into(), byte_offset.into(), length.into()];
    let mut bytes = None;
    statements()?
        .legacy
        .read(&args, |row| bytes = row.get(1).map(|datum| Detoasted::new(Some(datum)).bytes().to_vec()))?;
    Ok(bytes)
}

/// A row of `artifact_chunk`, as long as the statement's memory lives.
pub struct Row<'a> {
    pub hash: Hash,
    pub codec: i16,
    pub length: usize,
    pub base: Option<Hash>,
    pub data: &'a [u8],
}

/// Calls `visit` with the row of each chunk that is there, in no order.
pub fn fetch(tenant: &str, hashes: &[Hash], mut visit: impl FnMut(Row<'_>)) -> Result<(), ErrorReport> {
    statements()?.fetch.read(&[tenant.into(), array(hashes)], |row| {
        let data = Detoasted::new(row.get(5));
        let bytes = |n| row.get(n).map(|datum| hash(Some(Detoasted::new(Some(datum)).bytes())));
        visit(Row {
            hash: bytes(1).unwrap_or_default(),
            codec: row.get(2).and_then(|datum| value(datum, pg_sys::INT2OID)).unwrap_or_default(),
            length: row
                .get(3)
                .and_then(|datum| value::<i32>(datum, pg_sys::INT4OID))
                .and_then(|length| usize::try_from(length).ok())
                .unwrap_or_default(),
            base: bytes(4),
            data: data.bytes(),
        });
    })
}

/// Counts one more reference to each of the chunks, and returns those that are there.
pub fn refer(tenant: &str, hashes: &[Hash]) -> Result<Vec<Hash>, ErrorReport> {
    let statements = statements()?;
    Spi::connect_mut(|client| {
        let args = [tenant.into(), array(hashes)];
        let mut table = client.update(&statements.refer, None, &args)?;
        let mut found = Vec::with_capacity(table.len());
        while table.next().is_some() {
            found.push(hash(table.get(1)?));
        }
        Ok(found)
    })
    .map_err(failed)
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
pub fn add(tenant: &str, whole: &Whole, chunks: &[New]) -> Result<(), ErrorReport> {
    let statements = statements()?;
    Spi::connect_mut(|client| {
        // A bytea has less than 2^30 bytes, a chain codec::MAX_DEPTH bases.
        let args = [
            tenant.into(),
            whole.argument(),
            chunks.iter().map(|chunk| chunk.hash.to_vec()).collect::<Vec<_>>().into(),
            chunks.iter().map(|chunk| chunk.range.start as i32).collect::<Vec<_>>().into(),
            chunks.iter().map(|chunk| chunk.range.len() as i32).collect::<Vec<_>>().into(),
            chunks.iter().map(|chunk| chunk.codec as i16).collect::<Vec<_>>().into(),
            chunks
                .iter()
                .map(|chunk| chunk.base.map_or(0, |(_, depth)| depth) as i16)
                .collect::<Vec<_>>()
                .into(),
            chunks.iter().map(|chunk| chunk.base.map(|(base, _)| base.to_vec())).collect::<Vec<_>>().into(),
            chunks.iter().map(|chunk| chunk.data.as_deref()).collect::<Vec<_>>().into(),
        ];
        client.update(&statements.add, None, &args).map(|_| ())
    })
    .map_err(failed)
}

/// A bytea argument: its bytes, and itself to be handed on.
pub struct Whole(Detoasted);

impl Whole {
    pub fn new(element: &AnyElement) -> Self {
        Self(Detoasted::new(Some(element.datum())))
    }

    pub fn bytes(&self) -> &[u8] {
        self.0.bytes()
    }

    fn argument(&self) -> DatumWithOid<'_> {
        // SAFETY: a bytea that lives as long as self.
        unsafe {
            let element = AnyElement::from_polymorphic_datum(self.0.bytea.into(), false, pg_sys::BYTEAOID);
            DatumWithOid::new(element, pg_sys::BYTEAOID)
        }
    }
}

fn statements() -> Result<&'static Statements, ErrorReport> {
    STATEMENTS.with(|cell| {
        if let Some(statements) = cell.get() {
            return Ok(*statements);
        }
        let made = Spi::connect(|client| {
            let (text, hashes, big) =
                (PgBuiltInOids::TEXTOID, PgBuiltInOids::BYTEAARRAYOID, PgBuiltInOids::INT8OID);
            let named = [text.oid(), text.oid()];
            let many = [text.oid(), hashes.oid()];
            let (smalls, ints) = (PgBuiltInOids::INT2ARRAYOID.oid(), PgBuiltInOids::INT4ARRAYOID.oid());
            let whole = PgBuiltInOids::BYTEAOID.oid();
            let columns =
                [text.oid(), whole, hashes.oid(), ints, ints, smalls, smalls, hashes.oid(), hashes.oid()];
            Ok(Statements {
                fetch: Query::new(FETCH, &many),
                refer: client.prepare_mut(REFER, &many)?.keep(),
                add: client.prepare_mut(ADD, &columns)?.keep(),
                by_id: Query::new(BY_ID, &named),
                by_hash: Query::new(BY_HASH, &named),
                legacy: Query::new(LEGACY, &[text.oid(), text.oid(), big.oid(), big.oid()]),
            })
        })
        .map_err(failed)?;
        // Never freed: at the end of the process the server's memory may already be gone.
        Ok(*cell.get_or_init(|| Box::leak(Box::new(made))))
    })
}

/// A SELECT that sees the snapshot of the calling statement. What pgrx offers takes a new one as soon as
/// the transaction has written, and a content read in several steps would come from different times.
struct Query(pg_sys::SPIPlanPtr);

impl Query {
    /// Inside a connection; the plan is kept.
    fn new(text: &str, args: &[PgOid]) -> Self {
        let text = CString::new(text).unwrap_or_default();
        let mut types: Vec<pg_sys::Oid> = args.iter().map(|arg| arg.value()).collect();
        // SAFETY: the text and the types live through the call, which copies them; a plan that cannot be
        // made is an error of the server, raised from within.
        unsafe {
            let plan = pg_sys::SPI_prepare(text.as_ptr(), types.len() as i32, types.as_mut_ptr());
            pg_sys::SPI_keepplan(plan);
            Self(plan)
        }
    }

    fn read(&self, args: &[DatumWithOid<'_>], mut visit: impl FnMut(&QueryRow)) -> Result<(), ErrorReport> {
        Spi::connect(|_| {
            let mut values: Vec<pg_sys::Datum> =
                args.iter().map(|arg| arg.datum().map_or(0.into(), |datum| datum.sans_lifetime())).collect();
            // SAFETY: as many values as the plan has arguments, none null; a read-only execution leaves its
            // rows in SPI_tuptable, which lives until the connection ends.
            let table = unsafe {
                let status = pg_sys::SPI_execute_plan(self.0, values.as_mut_ptr(), std::ptr::null(), true, 0);
                if status != pg_sys::SPI_OK_SELECT as i32 {
                    return Err(Error::from(Internal(format!("SPI_execute_plan gives {status}"))).into());
                }
                pg_sys::SPI_tuptable
            };
            // SAFETY: SPI_OK_SELECT comes with a table of numvals rows.
            let (rows, columns) = unsafe {
                (std::slice::from_raw_parts((*table).vals, (*table).numvals as usize), (*table).tupdesc)
            };
            for tuple in rows {
                visit(&QueryRow { tuple: *tuple, columns });
            }
            Ok(())
        })
    }
}

struct QueryRow {
    tuple: pg_sys::HeapTuple,
    columns: pg_sys::TupleDesc,
}

impl QueryRow {
    /// A column by its number from 1.
    fn get(&self, number: i32) -> Option<pg_sys::Datum> {
        let mut is_null = false;
        // SAFETY: the row belongs to the table that `columns` describes.
        let datum = unsafe { pg_sys::SPI_getbinval(self.tuple, self.columns, number, &raw mut is_null) };
        (!is_null).then_some(datum)
    }
}

fn value<T: FromDatum>(datum: pg_sys::Datum, oid: pg_sys::Oid) -> Option<T> {
    // SAFETY: the statement says that the column is of this type.
    unsafe { T::from_polymorphic_datum(datum, false, oid) }
}

/// A bytea whose copy is freed at once: kept until the statement ends, the copies of a MiB cost more in
/// page faults than all else (1.3 against 0.6 ms).
struct Detoasted {
    given: *mut pg_sys::varlena,
    bytea: *mut pg_sys::varlena,
}

impl Detoasted {
    fn new(datum: Option<pg_sys::Datum>) -> Self {
        let given: *mut pg_sys::varlena = datum.map_or(std::ptr::null_mut(), |datum| datum.cast_mut_ptr());
        // SAFETY: the column is a bytea, so the datum is null or points to a varlena of the tuple table.
        let bytea = if given.is_null() { given } else { unsafe { pg_sys::pg_detoast_datum_packed(given) } };
        Self { given, bytea }
    }

    fn bytes(&self) -> &[u8] {
        if self.bytea.is_null() {
            return &[];
        }
        // SAFETY: a detoasted varlena, which lives until self is dropped.
        unsafe { pgrx::varlena_to_byte_slice(self.bytea) }
    }
}

impl Drop for Detoasted {
    fn drop(&mut self) {
        if self.bytea != self.given {
            // SAFETY: detoasting made a copy of its own.
            unsafe { pg_sys::pfree(self.bytea.cast()) };
        }
    }
}

fn array(hashes: &[Hash]) -> DatumWithOid<'static> {
    hashes.iter().map(|hash| hash.to_vec()).collect::<Vec<_>>().into()
}

fn hash(value: Option<&[u8]>) -> Hash {
    // A CHECK of the table says 32 bytes; other bytes are those of no chunk.
    value.and_then(|bytes| bytes.try_into().ok()).unwrap_or_default()
}

fn failed(error: SpiError) -> ErrorReport {
    Error::from(Internal(error.to_string())).into()
}
