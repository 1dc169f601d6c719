"""The embedded server: `postgres` itself, run in a private folder for one run."""
