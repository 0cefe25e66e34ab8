"""Client of llmspell: a connection that sets the tenant in each transaction, and the functions of the schema as its methods."""

from ._generated import rows
from .errors import Conflict
from .tenant import AsyncTenant, AsyncTransaction, Tenant, Transaction

__all__ = ["AsyncTenant", "AsyncTransaction", "Conflict", "Tenant", "Transaction", "rows"]
