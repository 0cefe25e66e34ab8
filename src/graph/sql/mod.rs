//! SQL face of the graph.
#![allow(unsafe_code)] // what #[pg_extern] expands to, and the calls into the server in `spi` and `locks`

mod arguments;
mod entity;
mod erase;
mod locks;
mod read;
mod relationship;
mod spi;
mod target;
mod walk;
mod write;
