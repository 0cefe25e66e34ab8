//! Rows of any kind by their ids.
#![allow(unsafe_code)] // values go to the server as they came from it

use std::ffi::CStr;

use pgrx::prelude::*;

use super::kind::Kind;
use super::statement::Place;
use super::tokens;
use crate::search::Id;
use crate::server::nest::Settings;
use crate::server::spi::{Arg, Connection, Row, ids, typed};

/// Settings that keep the planner to look-ups.
const PLAIN: [&CStr; 4] = [c"enable_seqscan", c"enable_hashjoin", c"enable_mergejoin", c"jit"];

/// At which moment, and how much.
pub struct Reader<'a> {
    pub tenant: &'a str,
    pub max_tokens: u64,
    pub valid_at: Option<pg_sys::Datum>,
    pub known_at: Option<pg_sys::Datum>,
}

/// When it happened, its period, source, session, role, scope, metadata.
pub const REST: usize = 8;

impl Reader<'_> {
    pub fn place<'p>(&self, kind: Kind, table: &'p str) -> Place<'p> {
        Place { kind, table, known: self.known_at.is_some() }
    }

    fn arguments(&self, wanted: &[Id]) -> [Arg<'_>; 6] {
        // SAFETY: the datums are those of the call's arguments, which are times.
        let time = |datum| unsafe { typed(pg_sys::TIMESTAMPTZOID, datum) };
        [
            self.tenant.into(),
            ids(wanted),
            (tokens::most_bytes(self.max_tokens) as i64).into(),
            (self.max_tokens as i64).into(),
            time(self.valid_at),
            time(self.known_at),
        ]
    }

    /// Calls `each` with the position and the row of each id that is there, by one of the texts of [`Place`].
    pub fn each<'c>(
        &self,
        connection: &'c Connection,
        statement: &str,
        wanted: &[Id],
        mut each: impl FnMut(usize, &Row<'c>),
    ) {
        if wanted.is_empty() {
            return;
        }
        connection.kept_planned(
            statement,
            &self.arguments(wanted),
            || Settings::off(&PLAIN),
            |row| {
                let position = row.get::<i64>(0).and_then(|n| usize::try_from(n - 1).ok());
                if let Some(position) = position.filter(|position| *position < wanted.len()) {
                    each(position, row);
                }
            },
        );
    }
}
