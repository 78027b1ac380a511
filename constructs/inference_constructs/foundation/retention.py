"""How long logs are kept."""

RETENTION_DAYS = 30
"""Days that every log of the service is kept (R4.6)."""
