"""No lock of one revision lasts over the work of a later one: the part of `locks` that judges revisions which are deployed together."""

from __future__ import annotations

from collections.abc import Iterator

from pgharness.findings import Finding, Together
from pgharness.records.chain_record import ChainRecord
from pgharness.records.deployment import DeploymentRecord, MigrationRun
from pgharness.trace.between import Between, work_between
from pgharness.trace.estimating import estimate
from pgharness.trace.lock_modes import in_words
from pgharness.trace.telling import doing, in_one_line

NAME = "locks"
APART = "context.configure(…, transaction_per_migration=True)"


def judge_between(record: ChainRecord, deployment: DeploymentRecord) -> Iterator[Together]:
    """Yield what each revision does under a lock of an earlier one, as env.py deploys them together."""
    for one in work_between(record.revisions):
        if record.sizes is None or not estimate((one.statement,), record.sizes).is_small:
            yield Together(_finding(one, deployment), one.earlier.revision, is_allowed=NAME in one.later.allow)


def _finding(one: Between, deployment: DeploymentRecord) -> Finding:
    lock = one.lock
    return Finding(
        NAME,
        one.later.revision,
        f"{lock.kind} {lock.relation}",
        f"Deployed together with {one.earlier.label}, upgrade() works under a lock of that: its {in_one_line(one.taken)} takes {lock.mode} on "
        f"{lock.relation}, which env.py holds to the end, since it runs all revisions that are due in one transaction. "
        f"{in_one_line(one.statement)} {doing(one.work)} meanwhile, and {in_words(lock.mode, lock.kind)}.",
        _mend(deployment),
        f"{one.earlier.label}: {one.taken.statement.sql.strip()}\n{one.later.label}: {one.statement.statement.sql.strip()}",
        one.statement.statement.line or None,
        code="PGH-W010",
    )


def own_transactions(deployment: DeploymentRecord | None) -> str:
    """Return what makes a transaction of each revision: env.py's own call with the option that it lacks, and that nothing begins one before it."""
    run = deployment.runs[-1] if deployment is not None and deployment.runs else None
    if deployment is None or run is None:
        return f"in env.py, beside what it has: {APART}"
    begins = f"begin no transaction before {{}}{_begun_by(run)}" if run.in_transaction else ""
    if begins and run.options.get("transaction_per_migration"):
        return f"in {deployment.env_py}, {begins.format('context.configure()')}"
    begins = begins and f", and {begins.format('it')}"
    if run.apart is None:
        return f"in env.py, beside what it has: {APART}{begins}"
    lines = (
        f"line {run.apart.first}"
        if run.apart.first == run.apart.last
        else f"lines {run.apart.first} to {run.apart.last}"
    )
    return f"in {deployment.env_py}, in place of {lines}: {run.apart.code}{begins}"


def _begun_by(run: MigrationRun) -> str:
    return f" ({run.before.file}:{run.before.line} does)" if run.before is not None else ""


def _mend(deployment: DeploymentRecord) -> str:
    """Return how env.py makes a transaction of each revision, and the other ways."""
    return (
        f"{own_transactions(deployment)}; or deploy the two apart, one command for each: `alembic upgrade <revision>`; "
        f'or declare allow = {{"{NAME}": "<why it may wait>"}} in the revision'
    )
