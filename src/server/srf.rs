//! Functions that return a table.
#![allow(unsafe_code)] // the call as the server hands it over

use pgrx::prelude::*;

/// Takes rows for a function that returns a table.
///
/// # Safety
/// `fcinfo` is that of a set-returning call.
pub unsafe fn rows_of(fcinfo: pg_sys::FunctionCallInfo) -> impl FnMut(&[Option<pg_sys::Datum>]) {
    // SAFETY: makes the tuple store of the call, which copies what is put into it.
    let result = unsafe {
        pg_sys::InitMaterializedSRF(fcinfo, 0);
        (*fcinfo).resultinfo.cast::<pg_sys::ReturnSetInfo>()
    };
    move |row| {
        let values: Vec<pg_sys::Datum> = row.iter().map(|value| value.unwrap_or(0.into())).collect();
        let nulls: Vec<bool> = row.iter().map(Option::is_none).collect();
        // SAFETY: as many values, of the types, as the function returns columns.
        unsafe {
            pg_sys::tuplestore_putvalues(
                (*result).setResult,
                (*result).setDesc,
                values.as_ptr(),
                nulls.as_ptr(),
            );
        }
    }
}

/// The tuple store of a function that returns a set of values.
///
/// # Safety
/// `fcinfo` is that of a set-returning call.
pub unsafe fn values_of(fcinfo: pg_sys::FunctionCallInfo) -> *mut pg_sys::Tuplestorestate {
    // SAFETY: makes the tuple store of the call; the one column is the value.
    unsafe {
        pg_sys::InitMaterializedSRF(fcinfo, pg_sys::MAT_SRF_USE_EXPECTED_DESC);
        (*(*fcinfo).resultinfo.cast::<pg_sys::ReturnSetInfo>()).setResult
    }
}

/// The type of the first argument, where the extension that defines it gives it a number.
///
/// # Safety
/// `fcinfo` is that of a call with an argument.
pub unsafe fn first_type(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Oid {
    // SAFETY: as the caller says.
    unsafe { pg_sys::get_fn_expr_argtype((*fcinfo).flinfo, 0) }
}
