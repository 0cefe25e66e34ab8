//! What a row must contain.

use super::check::{FILTER_BYTES, FILTER_ELEMENTS, Invalid};
use super::storable;
use crate::error::Error;
use crate::json::stored;
use crate::server::jsonb::Document;

/// Refuses a filter that is no object, too long or too deep, or has too many elements of arrays.
pub fn filter(document: &Document<'_>) -> Result<(), Error> {
    let kind = document.kind();
    if kind != "an object" {
        return Err(Invalid::Filter(kind).into());
    }
    let bytes = document.bytes();
    if bytes.len() > FILTER_BYTES {
        return Err(Invalid::LongFilter(bytes.len()).into());
    }
    storable::document(bytes, "filter")?;
    match stored::elements(bytes) {
        many if many > FILTER_ELEMENTS => Err(Invalid::ManyElements(many).into()),
        _ => Ok(()),
    }
}
