"""The structure file is what the chain's head gives, and it runs."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from pgharness.checks.check import Check, Compare
from pgharness.describing.comparing import compare_in_words
from pgharness.describing.differences import failure_evidence, failure_in_words
from pgharness.findings import Finding
from pgharness.records.chain_record import ChainRecord
from pgharness.records.experiments import StructureRecord

NAME = "structure"


def judge(record: ChainRecord, compare: Compare) -> Iterator[Finding]:
    """Judge the file's text first, for it is what people review, then the catalog that it gives."""
    structure = record.structure
    assert structure is not None
    assert record.head is not None
    if structure.unwritable is not None:
        reason = structure.unwritable
        subject, message = f"structure file {structure.path}", f"{reason.what} {reason.seen}"
        yield Finding(NAME, None, subject, message, reason.mend, code="PGH-S001")
        return
    if structure.text is None:
        yield _finding(structure, "PGH-S002", "File not found.")
        return
    if structure.text != structure.expected_text:
        yield _finding(
            structure,
            "PGH-S003",
            "Out of date: it differs from the schema at the head.",
            evidence=_text_difference(structure),
        )
    if structure.failure is not None:
        message = f"It fails on an empty database: {failure_in_words(structure.failure)}"
        yield _finding(structure, "PGH-S004", message, evidence=failure_evidence(structure.failure))
    elif structure.snapshot is not None:
        found = compare_in_words(compare, record.head, structure.snapshot, names=("the chain", "the structure file"))
        # Where the text differs, that is the cause, and it has been told.
        for told in found.told if structure.text == structure.expected_text else ():
            yield _finding(
                structure,
                "PGH-S005",
                f"Run on an empty database, it gives a different catalog. {told.message}",
                evidence=told.evidence,
            )


def _finding(structure: StructureRecord, code: str, message: str, evidence: str = "") -> Finding:
    return Finding(
        check=NAME,
        revision=None,
        subject=f"structure file {structure.path}",
        message=message,
        mend=f"pgharness check --only structure --write-structure, then review and commit {structure.path}",
        evidence=evidence,
        code=code,
    )


def _text_difference(structure: StructureRecord) -> str:
    lines = difflib.unified_diff(
        (structure.text or "").splitlines(), structure.expected_text.splitlines(), "file", "chain", lineterm="", n=2
    )
    return "\n".join(lines)


CHECK = Check(
    name=NAME,
    claim="the structure file is what the head gives, and running it gives the same catalog",
    reason="The file is what reviewers read: when it is stale, a pull request shows another schema than it makes.",
    mend="regenerate it and review the diff",
    of_today=True,
    judge=judge,
    compares=True,
    needs=frozenset({"structure"}),
    opt_in=True,
    skip_reason='no file: set structure = "schema/structure.sql" in [tool.pgharness]',
)
