"""What a relay reports on events that it has claimed. A relay that has lost its claim changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema.limits import EVENT_LAST_ERROR_LENGTH_MAX
from flowforge_schema.outbox.claimed import ClaimedEvent, proof
from flowforge_schema.outbox.failing import PARKED_UNTIL
from flowforge_schema.outbox.statements import read_statement

_MARK_PUBLISHED = read_statement("mark_published")
_MARK_FAILED = read_statement("mark_failed")
_RELEASE = read_statement("release")


async def mark_published(session: AsyncSession, events: Sequence[ClaimedEvent]) -> list[ClaimedEvent]:
    """Set `published_at` on what has been delivered, and give those whose claim was lost: somebody will send them again.

    A claim is lost when its lease ran out and another relay claimed the event; a lease that merely ran out is none.
    """
    if not events:
        return []
    result = await session.execute(_MARK_PUBLISHED, proof(events))
    marked = set(result.scalars())
    return [event for event in events if event.id not in marked]


async def mark_failed(
    session: AsyncSession,
    event: ClaimedEvent,
    error: BaseException | str,
    *,
    park: bool = False,
) -> bool:
    """Have the event tried again later as the policy of its claim says, or park it; False when the claim was lost, and nothing changed.

    Until it is delivered, released or discarded, the later events of its aggregate wait: send none of them, and give them
    back with `release_events`. `park` is for an error that no further attempt can mend. `error` is kept in `last_error`, cut
    to what the column holds; a database's own error may hold values of rows, so think before you pass one on.
    """
    parks = park or event.policy.parks(event.attempt)
    result = await session.execute(
        _MARK_FAILED,
        {
            **proof([event]),
            "delay": event.policy.delay_after(event.attempt),
            "parked_until": PARKED_UNTIL if parks else None,
            "error": _described(error),
        },
    )
    return result.first() is not None


async def release_events(session: AsyncSession, events: Sequence[ClaimedEvent]) -> None:
    """Return events that were claimed and not sent, at the end of a relay for instance; the claim is not counted."""
    if events:
        await session.execute(_RELEASE, proof(events))


def _described(error: BaseException | str) -> str:
    described = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    # PostgreSQL's text holds no NUL, and UTF-8 no lone surrogate.
    storable = described.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
    return storable[:EVENT_LAST_ERROR_LENGTH_MAX]
