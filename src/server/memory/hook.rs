//! A crate of its own, which build.rs compiles: what no stable Rust can do.
#![crate_name = "out_of_memory_hook"]
#![feature(alloc_error_hook)]

/// The function called where Rust gets no memory, in place of an abort; it may unwind.
pub fn set(hook: fn(std::alloc::Layout)) {
    std::alloc::set_alloc_error_hook(hook);
}
