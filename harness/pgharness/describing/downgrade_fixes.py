"""Says what a downgrade() must still do, and where in it: behind all that it does, or, what commits by itself, before that."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pgharness.catalog.facts import ObjectKey, Snapshot
from pgharness.catalog.index_shapes import index_of
from pgharness.catalog.names import NAME, qualifier, unqualified, unquoted
from pgharness.catalog.proposing.python_words import operation
from pgharness.describing.differences import Told
from pgharness.describing.proposals import Proposals, blocks_first, in_words, written_out
from pgharness.describing.resuming import with_column
from pgharness.records.statements import Statement
from pgharness.records.steps import RevisionRecord

_MAKES = r"\s*(?:CREATE\s+(?:UNIQUE\s+)?INDEX\s+(?:CONCURRENTLY\s+)?(?:IF\s+NOT\s+EXISTS\s+)?|ALTER\s+TABLE\s+.*?\bADD\s+CONSTRAINT\s+)"
_BLOCK = "with op.get_context().autocommit_block():\n"
_ADDED = re.compile(
    rf"\s*ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(?P<table>{NAME}(?:\.{NAME})*)\s+ADD\s+COLUMN\s+(?P<name>{NAME})\s",
    re.IGNORECASE,
)


def mend_downgrade(told: Told, record: RevisionRecord, proposals: Proposals) -> str:
    """Return what the downgrade of a revision must still do; the proposals lead from what it leaves to what was before."""
    written, path = in_words(told.key, proposals), record.revision.path
    if _BLOCK in written:
        built = _with_columns(told.key, written, record)
        return f"at the beginning of downgrade() of {path}, which commits it: {built}{_without_another(told, record, built)}"
    if not written.lstrip("\n").startswith(("op.", "from ")):
        return f"in downgrade() of {path}: {written}"
    return f"at the end of downgrade() of {path}, behind all that it does: {written}"


def _without_another(told: Told, record: RevisionRecord, built: str) -> str:
    """Say which lines of the downgrade make it otherwise, to be read behind what builds it."""
    if told.only_in is not None or record.downgrade is None:
        return ""
    name = re.escape(unquoted(unqualified(told.key.object)))
    makes = re.compile(rf'{_MAKES}(?:{NAME}\.)?"?{name}"?(?![\w$])', re.IGNORECASE | re.DOTALL)
    own = (one for one in record.downgrade.statements if one.file == record.revision.path)
    lines = list(dict.fromkeys(one.line for one in own if one.line and makes.match(one.sql)))
    if not lines:
        return ""
    behind = "and" if built.endswith("\n") else "; and"
    return f"{behind} leave out {_lines(lines)}, which {'makes' if len(lines) == 1 else 'make'} it otherwise"


def _lines(numbers: Sequence[int]) -> str:
    return f"{'line' if len(numbers) == 1 else 'lines'} {' and '.join(map(str, numbers))}"


def undo_all(path: str, proposals: Proposals) -> str:
    """Return what a downgrade that does nothing has to do."""
    code = code_that_undoes(proposals)
    reasons = dict.fromkeys(proposal.reason for proposal in proposals.values() if proposal.reason)
    if reasons and not code:
        return (
            f"no statement leads back, for {'; '.join(reasons)}: raise NotImplementedError in downgrade() of {path}, and declare "
            'irreversible = "<reason>" beside its code; or do it by hand there'
        )
    by_hand = "; ".join(f"by hand, for {reason}" for reason in reasons)
    written = f": {code}{_behind(code, by_hand) if by_hand else ''}" if code else ""
    words = f"undo in downgrade() of {path} everything that upgrade() does{written}"
    return f'{words}{_behind(words, "or raise NotImplementedError and declare irreversible = ")}"<reason>"'


def _behind(code: str, words: str) -> str:
    """Return words as they stand behind code, of which several lines end with their line."""
    return words if code.endswith("\n") else f"; {words}"


def code_that_undoes(proposals: Proposals) -> str:
    """Return the code for all that needs none by hand."""
    written = [line for proposal in proposals.values() if not proposal.reason for line in proposal.operations]
    return written_out(blocks_first(written)) if written else ""


def _with_columns(key: ObjectKey, written: str, record: RevisionRecord) -> str:
    """Return the code that builds an index with what brings back its columns, where the downgrade does so, taken out of there."""
    added = [*_bringing_back(key, record)]
    if not added:
        return written
    lines = "".join(f"    {operation(with_column(one.sql))}\n" for one in added)
    gone = _lines(list(dict.fromkeys(one.line for one in added)))
    return f"{written.replace(_BLOCK, _BLOCK + lines, 1)}and leave out {gone}, which that does"


def _bringing_back(key: ObjectKey, record: RevisionRecord) -> Iterable[Statement]:
    """Yield what the downgrade sends to add a column of an index again."""
    wanted = _columns_of(key, record.before)
    known = record.upgrade.snapshot
    table = next((one.object for one in record.before.ancestors(key) if one.kind == "table"), "")
    for one in record.downgrade.statements if record.downgrade is not None else ():
        found = _ADDED.match(one.sql)
        if found is None or not one.line or one.file != record.revision.path:
            continue
        if unquoted(unqualified(found["table"])) != unquoted(unqualified(table)):
            continue
        name = unquoted(found["name"])
        is_back = known is None or known.value("column", f"{table}.{found['name']}") is None
        if name in wanted and is_back and one.sql.upper().count("ADD COLUMN") == 1:
            yield one


def _columns_of(key: ObjectKey, snapshot: Snapshot) -> set[str]:
    named = ObjectKey("index", f"{qualifier(key.object).rpartition('.')[0]}.{key.object.rpartition('.')[2]}")
    index = key if key.kind == "index" else named
    return {unquoted(one) for one in index_of(snapshot, index).expressions} if index in snapshot.shapes else set()
