"""Judges the chain as env.py deploys it: that it gets to the heads, that this is committed, and that it is what the walk saw.

It is a part of the check `upgrade`.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgharness.checks.check import Compare
from pgharness.describing.advice import advice
from pgharness.describing.differences import Told, describe_differences, failure_evidence, failure_in_words
from pgharness.findings import Finding, Note
from pgharness.records.chain_record import ChainRecord
from pgharness.records.deployment import DeploymentRecord, MigrationRun
from pgharness.records.steps import Failure

NAME = "upgrade"
# What `agent.steps` raises where a revision ends Alembic's transaction.
ENDED_BY_A_REVISION = "UncommittedError"
INDEPENDENT = "let no revision depend on what another one left in memory or in the session (settings, search_path, types that it made)"


def judge_deployment(record: ChainRecord, compare: Compare) -> Iterator[Finding | Note]:
    """Judge what stands after an upgrade to the heads, with env.py as it is."""
    deployment = record.deployment
    if deployment is None or not record.chain.revisions:
        return
    if len(deployment.runs) > 1:
        yield Note(
            NAME,
            None,
            f"env.py runs its migrations {len(deployment.runs)} times, for as many databases or schemas: all of them are deployed, "
            "and the first is walked revision by revision",
        )
    if deployment.failure is not None:
        yield from _judge_failure(record, deployment, deployment.failure)
        return
    for later in record.later_deployments:
        if later.failure is not None:
            yield from _judge_failure(record, later, later.failure)
    if not deployment.is_at(record.chain):
        if not _is_ended_by_a_revision(record):
            yield _uncommitted(record, deployment)
    else:
        yield from _judge_catalog(record, deployment, compare)


def _judge_catalog(record: ChainRecord, deployment: DeploymentRecord, compare: Compare) -> Iterator[Finding | Note]:
    """Compare where it ends with where the walk ends, on equal terms: without rows, where they make a difference."""
    one_by_one = deployment.one_by_one or record.walked_head
    if one_by_one is None:
        return
    differences = compare(one_by_one, deployment.snapshot)
    if deployment.one_by_one is not None and not differences and _ends_otherwise(record, deployment, compare):
        yield Note(
            NAME,
            None,
            f"the catalog at the heads depends on rows: {_command(record)} on empty tables ends in another one than on filled tables",
        )
    if differences and deployment.after is not None:
        yield Note(
            NAME,
            None,
            f"{deployment.after.file}:{deployment.after.line} still sends `{' '.join(deployment.after.sql.split())}` once the migrations "
            f"have run, so {_command(record)} ends in another catalog than the revisions",
        )
        return
    for told in describe_differences(
        differences, left="one revision at a time", right=f"as {_command(record)} leaves it"
    ):
        if not (told.only_in == "right" and len(deployment.runs) > 1):
            yield _other(told, deployment)


def _ends_otherwise(record: ChainRecord, deployment: DeploymentRecord, compare: Compare) -> bool:
    """Whether it ends in another catalog than the walk, whose tables hold rows."""
    return record.walked_head is None or bool(compare(record.walked_head, deployment.snapshot))


def _judge_failure(record: ChainRecord, deployment: DeploymentRecord, failure: Failure) -> Iterator[Finding]:
    """Describe a failure that the walk, which runs revisions one by one, did not meet."""
    walked = record.record_of(deployment.revision or "")
    if walked is not None and walked.upgrade.failure is not None:
        return
    if walked is None and record.walked_head is None and deployment.revision is None:
        return
    label = walked.revision.label if walked is not None else "the chain"
    if deployment.fails_one_by_one:
        yield Finding(
            check=NAME,
            revision=deployment.revision,
            subject=f"upgrade of {label}",
            message=f"upgrade() passes on tables with rows but fails on empty ones, as in a new database: {failure_in_words(failure)}",
            mend="do not depend on rows that may be absent",
            evidence=failure_evidence(failure),
            line=failure.line_in(walked.revision.path) if walked is not None else None,
            code="PGH-U005",
        )
        return
    yield Finding(
        check=NAME,
        revision=deployment.revision,
        subject=f"upgrade of {label}",
        message=f"upgrade() passes by itself, but {_command(record)}{_start_in_words(record, deployment)} fails there, as env.py runs the chain "
        f"{_manner(deployment)}: "
        f"{failure_in_words(failure)}",
        mend=_mend(deployment, failure),
        evidence=failure_evidence(failure),
        line=failure.line_in(walked.revision.path) if walked is not None else None,
        code="PGH-U006",
    )


def _command(record: ChainRecord) -> str:
    """Return what was run, as people type it."""
    targets = " ".join(record.chain.targets)
    return f"`alembic upgrade {targets or ('head' if len(record.chain.heads) == 1 else 'heads')}`"


def _start_in_words(record: ChainRecord, deployment: DeploymentRecord) -> str:
    start = record.record_of(deployment.start or "")
    return f" of a database at {start.revision.label}" if start is not None else ""


def _mend(deployment: DeploymentRecord, failure: Failure) -> str:
    path = deployment.env_py
    if _holds_transaction(deployment):
        return (
            f"in {path}, `with engine.connect() as connection:` instead of engine.begin(), since an autocommit block has to end the "
            "transaction: context.begin_transaction() begins one and commits it"
        )
    if _gives_each_its_own(deployment):
        return advice(failure, INDEPENDENT)
    return advice(
        failure,
        f"give each revision a transaction of its own in {path}: context.configure(…, transaction_per_migration=True)",
    )


def _uncommitted(record: ChainRecord, deployment: DeploymentRecord) -> Finding:
    seen = ", ".join(deployment.applied) or "none"
    run = deployment.runs[-1]
    return Finding(
        check=NAME,
        revision=None,
        subject=f"deployment by {deployment.env_py}",
        message=f"{_command(record)} ends without an error and leaves nothing behind: {_why_uncommitted(deployment, run)}."
        if not deployment.applied
        else f"{_command(record)} ends without an error, and not at the heads: {_why_uncommitted(deployment, run)}.",
        mend=_how_to_commit(deployment, run),
        evidence=f"revisions in {run.version_table} afterwards: {seen}",
        code="PGH-U007",
    )


def _is_ended_by_a_revision(record: ChainRecord) -> bool:
    """Whether the transaction is lost by a revision that ends it itself, which is told there."""
    failures = (one.upgrade.failure for one in record.revisions)
    return any(failure is not None and failure.error == ENDED_BY_A_REVISION for failure in failures)


def _why_uncommitted(deployment: DeploymentRecord, run: MigrationRun) -> str:
    if run.in_transaction and run.before is not None:
        return (
            f"{run.before.file}:{run.before.line} sends `{' '.join(run.before.sql.split())}` before context.configure(), which begins a "
            "transaction that Alembic takes for env.py's own, and nobody commits it"
        )
    if run.in_transaction:
        return "env.py had begun a transaction before context.configure(), and does not commit it"
    if not deployment.has_begun:
        return "env.py does not call context.begin_transaction(), so nobody commits"
    return "what the revisions did is rolled back in the end"


def _how_to_commit(deployment: DeploymentRecord, run: MigrationRun) -> str:
    if run.in_transaction and run.before is not None:
        return f"write connection.commit() after {run.before.file}:{run.before.line}, before context.configure()"
    if not run.in_transaction and not deployment.has_begun:
        return f"in {deployment.env_py}: with context.begin_transaction(): context.run_migrations()"
    return f"let {deployment.env_py} commit: connection.commit() after context.run_migrations()"


def _other(told: Told, deployment: DeploymentRecord) -> Finding:
    return Finding(
        check=NAME,
        revision=None,
        subject=told.subject,
        message=f"As env.py runs the chain {_manner(deployment)}, it ends in another catalog. {told.message}",
        mend=INDEPENDENT,
        evidence=told.evidence,
        code="PGH-U008",
    )


def _manner(deployment: DeploymentRecord) -> str:
    if not deployment.runs:
        return "in one process"
    return (
        "in one process, a transaction for each revision" if _gives_each_its_own(deployment) else "in one transaction"
    )


def _gives_each_its_own(deployment: DeploymentRecord) -> bool:
    """Whether env.py gives each revision a transaction of its own."""
    run = deployment.runs[-1] if deployment.runs else None
    return run is not None and bool(run.options.get("transaction_per_migration")) and not run.in_transaction


def _holds_transaction(deployment: DeploymentRecord) -> bool:
    return (
        bool(deployment.runs)
        and deployment.runs[-1].in_transaction
        and deployment.failure is not None
        and deployment.failure.error == "AssertionError"
    )
