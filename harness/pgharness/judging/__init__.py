"""Chooses the checks, judges a record by them, and minds what people declared about it."""
