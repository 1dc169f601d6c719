"""Judges what a chain wants that a role without special rights has not; a part of the check `modes`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgharness.checks.modes_told import NAME, label_of
from pgharness.describing.differences import failure_evidence, failure_in_words
from pgharness.describing.rights import right_of
from pgharness.findings import Finding, Note
from pgharness.records.chain_record import ChainRecord
from pgharness.records.modes import OwnerRun
from pgharness.records.steps import Failure

# What it asks for is all that a chain can do: nothing but the administrator's hand is missing.
_EXTENSION_IF_MISSING = re.compile(
    r"\s*CREATE\s+EXTENSION\s+IF\s+NOT\s+EXISTS\s+(?P<name>\"[^\"]+\"|\w+)", re.IGNORECASE
)


def judge_owner(record: ChainRecord, owner: OwnerRun) -> Iterator[Finding | Note]:
    """Find each revision that is refused to a role that is no superuser."""
    for revision, failure in owner.refused:
        if _makes_roles(failure):
            yield Note(
                NAME,
                revision,
                "it makes roles, which takes CREATEROLE; managed services give it to their administrator",
            )
            continue
        if extension := _EXTENSION_IF_MISSING.match(failure.statement or ""):
            yield Note(
                NAME,
                revision,
                f"the extension {extension['name']} is not trusted, so a role that is no superuser passes only where it is there already: let the "
                "service's administrator make it once before the chain (rds_superuser, cloudsqlsuperuser, azure.extensions)",
            )
            continue
        item = record.record_of(revision)
        right = right_of(failure)
        yield Finding(
            NAME,
            revision,
            f"rights of {label_of(record, revision)}",
            f"It fails for a role that is no superuser and may CREATE in its database and schema, as managed services give it. "
            f"It lacks {right.lacking}: {failure_in_words(failure)}",
            f'{right.fix}; where it is meant, allow = {{"{NAME}": "<reason>"}}',
            failure_evidence(failure),
            failure.line_in(item.revision.path) if item is not None else None,
            code="PGH-M009",
        )
    if owner.untried:
        yield Note(NAME, None, f"not all was tried as a role that is no superuser: {owner.untried}")


def _makes_roles(failure: Failure) -> bool:
    """Whether the right to make roles was lacking, which a deployment that has them made by its chain knows of."""
    return (
        re.search(r"permission denied to (?:create|alter|drop|grant) (?:role|user)|CREATEROLE", failure.message)
        is not None
    )
