"""Runs the chain as managed services let it run: by a role that is no superuser, and may create in its database and its schema."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import replace

import psycopg
from psycopg import sql

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


def try_as_plain_owner(site: Site, given: int = 0) -> OwnerRun:
    """Run each revision as a plain role; one that is refused is run once more by the same role as a superuser, so that the others are seen too."""
    if given:
        return OwnerRun(
            untried="the baseline has revisions of the chain, and what it makes belongs to the role that runs it"
        )
    if not site.databases.server.is_ours:
        return OwnerRun(untried="no role is made on a given server")
    with _plain_role(site) as (admin, login), site.databases.experiment("plain") as database:
        role = sql.Identifier(login["user"])
        with database.connect() as session:
            session.execute(sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(sql.Identifier(database.name), role))
            session.execute(sql.SQL("GRANT CREATE, USAGE ON SCHEMA public TO {}").format(role))
        location = replace(database.project_location, user=login["user"], password=login["password"])
        plain = replace(database, location=location, project_location=location)
        try:
            run_baseline(plain, site.settings)
            with converse(site.project, plain) as conversation:
                return _run(site, conversation, admin, plain)
        except CannotRun as reason:
            return OwnerRun(untried=f"{reason.what} {reason.seen}")


@contextlib.contextmanager
def _plain_role(site: Site) -> Iterator[tuple[Connection, dict[str, str]]]:
    """Yield a session of ours and the login of a new role, which goes when the database is gone in which it has made things."""
    login = {"user": f"{PREFIX}plain_{secrets.token_hex(4)}", "password": secrets.token_hex(16)}
    role = sql.Identifier(login["user"])
    with site.databases.server.connect() as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(login["password"])))
        try:
            yield admin, login
        finally:
            with contextlib.suppress(
                psycopg.Error
            ):  # what the chain made of it outside of the database; the server goes in any case
                admin.execute(sql.SQL("DROP OWNED BY {0} CASCADE; DROP ROLE {0}").format(role))


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
