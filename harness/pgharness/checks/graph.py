"""The chain has one base and one head, and every revision does something."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pgharness.checks.check import Check, Compare
from pgharness.describing.histories import by_themselves
from pgharness.describing.models_of_today import OF_TODAY
from pgharness.findings import Finding, Harm, Note
from pgharness.records.chain_record import ChainRecord
from pgharness.records.revisions import Chain, Revision

NAME = "graph"
MOST_TOLD = 4
"""From so many revisions without a way back on, they may be told as one finding."""


def judge(record: ChainRecord, _compare: Compare) -> Iterator[Finding | Note]:
    """Judge the graph alone; that the tests run against env.py's own database was made sure of before the walk."""
    yield from _judge_ends(record.chain)
    for revision in record.chain.revisions:
        yield from _judge_body(revision)
    yield from _judge_ways_back(record.chain)


def _judge_ends(chain: Chain) -> Iterator[Finding | Note]:
    if chain.left_out:
        yield Note(NAME, None, f"not judged, for `heads` does not name them: {', '.join(chain.left_out)}")
    labels = {revision.revision: revision.label for revision in chain.revisions}
    for ends, word, code, consequence, mend in (
        (
            chain.heads,
            "heads",
            "PGH-G001",
            "`alembic upgrade head` refuses such a chain.",
            (
                f"join them: alembic merge -m 'merge heads' {' '.join(chain.heads)}; where they are meant to be several, say so: "
                f"heads = {json.dumps(chain.heads)} in [tool.pgharness]"
            ),
        ),
        (
            _first(chain),
            "bases",
            "PGH-G002",
            "Nothing says which of them comes first.",
            "; or ".join(filter(None, ["let all but one of them name its down_revision", by_themselves(chain)])),
        ),
    ):
        if len(ends) > 1 and not chain.chosen:
            yield Finding(
                check=NAME,
                revision=ends[-1],
                subject=f"{word} of the chain",
                message=f"Multiple {word}: {', '.join(labels[end] for end in ends)}. {consequence}",
                mend=mend,
                code=code,
            )
    if not chain.revisions:
        yield Finding(
            check=NAME,
            revision=None,
            subject="chain",
            message="The chain has no revisions.",
            mend="write one: alembic revision --autogenerate -m 'create tables'; where env.py chooses their folder, name it in alembic.ini: "
            "version_locations = %(here)s/versions/postgresql",
            code="PGH-G003",
        )


def _first(chain: Chain) -> tuple[str, ...]:
    """Return the bases of which nothing says what comes before them."""
    waiting = {revision.revision for revision in chain.revisions if revision.depends_on}
    return tuple(base for base in chain.bases if base not in waiting)


def _judge_body(revision: Revision) -> Iterator[Finding | Note]:
    if revision.create_all_line:
        yield Note(NAME, revision.revision, f"line {revision.create_all_line} {OF_TODAY}")
    if revision.is_idle_on_purpose:
        yield Note(NAME, revision.revision, "does nothing, up or down, as its docstring explains")
    elif not revision.is_merge and not revision.has_upgrade:
        yield Finding(
            check=NAME,
            revision=revision.revision,
            subject=f"revision {revision.label}",
            message="upgrade() is empty.",
            mend="write what it should do; where nothing is meant, say why in its docstring; where no database has it yet, "
            f"delete {revision.path} and correct the next down_revision",
            code="PGH-G004",
        )


def _judge_ways_back(chain: Chain) -> Iterator[Finding]:
    """Find revisions without downgrade(); where most have none, the project goes no way back, which is one thing to decide."""
    lacking = [_no_way_back(revision) for revision in chain.revisions if not revision.has_downgrade]
    if len(lacking) < MOST_TOLD or 2 * len(lacking) <= len(chain.revisions):
        yield from lacking
        return
    yield Finding(
        check=NAME,
        revision=None,
        subject="downgrades of the chain",
        message=f"{len(lacking)} of {len(chain.revisions)} revisions have no downgrade().",
        mend="write them, of the newest revisions first; where you never go back, accept that once, pgharness check --accept, or raise "
        'NotImplementedError in each and declare irreversible = "<reason>" beside it',
        evidence=", ".join(one.subject.partition(" ")[2] for one in lacking),
        instead_of=tuple(lacking),
        code="PGH-G005",
    )


def _no_way_back(revision: Revision) -> Finding:
    return Finding(
        check=NAME,
        revision=revision.revision,
        subject=f"revision {revision.label}",
        message="downgrade() is missing.",
        mend='write one; if there is no way back, raise NotImplementedError in it and declare irreversible = "<reason>"',
        code="PGH-G005",
    )


CHECK = Check(
    name=NAME,
    harm=Harm.DEPLOYMENT,
    claim="one head, one base, every revision has a body",
    reason="`alembic upgrade head` fails with two heads; an empty revision hides a forgotten change.",
    mend="merge the heads, write the body",
    judge=judge,
    needs_walk=False,
)
