"""Deploys the chain once more in other ways, where its deployment ends otherwise than the walk, and from before labels that enums get."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import replace

from pgharness.catalog.snapshot import take_snapshot
from pgharness.chain.deployment import deploy
from pgharness.chain.project import Project
from pgharness.chain.upgrade import upgrade_to
from pgharness.databases import Databases
from pgharness.findings import CannotRun, ChainFails
from pgharness.records.chain_record import ChainRecord
from pgharness.records.deployment import DeploymentRecord

_ADDS_LABEL = re.compile(r"\bALTER\s+TYPE\b.*\bADD\s+VALUE\b", re.IGNORECASE | re.DOTALL)


def compared(
    project: Project, databases: Databases, deployment: DeploymentRecord, record: ChainRecord
) -> DeploymentRecord:
    """Where it fails, or ends otherwise than the walk, find out whether that comes of the rows that the walk has and it has not."""
    if deployment.failure is not None:
        return _compared_failing(project, databases, deployment, record)
    if record.walked_head in (None, deployment.snapshot) or not deployment.is_at(project.chain):
        return deployment
    with databases.experiment("one_by_one") as database:
        try:
            version_table = upgrade_to(project, database, apart=True)
        except CannotRun:
            return replace(deployment, fails_one_by_one=True)
        with database.connect() as observer:
            return replace(deployment, one_by_one=take_snapshot(observer, leave_out=(version_table,)))


def _compared_failing(
    project: Project, databases: Databases, deployment: DeploymentRecord, record: ChainRecord
) -> DeploymentRecord:
    """Find out whether a revision that passed on rows fails without them also where it is run by itself."""
    walked = record.record_of(deployment.revision or "")
    if walked is None or walked.upgrade.failure is not None:
        return deployment
    with databases.experiment("one_by_one") as database:
        try:
            upgrade_to(project, database, project.chain.ancestors(walked.revision.revision), apart=True)
        except ChainFails:
            return replace(deployment, fails_one_by_one=True)
        except CannotRun:
            pass
    return deployment


def deployed_later(
    project: Project, databases: Databases, record: ChainRecord, deployment: DeploymentRecord
) -> Iterator[DeploymentRecord]:
    """Deploy also from just before each label that is added to an enum type, where one transaction holds the rest of the chain.

    In the transaction that made the type its new labels can be used, and in production the type is older
    (manual, ALTER TYPE, "Notes").
    """
    if deployment.failure is not None or any(run.options.get("transaction_per_migration") for run in deployment.runs):
        return
    for item in record.revisions[1:-1]:
        adds = any(_ADDS_LABEL.search(statement.sql) for statement in item.upgrade.statements)
        if adds and len(item.revision.down_revisions) == 1:
            start = item.revision.down_revisions[0]
            with databases.experiment("deployed_later") as database, contextlib.suppress(CannotRun):
                upgrade_to(project, database, project.chain.ancestors(start))
                yield replace(deploy(project, database, project.chain.targets), start=start)
