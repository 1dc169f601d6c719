"""Every revision runs, on tables that hold rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from pgharness.catalog.index_shapes import read_foreign_keys
from pgharness.checks.check import Check, Compare
from pgharness.checks.deployment import judge_deployment
from pgharness.checks.moments import judge_moments
from pgharness.describing.advice import advice
from pgharness.describing.caught import caught, caught_in_words, is_of_rows, left_out_in_words, mend_caught
from pgharness.describing.corrections import corrected
from pgharness.describing.differences import failure_evidence, failure_in_words
from pgharness.describing.histories import mend_taken
from pgharness.describing.lost_version_table import MEND as TAKE_BACK
from pgharness.describing.lost_version_table import in_words as still_in_force
from pgharness.describing.lost_version_table import setting_that_hides
from pgharness.describing.models_of_today import mend_of_models, models_in_words
from pgharness.describing.nobody_made import mend_missing
from pgharness.describing.rows_at_fault import mend_rows, passing_in_words, where_in_words
from pgharness.describing.untypical import is_untypical, mend_untypical, untypical_in_words
from pgharness.findings import Finding, Harm, Minor, Note
from pgharness.records.chain_record import ChainRecord
from pgharness.records.steps import Failure, RevisionRecord

NAME = "upgrade"
UNTYPICAL_TEXTS = "untypical texts"
"""What the setting `strict` calls values of ours on which the code of a revision fails, as it may on none of production's."""
# Types whose texts look like no other's: a column of texts may well hold something else too.
OF_THEIR_OWN_FORM = frozenset(
    {"smallint", "integer", "bigint", "numeric", "real", "double precision", "boolean", "uuid", "inet", "date"}
)

_RAISES = ("raise ", "assert ", "sys.exit(", "exit(")
# What is told of a statement or a line by itself: no revision before it could have made it pass.
_OWN_SQLSTATES = frozenset({"25001", "42601", "55P04"})  # in a transaction, syntax, a new label in use
_OWN_ERRORS = frozenset({"ImportError", "IndentationError", "ModuleNotFoundError", "NameError", "SyntaxError"})
_OWN_UNLESS_OF_NONE = frozenset({"AttributeError", "TypeError"})  # of None, where a query found no row


def judge(record: ChainRecord, compare: Compare) -> Iterator[Finding | Note | Minor]:
    """Judge each upgrade, on rows and without, then the chain as env.py deploys it; say which revisions were not tried."""
    if given := [item.revision.label for item in record.revisions if item.is_given]:
        before = f" and {len(given) - 1} before it" if given[1:] else ""
        yield Note(NAME, None, f"the baseline has {given[-1]}{before} already, so that nothing of these was tried")
    for item in record.revisions:
        yield from _judge_revision(record, item)
    yield from _unfilled(record)
    yield from _judge_unjudged(record)
    yield from judge_deployment(record, compare)
    yield from judge_moments(record)


def _unfilled(record: ChainRecord) -> Iterator[Note]:
    """Say which tables had no rows, each once, at the first revision that met it so."""
    met = [(without, item.revision.revision) for item in record.revisions for without in item.unfilled]
    times = Counter(without for without, _ in met)
    firsts: dict[tuple[str, str], str] = {}
    for without, revision in met:
        firsts.setdefault(without, revision)
    for (table, reason), revision in firsts.items():
        others = times[table, reason] - 1
        more = f"; so it is in {others} more revision{'' if others == 1 else 's'}" if others else ""
        yield Note(NAME, revision, f"{table} had no rows: {reason}{more}")


def _judge_unjudged(record: ChainRecord) -> Iterator[Finding | Note | Minor]:
    """Say which revisions fail behind one that does, so that nothing is known of them, and which could not be reached at all."""
    labels = {item.revision: item.label for item in record.chain.revisions}
    failing = [item for item in record.revisions if item.upgrade.failure is not None and not _is_known(item)]
    for behind in dict.fromkeys(item.behind or "" for item in failing):
        names = ", ".join(item.revision.label for item in failing if item.behind == behind)
        yield Note(NAME, behind, f"passed over, behind which nothing is known of what fails too: {names}")
    missing = [item.label for item in record.chain.revisions[len(record.revisions) :]]
    if not missing:
        return
    before = record.chain.revisions[len(record.revisions) - 1]
    if any(item.upgrade.failure is not None for item in record.revisions):
        yield Note(
            NAME,
            before.revision,
            f"nothing is known of what stands behind it, and could not be reached: {', '.join(missing)}",
        )
    else:
        yield Finding(
            check=NAME,
            revision=before.revision,
            subject=f"upgrade of {labels[before.revision]}",
            message=f"The chain up to it passed once, and does not pass again, so nothing is known of {', '.join(missing)}.",
            mend="let revisions do the same each time: nothing that depends on the clock, on chance, or on what is outside of the database",
            code="PGH-U004",
        )


def _refuses(record: RevisionRecord, failure: Failure) -> bool:
    """Whether the author refuses rows; those which the revision's own schema would refuse, by whatever it raises itself."""
    raises = failure.sqlstate is None and bool(failure.frames) and failure.frames[-1].code.startswith(_RAISES)
    return failure.refused or (bool(record.refused_rows) and raises)


def _is_known(record: RevisionRecord) -> bool:
    """Whether a failure is the revision's own, and does not come of what one that was passed over has not made."""
    failure = record.upgrade.failure
    if record.behind is None or failure is None or failure.sqlstate in _OWN_SQLSTATES:
        return True
    if failure.sqlstate is not None:
        return False
    is_of_none = "NoneType" in failure.message
    return failure.error in _OWN_ERRORS or (failure.error in _OWN_UNLESS_OF_NONE and not is_of_none)


def _judge_revision(whole: ChainRecord, record: RevisionRecord) -> Iterator[Finding | Note | Minor]:
    """Tell what an upgrade came to, the gravest alone, then on which rows, and what it hides."""
    failure, on_rows = record.upgrade.failure, record.upgrade_rows_failure
    if failure is not None and _is_known(record):
        yield _fails(whole, record, failure)
    elif on_rows is not None:
        yield _fails_on_rows(whole, record, on_rows)
    elif record.alone_failure is not None:
        yield _fails_alone(record, record.alone_failure)
    elif record.walk_failure is not None:
        yield Note(
            NAME,
            record.revision.revision,
            "upgrade() passes as env.py deploys it, and fails where pgharness runs it one by one, so neither rows nor its downgrade "
            f"were tried: {failure_in_words(record.walk_failure)}",
        )
    yield from _rows_made_for(record)
    yield from _caught(record)


def _fails(whole: ChainRecord, record: RevisionRecord, failure: Failure) -> Finding:
    """Tell of an upgrade that fails every way."""
    hiding = setting_that_hides(record.upgrade, whole.version_table)
    still = still_in_force(hiding) if hiding else ""
    message = f"It fails: {still}{failure_in_words(failure)}{caught_in_words(failure)}{models_in_words(failure)}"
    mend = TAKE_BACK if hiding else mend_caught(failure, _mend_failing(whole, record, failure))
    return _finding("PGH-U001", record, failure, message, mend)


def _fails_on_rows(whole: ChainRecord, record: RevisionRecord, failure: Failure) -> Finding | Note | Minor:
    """Tell of an upgrade that passes on some rows, or on none, and fails on others."""
    if _refuses(record, failure):
        return Note(
            NAME,
            record.revision.revision,
            f"upgrade() refuses rows that were made for it, so what it does to others was not tried: {failure.message}; "
            "the setting `values` makes rows that it takes",
        )
    if is_untypical(record):
        return _untypical(record, failure)
    message = (
        f"upgrade() passes {passing_in_words(record.population)} but fails {where_in_words(failure, record.before)}: "
        f"{failure_in_words(failure)}{caught_in_words(failure)}"
    )
    mend = mend_rows(
        failure,
        record.revision.path,
        read_foreign_keys(record.before),
        record.before,
        record.given_values,
        after=record.upgrade.snapshot,
        sent=record.upgrade.statements,
    )
    found = _finding("PGH-U002", record, failure, message, mend)
    rows = () if whole.redacts else record.refused_rows
    return replace(found, evidence="\n".join((*rows, found.evidence)))


def _fails_alone(record: RevisionRecord, failure: Failure) -> Finding:
    """Tell of an upgrade that passes only in one run with those before it."""
    path = record.revision.path
    message = (
        "upgrade() passes in one run with the revisions before it, but fails in a new process, as where those were "
        f"deployed earlier: {failure_in_words(failure)}"
    )
    advised = advice(failure, f"make upgrade() in {path} independent of what another revision left in memory")
    mend = corrected(failure, path, record.before, advised, record.upgrade.statements)
    return _finding("PGH-U003", record, failure, message, mend)


def _finding(code: str, record: RevisionRecord, failure: Failure, message: str, mend: str) -> Finding:
    """Return what an upgrade fails of."""
    return Finding(
        check=NAME,
        revision=record.revision.revision,
        subject=f"upgrade of {record.revision.label}",
        message=message,
        mend=mend,
        evidence=failure_evidence(failure),
        line=failure.line_in(record.revision.path),
        code=code,
    )


def _caught(record: RevisionRecord) -> Iterator[Finding | Note]:
    """Tell of statements whose failure is caught: where rows are the cause, one database has what another one lacks."""
    for one in caught(record):
        told = left_out_in_words(one)
        if is_of_rows(one):
            yield Finding(
                NAME,
                record.revision.revision,
                f"upgrade of {record.revision.label}",
                f"{told}, where rows are such.",
                "let it fail instead of catching it, and clean the rows in the revision before",
                f"statement: {one.sql.strip()}",
                one.line or None,
                code="PGH-U010",
            )
        else:
            yield Note(NAME, record.revision.revision, told)


def _untypical(record: RevisionRecord, failure: Failure) -> Minor:
    """Return that it was tried on no rows: what production holds is known to its people alone."""
    message, mend = untypical_in_words(record), mend_untypical(record)
    found = _finding("PGH-U009", record, failure, message, mend)
    return Minor(UNTYPICAL_TEXTS, found, f"{message}; {mend}")


def tried(record: ChainRecord) -> frozenset[str]:
    """Return the revisions of which something is known on rows; those that fail on what was made for them alone were tried on none."""
    return frozenset(one.revision.revision for one in record.revisions if not is_untypical(one))


def _rows_made_for(record: RevisionRecord) -> Iterator[Note]:
    """Say on which rows it passes that production may lack, and where it met none."""
    revision = record.revision
    if record.literals_failure is not None:
        yield Note(
            NAME,
            revision.revision,
            "passes, but not on rows that have what it compares or writes, whose other values were made by pgharness and may be untypical: "
            f"{failure_in_words(record.literals_failure)}; the setting `values` says what their columns hold",
        )
    for table, column, read_as in record.read_as:
        if read_as in OF_THEIR_OWN_FORM:
            yield Note(
                NAME,
                revision.revision,
                f"passes on texts in {table}.{column} that can be read as {read_as}, which were made for it; production may hold others: "
                f"SELECT count(*) FROM {table} WHERE NOT pg_input_is_valid({column}, '{read_as}')",
            )
    for table, column in record.learned:
        if not any((table, column) == one[:2] for one in record.read_as):
            yield Note(
                NAME,
                revision.revision,
                f"passes on texts in {table}.{column} that were made for it, since it fails on others; production may hold others too",
            )


def _mend_failing(whole: ChainRecord, record: RevisionRecord, failure: Failure) -> str:
    advised = advice(failure, f"correct upgrade() in {record.revision.path}{_set_up(failure)}")
    advised = corrected(failure, record.revision.path, record.before, advised, record.upgrade.statements)
    advised = mend_of_models(whole, record.revision, failure, mend_missing(whole, record, advised))
    return mend_taken(whole.chain, failure, advised)


def _set_up(failure: Failure) -> str:
    """Return what to do where the program that runs the chain sets up first what a revision asks for."""
    if failure.sqlstate or not failure.raised_by:
        return ""
    return (
        f"; or, where the program that runs the chain sets up first what {failure.raised_by} asks for, let a function of yours do so: "
        'make_config = "module:function" in [tool.pgharness]'
    )


CHECK = Check(
    name=NAME,
    harm=Harm.DEPLOYMENT,
    claim="every revision runs, on rows, one at a time and as env.py deploys the chain, and what it did is committed",
    reason="A chain that is tested on empty tables fails in production: NOT NULL without a default, a cast, a duplicate.",
    mend="correct the revision; its statement and SQLSTATE are in the evidence",
    judge=judge,
    compares=True,
    tried=tried,
    tells_untried=True,
)
