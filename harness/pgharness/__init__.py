"""Proves an Alembic migration chain right on a real PostgreSQL."""
