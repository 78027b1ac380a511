"""Limits of the demo page."""

PAGE_REQUESTS_PER_MINUTE = 600
"""From one address: fifty views of the page in a minute, as an office behind one address might have."""
