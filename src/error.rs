//! How a function refuses: the one way from an error of any domain to an error of the server.
//!
//! Each domain has its errors as enums in files without pgrx, and implements [`Refusal`] for them in its
//! glue. Glue returns [`Error`]; a `#[pg_extern]` function returns the server's `ErrorReport`.

use std::fmt::Display;

use pgrx::PgSqlErrorCode;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

/// The parts of a server's report beside the message, which is the text of `Display`.
pub trait Refusal: Display {
    fn sqlstate(&self) -> PgSqlErrorCode;

    fn detail(&self) -> Option<String> {
        None
    }

    fn hint(&self) -> Option<String> {
        None
    }
}

/// Any refusal. A type of its own, since `From<T> for ErrorReport` may not be implemented for all `T` here.
pub struct Error(Box<dyn Refusal>);

impl<T: Refusal + 'static> From<T> for Error {
    fn from(refusal: T) -> Self {
        Self(Box::new(refusal))
    }
}

impl From<Error> for ErrorReport {
    #[track_caller]
    fn from(Error(refusal): Error) -> Self {
        let report = ErrorReport::new(refusal.sqlstate(), refusal.to_string(), function_name!());
        let report = match refusal.detail() {
            Some(detail) => report.set_detail(detail),
            None => report,
        };
        match refusal.hint() {
            Some(hint) => report.set_hint(hint),
            None => report,
        }
    }
}
