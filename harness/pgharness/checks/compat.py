"""The release before still works on the new schema: its statements, their results, and the rows that it writes meanwhile."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pgharness.checks.check import Check, Compare
from pgharness.checks.contents import GIVEN_NUMBERS
from pgharness.describing.given_numbers import mend_given
from pgharness.describing.old_release import CODES, GONE, MENDS, REFUSED_WRITE, in_words, kind_of, subject_of
from pgharness.describing.untypical import is_untypical
from pgharness.describing.writer import insert_of
from pgharness.findings import Finding, Harm, Minor, Note
from pgharness.records.chain_record import ChainRecord
from pgharness.records.old_release import Broken, Hidden, OldReleaseRecord
from pgharness.records.steps import RevisionRecord

NAME = "compat"
DECLARE = 'where it runs only once no release before it does: after_deploy = "<why>" in the revision'
MOST_SHOWN = 4
AHEAD = (
    "known = {one.revision for one in context.script.walk_revisions()}; "
    "ahead = set(context.get_context().get_current_heads()) - known; "
    "if not ahead: context.run_migrations()"
)
# A CHECK that refuses nothing but values near the end of their types may refuse nothing that was ever written.
CHECK_VIOLATED = "23514"
UNIQUE_VIOLATED = "23505"
_ONE_KEY = re.compile(r"(?:PRIMARY KEY|UNIQUE) \(([^(),]+)\)")
_NAMED = re.compile(r"INSERT INTO [^(]+ (?:\(([^()]+)\)|DEFAULT VALUES)")
# Class 22 of the SQLSTATEs: a value is out of range, too long, of no valid form.
DATA_EXCEPTIONS = "22"


def judge(record: ChainRecord, _compare: Compare) -> Iterator[Finding | Note | Minor]:
    """Judge what became of the release before, one finding for each object and way in which it fails."""
    seen = record.old_release
    assert seen is not None
    types = {name.rpartition(".")[2]: name for item in record.revisions[-1:] for _, name in item.before.objects("type")}
    groups: defaultdict[tuple[str, str, str], list[Broken]] = defaultdict(list)
    for broken in seen.broken:
        if broken.session == "fresh" or _fails_for_ever(broken):
            subject = subject_of(broken, types)
            # A column of another type refuses some statements, and gives others something else: that is one thing.
            groups[broken.revision, subject, "" if subject.startswith("column ") else kind_of(broken)].append(broken)
    for (revision, subject, _), group in groups.items():
        if seen.is_sent(group[0].statement):
            yield (
                _only_unlikely(revision, subject, group)
                or _only_its_rows(record, revision, subject, group)
                or _told(record, revision, subject, group)
            )
    yield from _not_sent(seen, groups)
    yield from (_hidden(one, seen.role) for one in seen.hidden if seen.is_used(one.statement.name))
    yield from _failed(seen, record)
    yield from _refused_anyway(seen)
    yield from _stale_plans(seen)
    yield from _cannot_start(seen)
    yield from _begun(record, seen)
    if seen.had_no_rows and seen.failed_at is not None:
        yield Note(
            NAME,
            seen.failed_at,
            "it fails on whatever rows are made for it, so the release before was tried where no row stood before the revision",
        )
    for revision, name in seen.secured:
        yield Note(
            NAME,
            revision,
            f"row security comes to table {name}, and superusers do not meet it: app_role in [tool.pgharness] names the role to try",
        )


def tried(record: ChainRecord) -> frozenset[str]:
    """Return the revisions on which the release before was tried."""
    return frozenset(record.old_release.revisions if record.old_release is not None else ())


def lack(record: ChainRecord) -> str:
    """Return why the release before could not be tried; empty where it was."""
    seen = record.old_release
    if seen is None:
        return ""
    failed = record.record_of(seen.failed_at) if seen.failed_at is not None and not seen.revisions else None
    unmade = seen.unmade or (_why_untried(failed) if failed is not None else "")
    return f"the release before was not tried: {unmade}" if unmade else ""


def _why_untried(failed: RevisionRecord) -> str:
    """Return why it was tried on no revision, in words: it fails, or does so on rows that were made for it alone."""
    if failed.upgrade.failure is None and is_untypical(failed):
        return f"the code of {failed.revision.label} fails on values that were made by pgharness (PGH-U009); the setting `values` gives others"
    if failed.upgrade.failure is None:
        return f"{failed.revision.label} fails on rows, which `upgrade` tells"
    return f"{failed.revision.label} fails"


def _told(record: ChainRecord, revision: str, subject: str, group: Sequence[Broken]) -> Finding | Minor:
    """Return the finding; of numbers that a sequence gives twice only a minor one, where nobody has given the statement that meets them."""
    counted = _counted(record, revision, subject, group[0])
    found = _finding(revision, subject, group)
    item = record.record_of(revision)
    if counted:
        table = group[0].statement.name
        insert = insert_of(item, table) if item is not None else None
        mend = f"{mend_given(item, insert, table, counted)}; {DECLARE}"
        found = replace(found, mend=mend, line=insert.line if insert is not None else None)
    return Minor(GIVEN_NUMBERS, found) if counted and group[0].statement.is_made else found


def _finding(revision: str, subject: str, group: Sequence[Broken]) -> Finding:
    first = group[0]
    kind, column = kind_of(first), subject.rpartition(".")[2]
    verbs = ", ".join(dict.fromkeys(one.statement.act.partition(" ")[0] for one in group))
    mend = MENDS.get(
        kind, "let both releases work with it, and take away what only the release before needs in a later revision"
    )
    evidence = [f"statement: {one.statement.sql}" for one in group[:MOST_SHOWN]]
    if len(group) > MOST_SHOWN:
        evidence.append(f"and {len(group) - MOST_SHOWN} more")
    return Finding(
        NAME,
        revision,
        subject,
        f"The release before, which {verbs} there, {in_words(first)}."
        if first.statement.is_made
        else f"The release before {in_words(first)}.",
        f"{mend.format(name=first.statement.name, column=column)}; {DECLARE}",
        "\n".join(evidence),
        code=CODES.get(kind, REFUSED_WRITE),
        cause="The release before is refused where it reads or writes what is gone or has another name."
        if CODES.get(kind) == GONE
        else "",
    )


def _counted(record: ChainRecord, revision: str, subject: str, broken: Broken) -> str:
    """Return the column whose number a sequence gave twice, as an INSERT tells that does not name it; empty where it is another matter."""
    item = record.record_of(revision)
    snapshot = item.upgrade.snapshot if item is not None else None
    if snapshot is None:
        return ""
    constraint = subject.removeprefix("constraint ")
    only = _ONE_KEY.match(snapshot.value("constraint", constraint, "definition") or "")
    named = _NAMED.match(broken.statement.sql)
    if only is None or named is None or kind_of(broken) != UNIQUE_VIOLATED or only[1] in (named[1] or "").split(", "):
        return ""
    column = f"{constraint.rpartition('.')[0]}.{only[1]}"
    is_counted = snapshot.value("column", column, "identity") is not None
    return only[1] if is_counted or "nextval(" in (snapshot.value("column", column, "default") or "") else ""


def _only_unlikely(revision: str, subject: str, group: Sequence[Broken]) -> Note | None:
    """Return the note that it is where only large values meet a CHECK, or only an insert that names no columns does not work any more."""
    if all(one.statement.is_positional for one in group):
        return Note(
            NAME, revision, f"{subject}: an INSERT that names no columns {in_words(group[0])}: {group[0].statement.sql}"
        )
    if all(one.statement.is_extreme and kind_of(one) == CHECK_VIOLATED for one in group):
        return Note(NAME, revision, f"{subject} refuses what the release before may write: {group[0].statement.sql}")
    return None


def _only_its_rows(record: ChainRecord, revision: str, subject: str, group: Sequence[Broken]) -> Note | None:
    """Return the note that a value which was made up for the release before is that of a row which the revision has made.

    The rule was there before, and what a release takes for its keys is known to it alone; what a sequence gives is another matter.
    """
    item = record.record_of(revision)
    is_of_values = all(one.statement.is_made and kind_of(one) == UNIQUE_VIOLATED for one in group)
    if item is None or not is_of_values or _counted(record, revision, subject, group[0]):
        return None
    kind, _, name = subject.partition(" ")
    definition = item.before.value(kind, name, "definition")
    after = item.upgrade.snapshot
    if definition is None or after is None or definition != after.value(kind, name, "definition"):
        return None
    return Note(
        NAME,
        revision,
        f"{subject}: the revision makes a row with a value that the release before may write: {group[0].statement.sql}",
    )


def _not_sent(seen: OldReleaseRecord, groups: Mapping[tuple[str, str, str], Sequence[Broken]]) -> Iterator[Note]:
    """Tell of which objects the statements that were given need nothing, though a release might: that is as good as they are complete."""
    told = {(one.revision, _at_fault(one)) for one in seen.broken if seen.is_sent(one.statement)}
    spared: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for (revision, subject, _), group in groups.items():
        if not any(seen.is_sent(one.statement) or (revision, _at_fault(one)) in told for one in group):
            spared[revision][subject] = None
    for revision, subjects in spared.items():
        yield Note(
            NAME,
            revision,
            f"none of the {len(seen.given)} statements that were given is broken by what becomes of {', '.join(subjects)}; others that a "
            "release might send there would be: let the file have all that it sends",
        )


def _at_fault(broken: Broken) -> tuple[str, ...]:
    refusal = broken.after.refusal
    return (kind_of(broken), *((refusal.column, refusal.constraint, refusal.type_name) if refusal else ()))


def _refused_anyway(seen: OldReleaseRecord) -> Iterator[Finding | Note]:
    """Tell of statements that were given and do not work before the revisions either: of a value that fits nowhere, that is no matter of rows."""
    for one in seen.refused:
        refusal = one.after.refusal
        if refusal is not None and refusal.sqlstate.startswith(DATA_EXCEPTIONS):
            yield Finding(
                NAME,
                one.revision,
                one.statement.subject,
                f"The release before sends what the schema refuses, before the revision and after it: {refusal.message} "
                f"(SQLSTATE {refusal.sqlstate}).",
                "give the column a type that holds it: ALTER TABLE … ALTER COLUMN … TYPE bigint, or for a large table a new column beside it; "
                "where the release does not send it, take it out of the file of statements",
                f"statement: {one.statement.sql}",
                code="PGH-C007",
            )
    others = [
        one for one in seen.refused if one.after.refusal and not one.after.refusal.sqlstate.startswith(DATA_EXCEPTIONS)
    ]
    if others:
        names = ", ".join(dict.fromkeys(one.statement.name for one in others))
        yield Note(
            NAME,
            None,
            f"{len(others)} of the statements that were given were not tried, for they are refused before the revisions already, and after "
            f"them, {in_words(others[0]).removeprefix('is refused now: ')} first: {names}",
        )


def _hidden(one: Hidden, role: str) -> Finding:
    return Finding(
        NAME,
        one.revision,
        one.statement.subject,
        f"The release before reads {one.read} of {one.there} rows: its role {role} does not see the others.",
        f"CREATE POLICY … ON {one.statement.name} TO {role} USING (…) in the same revision; {DECLARE}",
        f"statement: {one.statement.sql}",
        code="PGH-C004",
    )


def _failed(seen: OldReleaseRecord, record: ChainRecord) -> Iterator[Finding]:
    """Tell a revision that runs in the walk, and not on what the release before wrote meanwhile."""
    item = record.record_of(seen.failed_at) if seen.failed_at is not None else None
    if item is None or seen.failure is None or item.upgrade.failure or item.upgrade_rows_failure or item.alone_failure:
        return
    if item.learned and seen.failure.may_come_of_values:
        return  # it passes on texts that were made for it alone, and the release before writes others here
    declare = f"; {DECLARE}" if item.revision.after_deploy is None else ""
    said = f"{seen.failure.error}{f' (SQLSTATE {seen.failure.sqlstate})' if seen.failure.sqlstate else ''}: {seen.failure.message.splitlines()[0]}"
    yield Finding(
        NAME,
        seen.failed_at,
        f"upgrade of {item.revision.label}",
        f"It fails on rows that the release before writes after the revisions before it: {said}.",
        f"mend such rows once more in the same revision, and let a default or a trigger keep the release before from writing others{declare}",
        f"statement: {seen.failure.statement}" if seen.failure.statement else "",
        line=seen.failure.line_in(item.revision.path),
        code="PGH-C005",
    )


def _fails_for_ever(broken: Broken) -> bool:
    """Whether what a session prepared is no statement of an ORM, which names its columns and comes back to it in a new transaction."""
    return not broken.statement.is_made and "*" in broken.statement.sql


def _stale_plans(seen: OldReleaseRecord) -> Iterator[Note]:
    stale: defaultdict[str, list[Broken]] = defaultdict(list)
    for one in seen.broken:
        if one.session == "prepared" and not _fails_for_ever(one) and seen.is_used(one.statement.name):
            stale[one.revision].append(one)
    for revision, found in stale.items():
        refusal = found[0].after.refusal
        said = f"SQLSTATE {refusal.sqlstate}: {refusal.message}" if refusal is not None else ""
        subjects = ", ".join(dict.fromkeys(one.statement.subject for one in found))
        yield Note(
            NAME,
            revision,
            f"sessions that prepared statements on {subjects} fail once each ({said}): restart the release before after it, or let its pool "
            "open new connections; one in autocommit mode fails for ever",
        )


def _begun(record: ChainRecord, seen: OldReleaseRecord) -> Iterator[Note]:
    """Tell which revisions are taken for those of the next deployment, where nobody says so."""
    labels = [item.label for item in record.chain.revisions if item.revision in seen.revisions]
    if labels and not seen.is_chosen and len(labels) + 1 < len(record.chain.revisions):
        yield Note(
            NAME,
            None,
            f"the release before was tried on {', '.join(labels)} alone, as if all others had been deployed: --since REVISION, the last one that is, "
            "or --previous GITREF tries it on all that come after",
        )


def _cannot_start(seen: OldReleaseRecord) -> Iterator[Note]:
    """Tell how the release before can be taken back to, where its own `alembic upgrade head` refuses the newer schema."""
    if seen.start_failure is not None:
        said = seen.start_failure.message.splitlines()[0]
        yield Note(
            NAME,
            None,
            f"taken back, the release before does not start if it runs `alembic upgrade head` first, for {seen.start_failure.error}: {said}. "
            "Let env.py leave a database alone that is ahead of it, before context.run_migrations(): "
            f"{AHEAD}",
        )


CHECK = Check(
    name=NAME,
    harm=Harm.SERVICE,
    claim="the release before works on: what it reads, inserts, updates and deletes comes to the same, and what it writes stops no later revision",
    reason="While a release is rolled out, and after it is taken back, the one before runs on the new schema.",
    mend="expand first, contract in a revision that runs when the release before is gone, and declare that: after_deploy",
    judge=judge,
    needs=frozenset({"old_release"}),
    of_what_comes=True,
    tried=tried,
    lack=lack,
)
