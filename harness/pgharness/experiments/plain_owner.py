"""Runs the chain as managed services let it run: by a role that is no superuser, and may create in its database and its schema."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import replace

from psycopg import errors, sql

from pgharness.chain.baseline import run_baseline
from pgharness.chain.conversation import Conversation, converse
from pgharness.chain.messages import UP
from pgharness.databases import Database
from pgharness.databases.names import PREFIX
from pgharness.experiments.experiment import Site
from pgharness.findings import CannotRun
from pgharness.records.modes import OwnerRun
from pgharness.records.revisions import Revision
from pgharness.records.steps import Failure
from pgharness.servers import Connection

INSUFFICIENT_PRIVILEGE = "42501"


def try_as_plain_owner(site: Site, *, is_of_server: bool) -> OwnerRun:
    """Run each revision as a plain role; one that is refused is run once more by the same role as a superuser, so that the others are seen too.

    On a given server roles are nobody's to make, and a chain that makes roles itself wants more than a plain one by its nature.
    """
    if not site.databases.server.is_ours:
        return OwnerRun(untried="no role is made on a given server")
    if is_of_server:
        return OwnerRun(untried="the chain makes roles, or what else belongs to the whole server")
    with site.databases.experiment("plain") as database, _plain_role(database) as (admin, plain):
        try:
            run_baseline(plain, site.settings)
            with converse(site.project, plain) as conversation:
                return _run(site, conversation, admin, plain)
        except CannotRun as reason:
            return OwnerRun(untried=f"{reason.what} {reason.seen}")


@contextlib.contextmanager
def _plain_role(database: Database) -> Iterator[tuple[Connection, Database]]:
    """Yield a session of ours, and the database as the plain role finds it; the role goes at the end, and the database before it."""
    role, password = f"{PREFIX}plain_{secrets.token_hex(4)}", secrets.token_hex(16)
    name = sql.Identifier(role)
    with database.connect() as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(name, sql.Literal(password)))
        admin.execute(sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(sql.Identifier(database.name), name))
        admin.execute(sql.SQL("GRANT CREATE, USAGE ON SCHEMA public TO {}").format(name))
        try:
            location = replace(database.project_location, user=role, password=password)
            yield (
                admin,
                replace(database, location=location, project_location=location),
            )
        finally:
            with contextlib.suppress(errors.Error):
                admin.execute(sql.SQL("DROP OWNED BY {0} CASCADE; DROP ROLE {0}").format(name))


def _run(site: Site, conversation: Conversation, admin: Connection, plain: Database) -> OwnerRun:
    refused: list[tuple[str, Failure]] = []
    for revision in site.project.chain.revisions:
        failure = _step(conversation, revision)
        if failure is not None and failure.sqlstate == INSUFFICIENT_PRIVILEGE:
            refused.append((revision.revision, failure))
            with _as_superuser(admin, plain):
                failure = _step(conversation, revision)
        if failure is not None:
            return OwnerRun(
                tuple(refused), f"{revision.label} fails there otherwise: {failure.message.splitlines()[0]}"
            )
    return OwnerRun(tuple(refused))


def _step(conversation: Conversation, revision: Revision) -> Failure | None:
    failure = None
    for step in conversation.steps([(revision.revision, UP)], apart=True):
        failure = step.failure
    return failure


@contextlib.contextmanager
def _as_superuser(admin: Connection, plain: Database) -> Iterator[None]:
    """Let the role be a superuser meanwhile, so that what it makes is its own all the same."""
    role = sql.Identifier(plain.location.user)
    admin.execute(sql.SQL("ALTER ROLE {} SUPERUSER").format(role))
    try:
        yield
    finally:
        admin.execute(sql.SQL("ALTER ROLE {} NOSUPERUSER").format(role))
