"""What the parts of the check `modes` share: its name, what another check tells already, and how two ends are told apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from pgharness.catalog.diff import Difference
from pgharness.catalog.facts import FactKey, Snapshot
from pgharness.checks.check import Compare
from pgharness.describing.differences import Told, describe_differences, minor_name
from pgharness.describing.origin import origin
from pgharness.findings import Finding, Minor
from pgharness.records.chain_record import ChainRecord
from pgharness.records.steps import Failure

NAME = "modes"


def label_of(record: ChainRecord, revision: str | None) -> str:
    """Return a revision's label; "the chain" for None."""
    return next((item.label for item in record.chain.revisions if item.revision == revision), "the chain")


def is_told(record: ChainRecord, revision: str | None, failure: Failure) -> bool:
    """Whether `upgrade` tells that a revision fails, or that it could be run only on rows made for it."""
    deployments = [one for one in (record.deployment, *record.later_deployments) if one is not None]
    if failure.error == "CannotRun" or any(one.failure and one.revision == revision for one in deployments):
        return True
    walked = record.record_of(revision or "")
    return walked is not None and bool(
        walked.upgrade.failure
        or walked.upgrade_rows_failure
        or walked.alone_failure
        or walked.walk_failure
        or walked.learned
    )


def other_end(record: ChainRecord, snapshot: Snapshot, compare: Compare) -> tuple[Difference, ...]:
    """Return how a way's end differs from the walk's and from the deployment's; nothing where these two differ from each other.

    A chain whose catalog depends on rows has no one end, and `upgrade` tells the rest.
    """
    deployment = record.deployment
    deployed = deployment.snapshot if deployment is not None and deployment.is_at(record.chain) else None
    ends = [end for end in (record.walked_head, deployed) if end is not None]
    found = [compare(end, snapshot) for end in ends]
    if not found or not all(found) or (len(ends) > 1 and compare(ends[0], ends[1])):
        return ()
    return found[0]


def charged_by_origin(record: ChainRecord, told: Told) -> str | None:
    """Return the revision that made of an object what the other side lacks; None where none did."""
    first = told.differences[0]
    return origin(record, FactKey(first.kind, first.object, first.property), first.left)


def other_ends(
    differences: Sequence[Difference],
    charged: Callable[[Told], str | None],
    *,
    names: tuple[str, str],
    how: str,
    fix: str,
    code: str,
) -> Iterator[Finding | Minor]:
    """Tell differences object by object; `charged` gives the revision at fault. That a column stands elsewhere is a minor one."""
    for told in describe_differences(differences, left=names[0], right=names[1]):
        finding = Finding(NAME, charged(told), told.subject, f"{how} {told.message}", fix, told.evidence, code=code)
        name = minor_name(told.differences)
        yield Minor(name, finding) if name else finding
