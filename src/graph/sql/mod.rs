//! SQL face of the graph.
#![allow(unsafe_code)] // what #[pg_extern] expands to, and the calls into the server in `locks`

use crate::server::spi::{Connection, connect_to};

mod arguments;
mod entity;
mod erase;
mod locks;
mod read;
mod relationship;
mod target;
mod text;
mod walk;
mod write;

/// The plans of the graph depend on how large its tables are.
fn connect<T>(f: impl FnOnce(&Connection) -> T) -> T {
    connect_to(&[c"entities", c"relationships"], f)
}
