"""What the exit code of a command says."""

NOTHING_FOUND, FOUND, COULD_NOT_RUN = 0, 1, 2
