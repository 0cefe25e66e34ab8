//! Turns a failed allocation of Rust into the server's error 53200, as for its own memory.
//!
//! The library's own answer would be to abort, which ends every session. The hook unwinds instead, and
//! destructors run as after any error. A reserve of addresses is given back first, as unwinding and reporting
//! take some memory too; the end of the transaction or of the savepoint takes it again.
#![allow(unsafe_code)] // maps memory, registers callbacks

extern crate out_of_memory_hook;

use std::alloc::Layout;
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

/// The server asks for at most 1 MiB at a time where there is no more. Never written to, it takes no memory.
const RESERVE: usize = 2 << 20;

static RESERVED: AtomicPtr<c_void> = AtomicPtr::new(null_mut());

pub fn init() {
    out_of_memory_hook::set(raise);
    reserve();
    // SAFETY: the callbacks are called with whatever ends, and are never unloaded.
    unsafe {
        pg_sys::RegisterXactCallback(Some(transaction_ended), null_mut());
        pg_sys::RegisterSubXactCallback(Some(savepoint_ended), null_mut());
    }
}

/// Runs on any thread: what the threads of the pool raise is raised again by the one that waits for them.
fn raise(asked: Layout) {
    release();
    let report = ErrorReport::new(PgSqlErrorCode::ERRCODE_OUT_OF_MEMORY, "out of memory", function_name!());
    let report = match asked.size() {
        0 => report,
        size => report.set_detail(format!("Failed on request of size {size}.")),
    };
    report.report(PgLogLevel::ERROR);
}

fn reserve() {
    if !RESERVED.load(Ordering::Relaxed).is_null() {
        return;
    }
    let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping, of which nobody else knows.
    let mapped = unsafe { libc::mmap(null_mut(), RESERVE, protection, flags, -1, 0) };
    if mapped != libc::MAP_FAILED {
        RESERVED.store(mapped, Ordering::Relaxed);
    }
}

fn release() {
    let mapped = RESERVED.swap(null_mut(), Ordering::Relaxed);
    if !mapped.is_null() {
        // SAFETY: a mapping of this size, which the swap gave to this thread alone.
        unsafe { libc::munmap(mapped, RESERVE) };
    }
}

unsafe extern "C-unwind" fn transaction_ended(_: pg_sys::XactEvent::Type, _: *mut c_void) {
    reserve();
}

unsafe extern "C-unwind" fn savepoint_ended(
    _: pg_sys::SubXactEvent::Type,
    _: pg_sys::SubTransactionId,
    _: pg_sys::SubTransactionId,
    _: *mut c_void,
) {
    reserve();
}
