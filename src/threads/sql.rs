//! SQL face of the values of channels.
#![allow(unsafe_code)] // what #[pg_extern] expands to

use std::cell::RefCell;
use std::rc::Rc;

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::chain::{self, Blob, Id};
use super::damage::Invalid;
use super::memo::Memo;
use super::store::{self, New};
use crate::arguments::given;
use crate::error::Error;
use crate::interrupts::polled;
use crate::server::spi::Sees;
use crate::tenancy::tenant;

thread_local! {
    static MEMO: RefCell<Memo> = const { RefCell::new(Memo::new()) };
}

/// Stores a value, beside its former version where that pays, and returns the id of the blob.
#[pg_extern(sql = false)]
fn _thread_blob_add(
    family_id: Option<pgrx::Uuid>,
    former: Option<pgrx::Uuid>,
    blob_type: Option<&str>,
    value: Option<&[u8]>,
) -> Result<Option<pgrx::Uuid>, ErrorReport> {
    let (tenant, family) = (tenant()?, *given(family_id, "family_id")?.as_bytes());
    let (blob_type, value) = (given(blob_type, "blob_type")?, given(value, "value")?);
    let former = former.filter(|_| chain::may_have_base(value)).map(|former| *former.as_bytes());
    let chain = former.map(|id| store::former(&tenant, family, id)).transpose().map_err(Error::from)?;
    let packed = MEMO
        .with_borrow_mut(|memo| chain::pack(value, &chain.unwrap_or_default(), memo))
        .map_err(Error::from)?;
    let new =
        New { base: packed.base, step: packed.step, blob_type, size: value.len(), packed: &packed.bytes };
    let id = store::add(&tenant, family, &new);
    if let Some(id) = id.filter(|_| chain::may_have_base(value)) {
        let content = Rc::new(value.to_vec());
        MEMO.with_borrow_mut(|memo| memo.keep(id, &packed.bytes, packed.beside.as_ref(), &content));
    }
    Ok(id.map(pgrx::Uuid::from_bytes))
}

/// The types and the values of some blobs, in the order of the ids.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)] // #[pg_extern] wants the columns spelled out
fn _thread_blobs_get(
    family_id: pgrx::Uuid,
    blob_ids: Vec<pgrx::Uuid>,
) -> Result<
    TableIterator<'static, (name!(blob_types, Vec<String>), name!(blob_values, Vec<Vec<u8>>))>,
    ErrorReport,
> {
    let (tenant, family) = (tenant()?, *family_id.as_bytes());
    let ids: Vec<Id> = polled(blob_ids).map(|id| *id.as_bytes()).collect();
    if let Some(bytes) = store::too_large(&tenant, family, &ids) {
        return Err(Error::from(Invalid::TooLarge { bytes }).into());
    }
    let found = store::read(&tenant, family, &ids, Sees::Query);
    let mut types = Vec::with_capacity(ids.len());
    let mut values = Vec::with_capacity(ids.len());
    for id in polled(ids) {
        let chain = chain::chain_of(id, &found).map_err(Error::from)?;
        types.push(found.get(&id).map(|blob| blob.blob_type.clone()).unwrap_or_default());
        values.push(unpacked(&chain)?);
    }
    Ok(TableIterator::once((types, values)))
}

/// The value of one blob.
#[pg_extern(sql = false)]
fn _thread_blob_get(family_id: pgrx::Uuid, blob_id: pgrx::Uuid) -> Result<Vec<u8>, ErrorReport> {
    let (family, id) = (*family_id.as_bytes(), *blob_id.as_bytes());
    let found = store::read(&tenant()?, family, &[id], Sees::Query);
    let chain = chain::chain_of(id, &found).map_err(Error::from)?;
    unpacked(&chain)
}

fn unpacked(chain: &[Blob]) -> Result<Vec<u8>, ErrorReport> {
    let content = MEMO.with_borrow_mut(|memo| chain::unpack(chain, memo)).map_err(Error::from)?;
    Ok(Rc::unwrap_or_clone(content))
}

/// The blobs of a family that nobody uses. NULL where a thread is named and is not the only one of its family.
#[pg_extern(sql = false)]
fn _thread_blobs_unused(
    family_id: Option<pgrx::Uuid>,
    only_thread: Option<&str>,
) -> Result<Option<Vec<pgrx::Uuid>>, ErrorReport> {
    let (tenant, family) = (tenant()?, *given(family_id, "family_id")?.as_bytes());
    let threads = store::threads(&tenant, family);
    if only_thread.is_some_and(|only| polled(&threads).any(|thread| thread != only)) {
        return Ok(None);
    }
    let used = polled(&threads).flat_map(|thread| store::used(&tenant, thread));
    let unused = chain::unused(&store::all(&tenant, family), used);
    Ok(Some(polled(unused).map(pgrx::Uuid::from_bytes).collect()))
}

/// Whether a thread has nothing, also of what an older snapshot hides.
#[pg_extern(sql = false)]
fn _thread_is_empty(thread_id: Option<&str>) -> Result<bool, ErrorReport> {
    Ok(store::is_empty(&tenant()?, given(thread_id, "thread_id")?))
}

/// Whether blobs are there, whatever an older snapshot shows.
#[pg_extern(sql = false)]
fn _thread_blobs_exist(family_id: pgrx::Uuid, blob_ids: Vec<pgrx::Uuid>) -> Result<bool, ErrorReport> {
    let ids: Vec<Id> = polled(blob_ids).map(|id| *id.as_bytes()).collect();
    Ok(store::are_there(&tenant()?, *family_id.as_bytes(), &ids))
}
