//! Memory of Rust. A failed allocation is an error of the server, 53200, as a failed palloc is, and does not end
//! the process, which would restart the server for everybody.
#![allow(unsafe_code)] // a global allocator, and the server's error functions without pgrx's guard

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ffi::{c_char, c_int};
use std::sync::atomic::{AtomicPtr, Ordering};

use pgrx::{PgLogLevel, PgSqlErrorCode};

/// The system's allocator.
pub struct Allocator;

/// Held back for the small allocations of reporting an error and of ending what is under way.
const RESERVE: usize = 1 << 20;
/// Larger ones do not draw on it.
const SMALL: usize = 64 << 10;

static SPARE: AtomicPtr<u8> = AtomicPtr::new(std::ptr::null_mut());

thread_local! {
    /// Whether this thread runs the code of a backend; those of a pool do not.
    static OF_SERVER: Cell<bool> = const { Cell::new(false) };
}

/// Called when the library is loaded, by the one thread that the server knows.
pub fn init() {
    OF_SERVER.set(true);
    fill();
}

const fn reserve() -> Layout {
    match Layout::from_size_align(RESERVE, 16) {
        Ok(layout) => layout,
        Err(_) => Layout::new::<u128>(),
    }
}

/// Takes the reserve anew where it was used up.
pub fn refill() {
    if SPARE.load(Ordering::Relaxed).is_null() {
        fill();
    }
}

fn fill() {
    // SAFETY: the layout has a size; a null stays null until the next time.
    let spare = unsafe { System.alloc(reserve()) };
    let old = SPARE.swap(spare, Ordering::Relaxed);
    if !old.is_null() {
        // SAFETY: it was allocated above with the same layout, and taken out of its place.
        unsafe { System.dealloc(old, reserve()) };
    }
}

/// Frees the reserve; false where there was none.
fn draw() -> bool {
    let spare = SPARE.swap(std::ptr::null_mut(), Ordering::Relaxed);
    if spare.is_null() {
        return false;
    }
    // SAFETY: it was allocated by `fill` with the same layout, and taken out of its place.
    unsafe { System.dealloc(spare, reserve()) };
    true
}

// SAFETY: memory is that of `System`; where there is none, the call does not return or returns null.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller says.
        let found = unsafe { System.alloc(layout) };
        if found.is_null() { failed(layout, layout.size()) } else { found }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller says.
        let found = unsafe { System.alloc_zeroed(layout) };
        if found.is_null() { failed(layout, layout.size()) } else { found }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as the caller says.
        let found = unsafe { System.realloc(old, layout, size) };
        if !found.is_null() {
            return found;
        }
        if size <= SMALL && draw() {
            // SAFETY: as the caller says; the first attempt left the old memory as it was.
            return unsafe { System.realloc(old, layout, size) };
        }
        report(size);
        std::ptr::null_mut()
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        // SAFETY: as the caller says.
        unsafe { System.dealloc(old, layout) };
    }
}

#[cold]
fn failed(layout: Layout, size: usize) -> *mut u8 {
    if size <= SMALL && draw() {
        // SAFETY: the layout is that of the failed attempt; its caller expects no zeros beyond what calloc of
        // fresh memory would give, so they are written.
        return unsafe { System.alloc_zeroed(layout) };
    }
    report(size);
    std::ptr::null_mut()
}

// Not pgrx's: its guard turns the jump into a panic, and an allocator must not unwind.
unsafe extern "C" {
    fn errstart(level: c_int, domain: *const c_char) -> bool;
    fn errcode(code: c_int) -> c_int;
    fn errmsg(format: *const c_char, ...) -> c_int;
    fn errdetail(format: *const c_char, ...) -> c_int;
    fn errfinish(file: *const c_char, line: c_int, function: *const c_char);
}

/// Raises 53200 in a backend. The server jumps to its handler over the frames of this library, whose values are
/// not dropped: what they held stays with the session. So does a borrow of a cache: therefore the reserve serves
/// the small allocations under one.
#[cold]
fn report(size: usize) {
    if !OF_SERVER.get() {
        return;
    }
    // SAFETY: the texts are C strings, and the formats fit the arguments; the server keeps memory for errors.
    unsafe {
        if errstart(PgLogLevel::ERROR as c_int, std::ptr::null()) {
            errcode(PgSqlErrorCode::ERRCODE_OUT_OF_MEMORY as c_int);
            errmsg(c"out of memory".as_ptr());
            errdetail(c"Failed on request of size %zu.".as_ptr(), size);
            errfinish(c"memory.rs".as_ptr(), 0, c"report".as_ptr());
        }
    }
}
