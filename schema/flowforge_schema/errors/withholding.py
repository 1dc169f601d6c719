"""Takes the values of rows out of errors that stay in the chain of causes, which logs and error trackers print."""

from __future__ import annotations

import psycopg


def withhold_values(error: BaseException) -> None:
    """Leave of an error's text only what names things of the schema."""
    about = []
    if isinstance(error, psycopg.Error):
        diagnosis = error.diag
        about = [
            f"{what} {name}"
            for what, name in (
                ("SQLSTATE", error.sqlstate),
                ("table", diagnosis.table_name),
                ("column", diagnosis.column_name),
                ("constraint", diagnosis.constraint_name),
            )
            if name
        ]
    if isinstance(error, UnicodeEncodeError):
        error.object = ""
    error.args = (", ".join([*about, "values withheld"]),)
