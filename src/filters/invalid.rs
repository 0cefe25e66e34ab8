//! What is wrong with a filter.

/// Longest filter, in bytes of its binary form.
pub const BYTES: usize = 1 << 20;

/// Most elements that the arrays of a filter have together, lists of `$in` and `$nin` aside. Finding the elements of one
/// array in another takes the product of their lengths, in a function of the server that no interrupt ends.
pub const ELEMENTS: usize = 100;

/// Most members that the lists of `$in` and `$nin` have together.
pub const LISTED: usize = 10_000;

/// Most conditions of a filter with operators: each is tested for each row.
pub const CONDITIONS: usize = 1000;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("operator \"{operator}\" of filter must not stand beside the key \"{key}\"")]
    Beside { operator: String, key: String },
    #[error("operator \"{0}\" of filter needs at least one condition")]
    Empty(&'static str),
    #[error("operator \"$like\" of filter has a pattern that ends with a backslash: \"{0}\"")]
    Escape(String),
    #[error("operator \"{0}\" of filter must not stand in an array")]
    InArray(String),
    #[error("filter has at most {CONDITIONS} conditions, this one has more")]
    ManyConditions,
    #[error("filter has at most {ELEMENTS} elements in its arrays, this one has {0}")]
    ManyElements(usize),
    #[error("filter has at most {LISTED} members in the lists of $in and $nin, this one has {0}")]
    ManyListed(usize),
    #[error("operator \"{0}\" of filter must stand below a key")]
    NoKey(&'static str),
    #[error("filter must be a JSON object, not {0}")]
    NoObject(&'static str),
    #[error("operator \"{operator}\" of filter takes {takes}, not {given}")]
    Operand { operator: &'static str, takes: &'static str, given: &'static str },
    #[error("filter has at most {BYTES} bytes, this one has {0}")]
    TooLong(usize),
    #[error("filter knows no operator \"{0}\"")]
    Unknown(String),
}
