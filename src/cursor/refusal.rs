//! Errors of cursors as the server reports them.

use pgrx::prelude::*;

use super::place::Invalid;
use crate::error::Refusal;

impl Refusal for Invalid {
    fn sqlstate(&self) -> PgSqlErrorCode {
        PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE
    }

    fn hint(&self) -> Option<String> {
        Some("Give the cursor of the last row of a page, or NULL for the first page.".to_owned())
    }
}
