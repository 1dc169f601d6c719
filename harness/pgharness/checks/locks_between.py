"""No lock of one revision lasts over the work of a later one: the part of `locks` that judges revisions which are deployed together."""

from __future__ import annotations

from collections.abc import Iterator

from pgharness.findings import Finding, Together
from pgharness.records.chain_record import ChainRecord
from pgharness.records.deployment import DeploymentRecord
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
    """Return the call of env.py's own that makes a transaction of each revision, and where it stands."""
    run = deployment.runs[-1] if deployment is not None and deployment.runs else None
    if deployment is None or run is None or run.apart is None:
        return f"in env.py, beside what it has: {APART}"
    lines = (
        f"line {run.apart.first}"
        if run.apart.first == run.apart.last
        else f"lines {run.apart.first} to {run.apart.last}"
    )
    return f"in {deployment.env_py}, in place of {lines}: {run.apart.code}"


def _mend(deployment: DeploymentRecord) -> str:
    """Return the lines of env.py by which each revision is a transaction of its own."""
    run = deployment.runs[-1]
    before = ""
    if run.in_transaction:
        seen = f" ({run.before.file}:{run.before.line} does)" if run.before is not None else ""
        before = f", and begin no transaction before it{seen}"
    return (
        f"{own_transactions(deployment)}{before}; or deploy the two apart, one command for each: `alembic upgrade <revision>`; "
        f'or declare allow = {{"{NAME}": "<why it may wait>"}} in the revision'
    )
