//! Errors of tenants and scopes as the server reports them.

use pgrx::prelude::*;

use super::{scope, tenant_id};
use crate::error::Refusal;

/// No tenant is in force.
#[derive(Debug, thiserror::Error)]
#[error("no tenant is set")]
pub struct NoTenant;

impl Refusal for NoTenant {
    fn sqlstate(&self) -> PgSqlErrorCode {
        PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE
    }

    fn hint(&self) -> Option<String> {
        Some(
            "Call llmspell.tenant_set('<tenant>') inside the transaction, or set app.current_tenant_id; \
             llmspell.whoami() tells what is in force."
                .to_owned(),
        )
    }
}

impl Refusal for scope::Invalid {
    fn sqlstate(&self) -> PgSqlErrorCode {
        PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE
    }

    fn hint(&self) -> Option<String> {
        Some(format!("Use global, or one of {} followed by \":\" and an id.", scope::KINDS.join(", ")))
    }
}

impl Refusal for tenant_id::Invalid {
    fn sqlstate(&self) -> PgSqlErrorCode {
        PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE
    }

    fn hint(&self) -> Option<String> {
        matches!(self, Self::Empty).then(|| "To have no tenant, call llmspell.tenant_clear().".to_owned())
    }
}
