//! Values of variable length: reading them without a copy where that goes, and making them in one piece.
#![allow(unsafe_code)] // calls into the server

use std::marker::PhantomData;

use pgrx::AnyElement;
use pgrx::prelude::*;

use super::spi::{Arg, typed};

/// The bytes of a value, compressed or out of line as it may be. A copy that this needs is freed with it:
/// kept until the statement ends, the copies of a MiB cost more in page faults than all else (1.3
/// against 0.6 ms).
pub struct Detoasted<'a> {
    given: *mut pg_sys::varlena,
    bytes: *mut pg_sys::varlena,
    life: PhantomData<&'a [u8]>,
}

impl Detoasted<'_> {
    /// # Safety
    /// The datum is that of a type of variable length, and lives as long as the result.
    pub unsafe fn new(datum: pg_sys::Datum) -> Self {
        let given: *mut pg_sys::varlena = datum.cast_mut_ptr();
        // SAFETY: as the caller says.
        let bytes = unsafe { pg_sys::pg_detoast_datum_packed(given) };
        Self { given, bytes, life: PhantomData }
    }

    /// The same with a length word of 4 bytes, aligned as the type wants it.
    ///
    /// # Safety
    /// As above.
    pub unsafe fn aligned(datum: pg_sys::Datum) -> Self {
        let given: *mut pg_sys::varlena = datum.cast_mut_ptr();
        // SAFETY: as the caller says.
        let bytes = unsafe { pg_sys::pg_detoast_datum(given) };
        Self { given, bytes, life: PhantomData }
    }

    /// The value, to be handed on while self lives.
    pub fn whole(&self) -> *mut pg_sys::varlena {
        self.bytes
    }

    /// Without the length word.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: a detoasted varlena, which lives until self is dropped.
        unsafe { pgrx::varlena_to_byte_slice(self.bytes) }
    }
}

/// The size of a value as it is when it is detoasted. The server is asked only about what is compressed or elsewhere.
///
/// # Safety
/// The datum is that of a type of variable length.
pub unsafe fn size(datum: pg_sys::Datum) -> usize {
    let value: *const pg_sys::varlena = datum.cast_mut_ptr();
    // SAFETY: as the caller says.
    unsafe {
        if pgrx::varlena::varatt_is_4b_u(value)
            || pgrx::varlena::varatt_is_1b(value) && !pgrx::varlena::varatt_is_1b_e(value)
        {
            pgrx::varlena::varsize_any(value)
        } else {
            pg_sys::toast_raw_datum_size(datum)
        }
    }
}

impl Drop for Detoasted<'_> {
    fn drop(&mut self) {
        // After an error its memory context is gone, or goes.
        if self.bytes != self.given && !std::thread::panicking() {
            // SAFETY: detoasting made a copy of its own.
            unsafe { pg_sys::pfree(self.bytes.cast()) };
        }
    }
}

/// A bytea that a function was given: its bytes, and itself to be handed on without another copy.
pub struct Bytea(Detoasted<'static>);

impl Bytea {
    /// # Safety
    /// The argument is a bytea, and the result is used during the call only.
    pub unsafe fn new(argument: &AnyElement) -> Self {
        // SAFETY: as the caller says.
        Self(unsafe { Detoasted::new(argument.datum()) })
    }

    pub fn bytes(&self) -> &[u8] {
        self.0.bytes()
    }

    pub fn argument(&self) -> Arg<'_> {
        // SAFETY: a bytea, whose copy lives as long as the borrow.
        unsafe { typed(pg_sys::BYTEAOID, Some(self.0.whole().into())) }
    }
}

/// A value that is being filled, in the memory of the caller.
pub struct Filling {
    varlena: *mut pg_sys::varlena,
    size: usize,
}

impl Filling {
    /// Zeros.
    pub fn new(size: usize) -> Self {
        // SAFETY: palloc0 gives size + VARHDRSZ zeroed bytes, or raises.
        let varlena = unsafe {
            let varlena = pg_sys::palloc0(size + pg_sys::VARHDRSZ).cast::<pg_sys::varlena>();
            pgrx::set_varsize_4b(varlena, (size + pg_sys::VARHDRSZ) as i32);
            varlena
        };
        Self { varlena, size }
    }

    pub fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the bytes behind the length word, which nobody else sees before `finish`.
        unsafe {
            let data = self.varlena.cast::<u8>().add(pg_sys::VARHDRSZ);
            std::slice::from_raw_parts_mut(data, self.size)
        }
    }

    /// The value as the result of a function, whose signature says of which type it is.
    pub fn finish(self) -> Option<AnyElement> {
        element(self.varlena.into())
    }
}

/// A value of these bytes, in the current memory context.
pub fn of(body: &[u8]) -> pg_sys::Datum {
    let size = body.len() + pg_sys::VARHDRSZ;
    // SAFETY: palloc gives `size` bytes, which are then filled.
    unsafe {
        let pointer = pg_sys::palloc(size).cast::<pg_sys::varlena>();
        pgrx::set_varsize_4b(pointer, size as i32);
        std::ptr::copy_nonoverlapping(body.as_ptr(), pointer.cast::<u8>().add(pg_sys::VARHDRSZ), body.len());
        pg_sys::Datum::from(pointer)
    }
}

/// The same as the result of a function, whose signature says of which type it is.
pub fn result(body: &[u8]) -> Option<AnyElement> {
    element(of(body))
}

fn element(datum: pg_sys::Datum) -> Option<AnyElement> {
    // SAFETY: a complete varlena; the number of the type is not looked at on the way out.
    unsafe { AnyElement::from_polymorphic_datum(datum, false, pg_sys::BYTEAOID) }
}
