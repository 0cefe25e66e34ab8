"""What scripts/client-methods writes."""
