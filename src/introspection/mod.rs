//! What the extension says of itself.

mod sql;
