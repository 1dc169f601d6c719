"""The schema is large enough for what production holds: no key is near its end, and no revision takes more locks than there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgharness.catalog.facts import Snapshot
from pgharness.checks.check import Check, Compare
from pgharness.findings import Finding, Harm, Note
from pgharness.profile import KeyPosition, Profile
from pgharness.records.chain_record import ChainRecord
from pgharness.records.trace import Trace
from pgharness.trace.fixes.another_column import fix_key

NAME = "sizes"
NEAR, WORTH_KNOWING = 0.8, 0.5
SOON_DAYS = 365


def judge(record: ChainRecord, _compare: Compare) -> Iterator[Finding | Note]:
    """Judge what production has come to by the schema at the heads, and each revision's locks by what production's server has."""
    assert record.sizes is not None
    profile = record.sizes.profile
    for key in profile.keys:
        yield from _judge_key(key, record.head) if _is_known(key) else [Note(NAME, None, _unread(key))]
    for item in record.revisions:
        for direction, step in (("upgrade", item.upgrade), ("downgrade", item.downgrade)):
            if step is not None and step.trace is not None and step.failure is None:
                yield from _judge_locks(item.revision.revision, direction, step.trace, profile)


def _is_known(key: KeyPosition) -> bool:
    """Whether the profile's role was allowed to read how far the key has come."""
    return key.is_readable or key.last is not None


def _unread(key: KeyPosition) -> str:
    return f"how far the key {key.column} has come is not known, for the profile's role may not read it: {_grant([key.sequence])}"


def _grant(sequences: Sequence[str]) -> str:
    return f"GRANT SELECT, USAGE ON SEQUENCE {', '.join(sequences)} TO <role that reads the profile>"


def _lack(record: ChainRecord) -> str:
    """Return what the profile does not tell of production: keys that its role may not read, and settings; empty where it tells all."""
    if record.sizes is None:
        return ""
    told = "; ".join(_unknown(record.sizes.profile))
    return f"{told}; then take the profile anew" if told else ""


def _unknown(profile: Profile) -> Iterator[str]:
    if unread := [key for key in profile.keys if not _is_known(key)]:
        grant = _grant(list(dict.fromkeys(key.sequence for key in unread)))
        yield f"how far {', '.join(key.column for key in unread)} has come may not be read: {grant}"
    if room_for_locks(profile) is None:
        yield "the profile has not got max_locks_per_transaction and max_connections"


def _judge_key(key: KeyPosition, head: Snapshot | None) -> Iterator[Finding | Note]:
    """Tell of a key that is near its end; where the chain's head has a wider one, or none, that is on its way to be mended."""
    days = key.days_left
    is_soon = days is not None and days < SOON_DAYS
    if key.used < WORTH_KNOWING and not is_soon:
        return
    ends = f"at {_per_cent(key.used)} of {key.end:,}, where {key.limited_by} ends" + _in_days(key)
    if _is_mended(key, head):
        yield Note(
            NAME, None, f"the key {key.column} is {ends}; the chain's head no longer has that limit: deploy it in time"
        )
    elif key.used < NEAR and not is_soon:
        yield Note(NAME, None, f"the key {key.column} is {ends}")
    else:
        yield Finding(
            NAME,
            None,
            f"column {key.limited_by}" if not key.limited_by.startswith("sequence ") else key.limited_by,
            f"The key {key.column} is {ends}: every INSERT fails then (SQLSTATE 22003 or 2200H).",
            _mend(key),
            f"last value of {key.sequence}: {key.last:,}",
            code="PGH-Z001",
        )


def _mend(key: KeyPosition) -> str:
    if key.limited_by.startswith("sequence "):
        return f'op.execute("ALTER SEQUENCE {key.sequence} AS bigint NO MAXVALUE")'
    table, _, column = key.limited_by.rpartition(".")
    return (
        f"{fix_key(table, column)}; then build its keys on it concurrently, lead over what refers to it, and change the two names in one "
        "transaction; a change of type in place writes the table anew while nobody can read it"
    )


def _is_mended(key: KeyPosition, head: Snapshot | None) -> bool:
    if head is None or key.limited_by.startswith("sequence "):
        return False
    now = head.value("column", key.limited_by, "type")
    table = key.limited_by.rpartition(".")[0]
    return now == "bigint" or (now is None and head.value("table", table) is None)


def _in_days(key: KeyPosition) -> str:
    if key.days_left is None or key.per_day is None:
        return ""
    return f", in about {key.days_left:,.0f} days at {key.per_day:,.0f} a day"


def _per_cent(used: float) -> str:
    return f"{used * 100:.0f} %"


def _judge_locks(revision: str, direction: str, trace: Trace, profile: Profile) -> Iterator[Finding]:
    """Tell of a transaction that needs more locks at once than the server has room for (manual, max_locks_per_transaction)."""
    room = room_for_locks(profile)
    taken = max((sum(_locks_on(lock.relation, profile) for lock in one.locks) for one in trace.statements), default=0)
    if room is not None and taken > room:
        yield Finding(
            NAME,
            revision,
            "setting max_locks_per_transaction",
            f"{direction}() holds {taken:,} locks at once with production's partitions and indexes, and there is room for {room:,}: it fails "
            "with SQLSTATE 53200 (out of shared memory), and so may whatever else runs.",
            "do it partition by partition, each in a transaction of its own; or raise max_locks_per_transaction, which takes a restart",
            code="PGH-Z002",
        )


def room_for_locks(profile: Profile) -> int | None:
    """Return how many locks production's server has room for; None where its settings are not known."""
    each, sessions, prepared = (
        profile.number(name) for name in ("max_locks_per_transaction", "max_connections", "max_prepared_transactions")
    )
    return each * (sessions + (prepared or 0)) if each is not None and sessions is not None else None


def _locks_on(relation: str, profile: Profile) -> int:
    """Return how many locks stand for one on this relation: of a partitioned table those on its partitions and their indexes too."""
    leaves = tuple(profile.below(relation))
    return 1 + len(leaves) + sum(len(profile.indexes_of(one.name)) for one in leaves)


CHECK = Check(
    name=NAME,
    harm=Harm.SERVICE,
    claim="production's keys have room left, and its server has room for each revision's locks",
    reason="A key that has come to its end stops every INSERT; a revision that runs out of locks takes others with it.",
    mend="widen the key in time, and take fewer locks at once",
    judge=judge,
    needs=frozenset({"sizes"}),
    uses=frozenset({"trace", "roundtrips"}),
    opt_in=True,
    lack=_lack,
    skip_reason="no profile: pgharness profile postgresql://… > production.json, and --profile production.json",
)
