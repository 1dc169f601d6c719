"""What to write instead of a statement that works on rows under a lock, in the project's own names: a file for each kind of work."""
