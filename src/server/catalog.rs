//! Catalog look-ups from the caches of the server, without SQL.
#![allow(unsafe_code)] // calls into the server

use std::ffi::CStr;
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

/// How many pages a table has now; 0 where it is missing.
pub fn pages(name: &CStr) -> u32 {
    let Some(relation) = relation(name) else { return 0 };
    // SAFETY: the table is locked while it is looked at, and closed again.
    unsafe {
        let table = pg_sys::relation_open(relation, pg_sys::AccessShareLock as i32);
        let pages = pg_sys::RelationGetNumberOfBlocksInFork(table, pg_sys::ForkNumber::MAIN_FORKNUM);
        pg_sys::relation_close(table, pg_sys::AccessShareLock as i32);
        pages
    }
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
