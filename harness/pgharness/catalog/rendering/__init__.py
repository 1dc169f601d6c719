"""Facts written as SQL: one module for each family of objects, one for what all share, one for the order."""
