"""Readers and writers at work while a migration runs, on tables as large as production's."""
