"""The table of errors for people, made from the code: `python -m flowforge_schema.errors.table > docs/errors.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from flowforge_schema.errors import tree
from flowforge_schema.errors.constraints import RULES
from flowforge_schema.errors.sqlstates import MEANINGS

HEAD = """\
# Errors

Made from the code: `python -m flowforge_schema.errors.table > docs/errors.md`. Every error that leaves the data layer is an
`AppError`, imported from `flowforge_schema`. An API answers it with problem details (RFC 9457) as soon as it has called
`install_error_handlers(app)`. No message holds a value from a row.
"""


def render_table() -> str:
    """Return the whole page as Markdown."""
    return "\n".join([HEAD, *_errors(), "", *_sqlstates(), "", *_constraints()]) + "\n"


def _errors() -> Iterator[str]:
    yield "## The tree\n"
    yield "Indented below an error are its kinds: `except ConflictError` catches them too.\n"
    yield "| error | code | HTTP | retryable | when |"
    yield "|---|---|---|---|---|"
    for depth, error in _walk(tree.AppError, 0):
        name = "&nbsp;&nbsp;" * depth + f"`{error.__name__}`"
        meaning = " ".join((error.__doc__ or "").split("\n\n", maxsplit=1)[0].split())
        yield f"| {name} | `{error.code}` | {error.http_status} | {_yes(is_so=error.retryable)} | {meaning} |"


def _sqlstates() -> Iterator[str]:
    yield "## From SQLSTATE\n"
    yield "Two characters stand for all codes of a class that are not listed themselves; whatever is not here is an"
    yield "`UnexpectedDatabaseError`. A foreign key violation (23503) by a change of the parent is a `ResourceInUseError`."
    yield "In a read session 25006 is a `ReadOnlyError`; elsewhere the pool makes its connections anew."
    yield "A connection lost during COMMIT is a `CommitUnknownError`, whatever its code. A type changed under a prepared"
    yield 'statement ("cached plan must not change result type", one case of 0A000) is a `TransientError`.\n'
    yield "| SQLSTATE | PostgreSQL's condition | error | HTTP | retryable |"
    yield "|---|---|---|---|---|"
    for meaning in MEANINGS:
        error = meaning.error
        yield (
            f"| {meaning.sqlstate} | {meaning.condition} | `{error.__name__}` | {error.http_status} |"
            f" {_yes(is_so=error.retryable)} |"
        )
    yield "| none | connecting failed, or the connection was lost | `DatabaseUnavailableError` | 503 | yes |"
    yield "| none | the connection was lost during COMMIT | `CommitUnknownError` | 503 | no |"
    yield "| none | no connection within `pool_timeout_s` | `PoolExhaustedError` | 503 | yes |"
    yield "| none | `lock_version` has changed (StaleDataError) | `ConcurrentUpdateError` | 409 | no |"
    yield "| none | `scalar_one()` found nothing (NoResultFound) | `NotFoundError` | 404 | no |"
    yield "| none | a value is refused before it is sent: NUL, lone surrogate, NaN, no time zone | `InvalidDataError` | 422 | no |"
    yield "| none | a stored value cannot be read | `UnreadableDataError` | 500 | no |"
    yield "| none | the driver refuses a call: more than 65,535 parameters | `UnexpectedDatabaseError` | 500 | no |"


def _constraints() -> Iterator[str]:
    yield "## By constraint\n"
    yield "| constraint | field | message |"
    yield "|---|---|---|"
    for rule in RULES:
        field = f"`{rule.field}`" if rule.field else ""
        in_use = f" / {rule.in_use}" if rule.in_use else ""
        yield f"| `{rule.constraint}` | {field} | {rule.message}{in_use} |"


def _walk(error: type[tree.AppError], depth: int) -> Iterator[tuple[int, type[tree.AppError]]]:
    yield depth, error
    for kind in error.__subclasses__():
        if kind.__module__ == tree.__name__:  # another track's errors are its own to document
            yield from _walk(kind, depth + 1)


def _yes(*, is_so: bool) -> str:
    return "yes" if is_so else "no"


if __name__ == "__main__":
    sys.stdout.write(render_table())
