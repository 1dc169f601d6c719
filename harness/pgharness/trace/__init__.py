"""What a migration does to a running service, seen while it runs: locks, the work under them, limits."""
