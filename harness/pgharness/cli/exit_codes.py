"""The exit codes of the commands."""

NO_FINDINGS, FINDINGS, COULD_NOT_RUN = 0, 1, 2
