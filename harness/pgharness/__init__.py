"""Test an Alembic migration chain on a real PostgreSQL server."""
