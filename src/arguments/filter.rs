//! What a row must contain.

use super::check::{FILTER_BYTES, Invalid};
use crate::error::Error;
use crate::json::stored::{self, Excess};
use crate::server::jsonb::Document;

/// Refuses a filter that is no object, too long or too deep.
pub fn filter(document: &Document<'_>) -> Result<(), Error> {
    let kind = document.kind();
    if kind != "an object" {
        return Err(Invalid::Filter(kind).into());
    }
    let bytes = document.bytes();
    if bytes.len() > FILTER_BYTES {
        return Err(Invalid::LongFilter(bytes.len()).into());
    }
    stored::check(bytes).map_err(|excess| {
        let argument = "filter".to_owned();
        match excess {
            Excess::Depth => Invalid::TooDeep { argument },
            Excess::Length => Invalid::TooLarge { argument },
        }
        .into()
    })
}
