//! Documents of the type jsonb: their tokens, and their text.
#![allow(unsafe_code)] // calls into the server

use std::ffi::{CStr, CString};

use pgrx::AnyElement;
use pgrx::prelude::*;

use super::spi::{Arg, typed};
use super::varlena::Detoasted;
use crate::interrupts::poll;
use crate::json::canonical::Token;

pub struct Document<'a>(Detoasted<'a>);

impl<'a> Document<'a> {
    /// # Safety
    /// The datum is a jsonb, and lives as long as the result.
    pub unsafe fn new(datum: pg_sys::Datum) -> Self {
        // SAFETY: as the caller says.
        Self(unsafe { Detoasted::aligned(datum) })
    }

    /// As they are stored, to tell one document from another.
    pub fn bytes(&self) -> &[u8] {
        self.0.bytes()
    }

    pub fn argument(&self) -> Arg<'_> {
        // SAFETY: a jsonb, whose copy lives as long as the borrow.
        unsafe { typed(pg_sys::JSONBOID, Some(self.datum())) }
    }

    pub fn text(&self) -> String {
        // SAFETY: jsonb_out gives a palloc'd C string of UTF-8.
        let text = unsafe { pgrx::direct_function_call::<&CStr>(pg_sys::jsonb_out, &[Some(self.datum())]) };
        text.map(CStr::to_string_lossy).unwrap_or_default().into_owned()
    }

    fn datum(&self) -> pg_sys::Datum {
        self.0.whole().into()
    }

    /// Calls `visit` with every token, in the order of jsonb.
    pub fn walk<E>(&self, mut visit: impl FnMut(Token<'_>) -> Result<(), E>) -> Result<(), E> {
        use pg_sys::JsonbIteratorToken::*;
        // SAFETY: the container is that of a valid jsonb, which outlives the iterator.
        let mut iterator =
            unsafe { pg_sys::JsonbIteratorInit(&raw mut (*self.0.whole().cast::<pg_sys::Jsonb>()).root) };
        let mut bare_scalar = false;
        loop {
            poll();
            // SAFETY: all-zero is a valid JsonbValue (null); the iterator fills it in.
            let mut value: pg_sys::JsonbValue = unsafe { std::mem::zeroed() };
            // SAFETY: both pointers are to live values of this frame.
            let token = unsafe { pg_sys::JsonbIteratorNext(&raw mut iterator, &raw mut value, false) };
            match token {
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
            }?;
        }
    }
}

/// The jsonb of a text that a jsonb was printed as, as a result of a function.
pub fn parsed(text: &str) -> Option<AnyElement> {
    let text = CString::new(text).ok()?;
    // SAFETY: jsonb_in takes a C string and gives a jsonb in the current memory context.
    unsafe {
        let jsonb: pg_sys::Datum =
            pgrx::direct_function_call_as_datum(pg_sys::jsonb_in, &[Some(text.as_ptr().into())])?;
        AnyElement::from_polymorphic_datum(jsonb, false, pg_sys::JSONBOID)
    }
}

/// # Safety
/// `value` is a scalar that the iterator filled in.
unsafe fn scalar<E>(
    value: &pg_sys::JsonbValue,
    visit: &mut impl FnMut(Token<'_>) -> Result<(), E>,
) -> Result<(), E> {
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
