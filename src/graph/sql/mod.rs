//! SQL face of the graph.
#![allow(unsafe_code)] // what #[pg_extern] expands to, and the calls into the server in `spi` and `locks`

mod arguments;
mod locks;
mod read;
mod spi;
mod walk;
mod write;
