//! SQL face of the text of properties.
#![allow(unsafe_code)] // what #[pg_extern] expands to

use pgrx::AnyElement;
use pgrx::prelude::*;

use crate::graph::text::Text;
use crate::server::jsonb::Document;

#[pg_extern(sql = false)]
fn _graph_text(properties: AnyElement) -> String {
    let mut text = Text::default();
    // SAFETY: the SQL signature says jsonb. It ends early where there is text enough.
    let _ = unsafe { Document::new(properties.datum()) }.walk(|token| text.push(token));
    text.finish()
}
