"""Fixtures, stand-ins and helpers of the tests."""
