//! SQL face of JSON documents: bounds and checksum.
#![allow(unsafe_code)] // walking a jsonb datum, and what #[pg_extern] expands to

use std::ffi::CStr;

use pgrx::AnyElement;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use sha2::{Digest, Sha256};

use super::canonical::{Bounds, Invalid, MAX_BYTES, Token, Writer};
use crate::arguments::given;
use crate::error::Error;

/// A smaller document passes no bound: a level takes 8 bytes, a number of 131,072 digits 12.
const FLAT_BYTES: usize = 4000;

#[pg_extern(sql = r#"
CREATE FUNCTION llmspell._json_check(state jsonb) RETURNS void
    IMMUTABLE PARALLEL SAFE LANGUAGE c AS '@MODULE_PATHNAME@', '@FUNCTION_NAME@';
"#)]
pub fn _json_check(state: Option<AnyElement>) -> Result<(), ErrorReport> {
    let state = given(state, "state")?;
    let document = Document::new(&state)?;
    if document.bytes > FLAT_BYTES {
        let mut bounds = Bounds::default();
        document.walk(|token| bounds.push(token))?;
    }
    Ok(())
}

#[pg_extern(sql = r#"
CREATE FUNCTION llmspell._json_checksum(state jsonb) RETURNS bytea
    IMMUTABLE PARALLEL SAFE LANGUAGE c AS '@MODULE_PATHNAME@', '@FUNCTION_NAME@';
"#)]
fn _json_checksum(state: Option<AnyElement>) -> Result<Vec<u8>, ErrorReport> {
    let state = given(state, "state")?;
    let mut writer = Writer::default();
    Document::new(&state)?.walk(|token| writer.push(token))?;
    Ok(Sha256::digest(writer.finish()).to_vec())
}

/// A jsonb argument, detoasted.
struct Document {
    jsonb: *mut pg_sys::Jsonb,
    bytes: usize,
}

impl Document {
    fn new(state: &AnyElement) -> Result<Self, ErrorReport> {
        // SAFETY: the SQL signature says jsonb, so the datum is a jsonb varlena; detoasting keeps or copies it
        // into the memory of this call.
        let (jsonb, bytes) = unsafe {
            let varlena = pg_sys::pg_detoast_datum(state.datum().cast_mut_ptr());
            (varlena.cast::<pg_sys::Jsonb>(), pgrx::varsize_any_exhdr(varlena))
        };
        if bytes > MAX_BYTES {
            return Err(Error::from(Invalid::TooLarge { bytes }).into());
        }
        Ok(Self { jsonb, bytes })
    }

    /// Calls `visit` with every token, in the order of jsonb.
    fn walk(&self, mut visit: impl FnMut(Token<'_>) -> Result<(), Invalid>) -> Result<(), ErrorReport> {
        use pg_sys::JsonbIteratorToken::*;
        // SAFETY: the container is that of a valid jsonb, which outlives the iterator.
        let mut iterator = unsafe { pg_sys::JsonbIteratorInit(&raw mut (*self.jsonb).root) };
        let mut bare_scalar = false;
        loop {
            pgrx::check_for_interrupts!();
            // SAFETY: all-zero is a valid JsonbValue (null); the iterator fills it in.
            let mut value: pg_sys::JsonbValue = unsafe { std::mem::zeroed() };
            // SAFETY: both pointers are to live values of this frame.
            let token = unsafe { pg_sys::JsonbIteratorNext(&raw mut iterator, &raw mut value, false) };
            let result = match token {
                WJB_DONE => return Ok(()),
                WJB_BEGIN_ARRAY => {
                    // A bare scalar is stored as an array of one.
                    // SAFETY: WJB_BEGIN_ARRAY fills the array member.
                    bare_scalar = unsafe { value.val.array.rawScalar };
                    if bare_scalar { Ok(()) } else { visit(Token::BeginArray) }
                }
                WJB_END_ARRAY => {
                    let scalar = std::mem::take(&mut bare_scalar);
                    if scalar { Ok(()) } else { visit(Token::EndArray) }
                }
                WJB_BEGIN_OBJECT => visit(Token::BeginObject),
                WJB_END_OBJECT => visit(Token::EndObject),
                // SAFETY: keys are strings.
                WJB_KEY => visit(Token::Key(unsafe { string(&value) })),
                // SAFETY: elements and values are scalars here, as containers are entered.
                _ => unsafe { scalar(&value, &mut visit) },
            };
            result.map_err(Error::from)?;
        }
    }
}

/// # Safety
/// `value` is a scalar that the iterator filled in.
unsafe fn scalar(
    value: &pg_sys::JsonbValue,
    visit: &mut impl FnMut(Token<'_>) -> Result<(), Invalid>,
) -> Result<(), Invalid> {
    match value.type_ {
        pg_sys::jbvType::jbvNull => visit(Token::Null),
        // SAFETY: the type says which member is filled in.
        pg_sys::jbvType::jbvBool => visit(Token::Bool(unsafe { value.val.boolean })),
        // SAFETY: as above.
        pg_sys::jbvType::jbvString => visit(Token::Text(unsafe { string(value) })),
        _ => {
            // SAFETY: jbvNumeric is the one scalar left; numeric_out gives a palloc'd C string of ASCII.
            let text = unsafe {
                pgrx::direct_function_call::<&CStr>(pg_sys::numeric_out, &[Some(value.val.numeric.into())])
            };
            let result = visit(Token::Number(text.and_then(|t| t.to_str().ok()).unwrap_or_default()));
            if let Some(text) = text {
                // SAFETY: it was palloc'd for this call and is not used again.
                unsafe { pg_sys::pfree(text.as_ptr().cast_mut().cast()) };
            }
            result
        }
    }
}

/// # Safety
/// `value` is a string or a key that the iterator filled in.
unsafe fn string(value: &pg_sys::JsonbValue) -> &str {
    // SAFETY: the database is UTF8, and the text lies inside the jsonb.
    unsafe {
        let string = value.val.string;
        if string.len == 0 {
            return "";
        }
        str::from_utf8_unchecked(std::slice::from_raw_parts(string.val.cast(), string.len as usize))
    }
}
