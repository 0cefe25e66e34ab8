//! Catalog look-ups from the caches of the server, without SQL.
#![allow(unsafe_code)] // calls into the server

use std::ffi::{CStr, CString};
use std::slice;

use pgrx::prelude::*;

/// A relation in the schema of the extension.
pub fn relation(name: &CStr) -> Option<pg_sys::Oid> {
    // SAFETY: both names are C strings; the caches answer InvalidOid for what is missing.
    let relation = unsafe {
        let schema = pg_sys::get_namespace_oid(c"llmspell".as_ptr(), true);
        pg_sys::get_relname_relid(name.as_ptr(), schema)
    };
    (relation != pg_sys::InvalidOid).then_some(relation)
}

/// Whether a relation belongs to the owner of the extension's tables.
pub fn is_ours(relation: pg_sys::Oid) -> bool {
    // SAFETY: a tuple of the cache is read before it is released.
    unsafe {
        let tuple = pg_sys::SearchSysCache1(pg_sys::SysCacheIdentifier::RELOID as i32, relation.into());
        if tuple.is_null() {
            return false;
        }
        let owner = (*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_class>()).relowner;
        pg_sys::ReleaseSysCache(tuple);
        owner == pg_sys::get_role_oid(c"llmspell_owner".as_ptr(), true)
    }
}

/// Whether the current user may execute a function.
pub fn may_execute(function: pg_sys::Oid) -> bool {
    // SAFETY: looks up rights; a function that is gone is answered for, too.
    unsafe {
        let mut is_missing = false;
        let found = pg_sys::object_aclcheck_ext(
            pg_sys::ProcedureRelationId,
            function,
            pg_sys::GetUserId(),
            pg_sys::ACL_EXECUTE as pg_sys::AclMode,
            &raw mut is_missing,
        );
        found == pg_sys::AclResult::ACLCHECK_OK && !is_missing
    }
}

/// How many pages a table has now; 0 where it is missing.
pub fn pages(name: &CStr) -> u32 {
    relation(name).map_or(0, pages_of)
}

/// How many pages a table has now.
pub fn pages_of(relation: pg_sys::Oid) -> u32 {
    // SAFETY: the table is locked while it is looked at, and closed again.
    unsafe {
        let table = pg_sys::relation_open(relation, pg_sys::AccessShareLock as i32);
        let pages = pg_sys::RelationGetNumberOfBlocksInFork(table, pg_sys::ForkNumber::MAIN_FORKNUM);
        pg_sys::relation_close(table, pg_sys::AccessShareLock as i32);
        pages
    }
}

/// How many rows the last ANALYZE or VACUUM counted in a relation, and in how many pages; 0 where it never ran.
pub fn analyzed(relation: pg_sys::Oid) -> (f64, f64) {
    // SAFETY: a tuple of the cache is read before it is released.
    unsafe {
        let tuple = pg_sys::SearchSysCache1(pg_sys::SysCacheIdentifier::RELOID as i32, relation.into());
        if tuple.is_null() {
            return (0.0, 0.0);
        }
        let form = &*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_class>();
        let found = (f64::from(form.reltuples).max(0.0), f64::from(form.relpages).max(0.0));
        pg_sys::ReleaseSysCache(tuple);
        found
    }
}

/// Whether an index of this name is there and complete.
pub fn is_valid_index(name: &str) -> bool {
    let Some(oid) = CString::new(name).ok().and_then(|name| relation(&name)) else { return false };
    // SAFETY: a tuple of the cache is read before it is released.
    unsafe {
        let tuple = pg_sys::SearchSysCache1(pg_sys::SysCacheIdentifier::INDEXRELID as i32, oid.into());
        if tuple.is_null() {
            return false;
        }
        let is_valid = (*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_index>()).indisvalid;
        pg_sys::ReleaseSysCache(tuple);
        is_valid
    }
}

/// The schema of a type, quoted where it must be, and another type in it.
pub fn beside(known: pg_sys::Oid, name: &CStr) -> Option<(String, pg_sys::Oid)> {
    // SAFETY: tuples of the cache are read before they are released; names are C strings of this context.
    unsafe {
        let tuple = pg_sys::SearchSysCache1(pg_sys::SysCacheIdentifier::TYPEOID as i32, known.into());
        if tuple.is_null() {
            return None;
        }
        let namespace = (*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_type>()).typnamespace;
        pg_sys::ReleaseSysCache(tuple);
        let other = pg_sys::GetSysCacheOid(
            pg_sys::SysCacheIdentifier::TYPENAMENSP as i32,
            pg_sys::Anum_pg_type_oid as i16,
            pg_sys::Datum::from(name.as_ptr()),
            namespace.into(),
            0.into(),
            0.into(),
        );
        let schema = pg_sys::get_namespace_name(namespace);
        if other == pg_sys::InvalidOid || schema.is_null() {
            return None;
        }
        Some((text(pg_sys::quote_identifier(schema)), other))
    }
}

/// An index.
pub struct Index {
    pub oid: pg_sys::Oid,
    pub name: String,
    pub method: String,
    /// Its first column, unless that is an expression.
    pub column: Option<String>,
    /// Whether it is complete, and over all rows.
    pub is_whole: bool,
}

/// The indexes of a table in the schema of the extension.
pub fn indexes(table: &str) -> Vec<Index> {
    let Some(oid) = CString::new(table).ok().and_then(|name| relation(&name)) else { return Vec::new() };
    // SAFETY: the table and each index are locked while their descriptors are read, and closed again; an
    // index has at least one column.
    unsafe {
        let lock = pg_sys::AccessShareLock as i32;
        let table = pg_sys::table_open(oid, lock);
        let list = pg_sys::RelationGetIndexList(table).as_ref();
        let found = (0..list.map_or(0, |list| list.length as usize)).filter_map(|i| {
            let oid = (*list?.elements.add(i)).oid_value;
            let index = pg_sys::index_open(oid, lock);
            let (relation, form) = ((*index).rd_rel, (*index).rd_index);
            let is_complete = (*form).indisvalid;
            let no_predicate = pg_sys::heap_attisnull(
                (*index).rd_indextuple,
                pg_sys::Anum_pg_index_indpred as i32,
                std::ptr::null_mut(),
            );
            let attribute = (*form).indkey.values.as_slice(1)[0];
            let found = Index {
                oid,
                name: text((*relation).relname.data.as_ptr()),
                method: text(pg_sys::get_am_name((*relation).relam)),
                column: (attribute > 0).then(|| text(pg_sys::get_attname((*form).indrelid, attribute, true))),
                is_whole: is_complete && no_predicate,
            };
            pg_sys::index_close(index, lock);
            Some(found)
        });
        let all = found.collect();
        pg_sys::table_close(table, lock);
        all
    }
}

/// A name of the server; empty where it is none.
///
/// # Safety
/// `name` is null or a C string.
unsafe fn text(name: *const std::ffi::c_char) -> String {
    if name.is_null() {
        return String::new();
    }
    // SAFETY: as the caller promises.
    unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned()
}

/// Whether a table that is partitioned by ranges of one timestamptz has a partition for a time, by the bounds
/// that an INSERT goes by.
pub fn has_partition(table: pg_sys::Oid, time: i64) -> bool {
    // SAFETY: the relation is open, and locked until the end of the transaction as by an INSERT, while its
    // descriptor is read; a range by one timestamptz column has one datum and one kind in each bound, and
    // one index more than bounds.
    unsafe {
        let relation = pg_sys::table_open(table, pg_sys::AccessShareLock as i32);
        let bounds = (*pg_sys::RelationGetPartitionDesc(relation, true)).boundinfo;
        let found = bounds.as_ref().is_some_and(|b| {
            let count = b.ndatums as usize;
            let below = (0..count)
                .take_while(|&i| match **b.kind.add(i) {
                    pg_sys::PartitionRangeDatumKind::PARTITION_RANGE_DATUM_MINVALUE => true,
                    pg_sys::PartitionRangeDatumKind::PARTITION_RANGE_DATUM_VALUE => {
                        (**b.datums.add(i)).value() as i64 <= time
                    }
                    _ => false,
                })
                .count();
            slice::from_raw_parts(b.indexes, count + 1)[below] >= 0
        });
        pg_sys::table_close(relation, pg_sys::NoLock as i32);
        found
    }
}
