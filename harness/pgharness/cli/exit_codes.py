"""The exit codes of the commands."""

NO_FINDINGS, FINDINGS, COULD_NOT_RUN = 0, 1, 2
INTERRUPTED = 130
"""As a shell says of what SIGINT (2) ended: 128 + 2."""
