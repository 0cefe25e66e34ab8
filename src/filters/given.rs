//! A filter that a function was given, checked.
#![allow(unsafe_code)] // values of the server

use pgrx::prelude::*;

use super::invalid::{BYTES, Invalid};
use super::language::{Filter, parse};
use crate::arguments::storable;
use crate::error::Error;
use crate::json::canonical::MAX_DEPTH;
use crate::server::jsonb::Document;
use crate::server::spi::{Arg, typed};
use crate::server::varlena;

/// The one door for filters: refuses what is none, too long or too deep; None where it has no operators.
pub fn checked(bytes: &[u8]) -> Result<Option<Filter>, Error> {
    if bytes.len() > BYTES {
        return Err(Invalid::TooLong(bytes.len()).into());
    }
    storable::document(bytes, "filter")?;
    Ok(parse(bytes)?)
}

/// For statements with the conditions `document OPERATOR(llmspell.@>) contained` and `_filter_matches(document, tested)`,
/// each where its value is there.
pub struct Given {
    document: Document<'static>,
    contained: Option<pg_sys::Datum>,
    has_operators: bool,
}

impl Given {
    /// # Safety
    /// The datum is a jsonb that lives as long as the result.
    pub unsafe fn new(filter: pg_sys::Datum) -> Result<Self, Error> {
        // SAFETY: as the caller says.
        let document = unsafe { Document::new(filter) };
        let operators = checked(document.bytes())?;
        let contained = operators.as_ref().and_then(Filter::equalities).map(|bytes| varlena::of(&bytes));
        Ok(Self { document, contained, has_operators: operators.is_some() })
    }

    pub fn bytes(&self) -> &[u8] {
        self.document.bytes()
    }

    /// Whether rows must contain something that an index finds.
    pub fn is_contained(&self) -> bool {
        !self.has_operators || self.contained.is_some()
    }

    pub fn has_operators(&self) -> bool {
        self.has_operators
    }

    pub fn contained(&self) -> Arg<'_> {
        if self.has_operators {
            // SAFETY: a jsonb, in memory of the call.
            unsafe { typed(pg_sys::JSONBOID, self.contained) }
        } else {
            self.document.argument()
        }
    }

    pub fn tested(&self) -> Arg<'_> {
        if self.has_operators { self.document.argument() } else { Arg::null_oid(pg_sys::JSONBOID) }
    }
}

const _: () = assert!(MAX_DEPTH <= 1000, "a test recurs once for each level");
