"""Walks a chain once on a real database and records, as plain values, what each revision does."""
