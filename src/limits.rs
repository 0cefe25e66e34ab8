//! Limits that several domains share. A limit of one domain stands beside what it bounds.

/// Largest binary value of a row, bytes. Beyond it the text form of the row passes what drivers and COPY can carry.
pub const ROW_VALUE_BYTES: usize = 128 << 20;

/// Longest value of a row as text in COPY, which pg_dump and restore use, in characters; of a bytea twice as many.
/// The values of a row fit into 1 GiB together, the most that the server can send or take.
pub const COPIED_CHARS: usize = 128 << 20;

/// Largest content of an artifact that `llmspell.artifact_max_bytes` can allow: one fits into a value of the
/// server with room to spare, and a reader takes no more memory than that.
pub const CONTENT_BYTES: usize = 512 << 20;

/// Longest name of a tenant, a scope, a kind or a type, in characters: the guide's `varchar(255)`.
pub const NAME_CHARS: usize = 255;

/// Longest key or title, in characters: the guide's `varchar(500)`.
pub const KEY_CHARS: usize = 500;

/// How much of a user's value a message shows, in characters.
pub const SHOWN_CHARS: usize = 60;
