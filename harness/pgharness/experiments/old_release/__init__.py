"""The release before: which statements it sends, and what becomes of them while a chain goes on."""
