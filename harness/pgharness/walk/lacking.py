"""Tells a failure that is the server's own, which lacks what the chain wants, from one of the chain."""

from __future__ import annotations

import re

from pgharness.findings import CannotRun
from pgharness.records.revisions import Revision
from pgharness.records.steps import Failure

# What PostgreSQL says of what it was built or installed without. A collation of ICU is missing where ICU is.
_LACKS = re.compile(
    r"""extension\ "[^"]+"\ is\ not\ available | could\ not\ open\ extension\ control\ file | not\ supported\ in\ this\ build
    | requires\ the\ server\ to\ be\ built\ with | compression\ method\ \w+\ not\ supported | collation\ "[^"]*-x-icu".*does\ not\ exist
    | could\ not\ access\ file\ "[^"]*":\ No\ such\ file""",
    re.VERBOSE,
)


class LackOfServerError(CannotRun):
    """The server was built or installed without what a revision wants."""


def require_what_is_wanted(revision: Revision, failure: Failure, server: str) -> None:
    """Raise LackOfServerError where the first upgrade that fails wants what this server lacks; `server` is its description."""
    if not is_lack_of_server(failure):
        return
    raise LackOfServerError(
        f"Revision {revision.label} wants what the server lacks.",
        seen=f"{failure.message.splitlines()[0]}, on {server}",
        mend="take a server that has it: --server container, --server postgresql://user@host/database, or PGHARNESS_POSTGRES_BIN="
        "/usr/lib/postgresql/18/bin for the embedded one, with the distribution's packages (postgresql-18, postgresql-contrib); where no "
        "server has it, correct the revision",
    )


def is_lack_of_server(failure: Failure) -> bool:
    """Whether the server refused because it was built or installed without something."""
    return failure.sqlstate is not None and _LACKS.search(failure.message) is not None
