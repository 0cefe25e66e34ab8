"""Client of llmspell: a connection that sets the tenant in each transaction."""

from .tenant import AsyncTenant, Tenant

__all__ = ["AsyncTenant", "Tenant"]
