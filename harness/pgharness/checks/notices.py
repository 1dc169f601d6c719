"""What the server remarks while a revision runs betrays nothing: nothing else was kept, passed over, cut, or taken along."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace

from pgharness.catalog.facts import FactKey, ObjectKey
from pgharness.catalog.names import NAME as A_NAME
from pgharness.catalog.names import unqualified, unquoted
from pgharness.checks.check import Check, Compare
from pgharness.describing.contents import in_one_line
from pgharness.describing.remarks import leave_out, mend_cascade, mend_cut, mend_invalid, mend_kept, mend_local
from pgharness.findings import Finding, Harm
from pgharness.records.chain_record import ChainRecord
from pgharness.records.kept import KeptObject
from pgharness.records.statements import Statement
from pgharness.records.steps import Notice, RevisionRecord, Step

NAME = "notices"
DECLARE = 'where it is meant, declare allow = {"notices": "<reason>"} beside its code'
CUT, OUTSIDE, PLAIN = "42622", "25P01", "00000"
_NAME = rf"{A_NAME}(?:\.{A_NAME})*"
_DROPPED = re.compile(rf"\bDROP\s+(?:[A-Z]+\s+){{0,4}}?IF\s+EXISTS\s+({_NAME}(?:\s*,\s*{_NAME})*)", re.IGNORECASE)
_SET = re.compile(r"^\s*SET\b", re.IGNORECASE)
# A query may well call its columns what it likes.
_NAMES = re.compile(r"\s*(?:CREATE|ALTER|DROP|COMMENT)\b", re.IGNORECASE)
# What a function says, or a text holds, is no statement of the revision.
_QUOTED = re.compile(r"\$(\w*)\$.*?\$\1\$|'(?:[^']|'')*'|--[^\n]*", re.DOTALL)
_CASCADES = re.compile(r"\bDROP\b[^;]*?(?<!DELETE )(?<!UPDATE )\bCASCADE\b", re.IGNORECASE)


def judge(record: ChainRecord, _compare: Compare) -> Iterator[Finding]:
    """Judge what was remarked of each upgrade; what a downgrade forgets is seen in the catalog."""
    ever = {unquoted(unqualified(key.object)).partition("(")[0] for key in _ever(record)}
    for each in record.revisions:
        if each.upgrade.failure is None:
            yield from _judge_upgrade(each, ever)
    for kept in record.kept or ():
        item = record.record_of(kept.revision)
        assert item is not None
        is_invalid = item.before.facts.get(FactKey("index", kept.kept.object, "valid")) == "false"
        if kept.differences or is_invalid:
            yield _kept_other(item, kept, is_invalid=is_invalid)


def _ever(record: ChainRecord) -> Iterator[ObjectKey]:
    for item in record.revisions:
        yield from item.before.objects()
        if item.upgrade.snapshot is not None:
            yield from item.upgrade.snapshot.objects()


def _judge_upgrade(item: RevisionRecord, ever: set[str]) -> Iterator[Finding]:
    step = item.upgrade
    for notice in (one for one in step.notices if one.severity in {"NOTICE", "WARNING"}):
        statement = _statement(step, notice)
        if notice.sqlstate == CUT and statement is not None and _NAMES.match(statement.sql):
            yield _finding(
                item,
                "PGH-N005",
                f"upgrade of {item.revision.label}",
                "The server cuts a name that has more than 63 bytes: what looks for the whole name does not find it.",
                f"give it a shorter name, in models too{mend_cut(notice.message, item.revision.path)}; {DECLARE}",
                notice,
                statement,
            )
        elif notice.sqlstate == OUTSIDE and statement is not None and _SET.match(statement.sql):
            yield _finding(
                item,
                "PGH-N006",
                f"upgrade of {item.revision.label}",
                f"`{in_one_line(statement.sql)}` does nothing: no transaction is open there.",
                f"{mend_local(statement.sql, _line(item, statement))}; {DECLARE}",
                notice,
                statement,
            )
        elif notice.sqlstate == PLAIN and statement is not None:
            yield from _judge_dropped(item, notice, statement, ever)
    yield from _judge_cascade(item)


def _judge_dropped(item: RevisionRecord, notice: Notice, statement: Statement, ever: set[str]) -> Iterator[Finding]:
    """Judge a DROP … IF EXISTS that met nothing: of a name that nothing on the way ever had."""
    later = " ".join(one.sql for one in item.upgrade.statements)
    for names in _DROPPED.findall(_QUOTED.sub("", statement.sql)):
        for name in re.findall(_NAME, names):
            bare = unquoted(unqualified(name))
            is_mentioned = bare in notice.message and not re.search(
                rf"\b(?:CREATE|ADD)\b[^;]*\b{re.escape(bare)}\b", later, re.IGNORECASE
            )
            if is_mentioned and bare not in ever and bare.lower() not in ever:
                found = _finding(
                    item,
                    "PGH-N003",
                    f"upgrade of {item.revision.label}",
                    f"`{in_one_line(statement.sql)}` drops nothing: no revision of the chain makes {name}.",
                    f"correct the name; or {leave_out(statement.sql, _line(item, statement), item.revision.path)}; {DECLARE}",
                    notice,
                    statement,
                )
                yield replace(
                    found, cause="A DROP … IF EXISTS drops nothing: no revision of the chain makes what it names."
                )


def _judge_cascade(item: RevisionRecord) -> Iterator[Finding]:
    """Judge what CASCADE took, as one: what is gone, belongs to nothing that is gone too, and is named nowhere in the revision."""
    after, step = item.upgrade.snapshot, item.upgrade
    cascading = [one for one in step.statements if _CASCADES.search(one.sql)]
    if after is None or not cascading:
        return
    text = " ".join(one.sql for one in step.statements)
    gone = {key for key in item.before.objects() if (*key, "exists") not in after.facts}
    taken = list(_taken(item, gone, text))
    names = [f"{key.kind} {key.object}" for key in taken]
    if names:
        is_one = len(names) == 1
        yield _finding(
            item,
            "PGH-N004",
            names[0] if is_one else f"upgrade of {item.revision.label}",
            f"CASCADE drops {'it' if is_one else ', '.join(names)} too: `{in_one_line(cascading[0].sql)}` does not name {'it' if is_one else 'them'}, and "
            "nothing in the revision does.",
            f"{mend_cascade(taken, cascading[0].sql, _line(item, cascading[0]))}; {DECLARE}",
            None,
            cascading[0],
        )


def _taken(item: RevisionRecord, gone: Collection[ObjectKey], text: str) -> Iterator[ObjectKey]:
    for key in sorted(gone):
        above = list(item.before.ancestors(key))
        if any(one in gone or _is_named(one, text) for one in above) or _is_named(key, text) or key.kind == "index":
            continue
        yield key


def _is_named(key: ObjectKey, text: str) -> bool:
    bare = unquoted(unqualified(key.object.partition("(")[0]))
    return re.search(rf"(?<![\w$]){re.escape(bare)}(?![\w$])", text, re.IGNORECASE) is not None


def _kept_other(item: RevisionRecord, kept: KeptObject, *, is_invalid: bool) -> Finding:
    told = "\n".join(
        f"{one.key.kind} {one.key.object}, {one.key.property}: asked for {_value(one.asked)}, kept {_value(one.kept)}"
        for one in kept.differences
    )
    message = f"IF NOT EXISTS keeps what stands there, which is not what `{in_one_line(kept.statement.sql)}` asks for."
    code = "PGH-N001"
    line = _line(item, kept.statement)
    mend = f"{mend_kept(kept, line, item.revision.path)}; {DECLARE}"
    if is_invalid:
        code = "PGH-N002"
        message = "IF NOT EXISTS keeps an index that is invalid: a CREATE INDEX CONCURRENTLY failed before."
        mend = f"{mend_invalid(kept.kept.object, line, item.revision.path)}; {DECLARE}"
    return _finding(item, code, f"{kept.kept.kind} {kept.kept.object}", message, mend, None, kept.statement, told)


def _line(item: RevisionRecord, statement: Statement) -> int | None:
    return statement.line or None if statement.file == item.revision.path else None


def _value(value: str | None) -> str:
    return "nothing" if value is None else f"'{value}'"


def _statement(step: Step, notice: Notice) -> Statement | None:
    return step.statements[notice.statement] if 0 <= notice.statement < len(step.statements) else None


def _finding(  # noqa: PLR0917 - the parts of a finding, in their order
    item: RevisionRecord,
    code: str,
    subject: str,
    message: str,
    mend: str,
    notice: Notice | None,
    statement: Statement | None,
    evidence: str = "",
) -> Finding:
    remarked = f"{notice.severity} {notice.sqlstate}: {notice.message}" if notice is not None else ""
    line = _line(item, statement) if statement is not None else None
    return Finding(NAME, item.revision.revision, subject, message, mend, evidence or remarked, line or None, code=code)


CHECK = Check(
    name=NAME,
    harm=Harm.UPKEEP,
    claim="what the server remarks on the way up betrays nothing: no other object kept, nothing passed over, cut or taken along",
    reason="A NOTICE fails nothing and is read by nobody, and the database is not what the revision says.",
    mend="let the statement do what it says",
    judge=judge,
    uses=frozenset({"kept"}),
)
