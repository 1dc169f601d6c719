"""An event that Python cannot read stops none but the later ones of its own aggregate."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy import text

from flowforge_schema.outbox import UnreadableJson, discard_parked, parked_events, release_parked
from tests.schema.outbox.outboxes import Outbox

DOCUMENTS = {
    "nested deep": "CAST(repeat('{\"a\":', 1200) || '1' || repeat('}', 1200) AS jsonb)",
    "of many digits": "CAST('{\"a\":' || repeat('9', 5000) || '}' AS jsonb)",
}


async def spoil(outbox: Outbox, event_id: int, *, document: str, column: str = "payload") -> None:
    """Do what SQL alone can: store a document that Python cannot read."""
    async with outbox.sessions.begin() as session:
        await session.execute(text(f"UPDATE outbox_events SET {column} = {document} WHERE id = :id"), {"id": event_id})


@pytest.mark.parametrize(
    ("document", "column"), [("nested deep", "payload"), ("of many digits", "payload"), ("of many digits", "headers")]
)
async def test_an_event_that_cannot_be_read_is_parked_and_the_others_go_out(
    outbox: Outbox, document: str, column: str
) -> None:
    first, spoiled, last = await outbox.write("a", "b", "c")
    await spoil(outbox, spoiled, document=DOCUMENTS[document], column=column)

    assert await outbox.claimed_ids() == [first, last]
    async with outbox.sessions() as session:
        (parked,) = await parked_events(session)
    assert (parked.id, parked.attempts) == (spoiled, 1)
    assert f"its {column} cannot be read as JSON" in (parked.last_error or "")


async def test_later_events_of_the_aggregate_wait_behind_one_that_cannot_be_read(outbox: Outbox) -> None:
    spoiled, behind, other = await outbox.write("a", "a", "b")
    await spoil(outbox, spoiled, document=DOCUMENTS["nested deep"])

    assert await outbox.claimed_ids() == [other]
    assert await outbox.claimed_ids() == []
    async with outbox.sessions.begin() as session:
        await discard_parked(session, [spoiled])
    assert [(event.id, event.attempt) for event in await outbox.claim()] == [(behind, 1)]


async def test_a_claim_looks_further_when_all_that_it_found_cannot_be_read(outbox: Outbox) -> None:
    *spoiled, readable = await outbox.write("a", "b", "c")
    for event_id in spoiled:
        await spoil(outbox, event_id, document=DOCUMENTS["nested deep"])

    assert await outbox.claimed_ids(limit=1) == [readable]


async def test_an_event_that_cannot_be_read_is_logged_by_its_id_and_without_a_value(
    outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    (spoiled,) = await outbox.write("a")
    await spoil(outbox, spoiled, document=DOCUMENTS["of many digits"])
    with caplog.at_level(logging.ERROR, logger="flowforge_schema"):
        await outbox.claim()

    assert f"event {spoiled} is parked: its payload cannot be read" in caplog.text
    assert "999" not in caplog.text


async def test_a_parked_event_that_cannot_be_read_is_discarded_as_the_text_that_it_is(outbox: Outbox) -> None:
    (spoiled,) = await outbox.write("a")
    await spoil(outbox, spoiled, document=DOCUMENTS["of many digits"])
    await outbox.claim()
    async with outbox.sessions.begin() as session:
        (discarded,) = await discard_parked(session, [spoiled])

    assert isinstance(discarded.payload, UnreadableJson)
    assert discarded.payload == '{"a": ' + 5000 * "9" + "}"


async def test_a_parked_event_goes_out_once_its_document_has_been_mended(outbox: Outbox) -> None:
    (spoiled,) = await outbox.write("a")
    await spoil(outbox, spoiled, document=DOCUMENTS["nested deep"])
    await outbox.claim()
    await spoil(outbox, spoiled, document="CAST('{}' AS jsonb)")
    async with outbox.sessions.begin() as session:
        await release_parked(session, [spoiled])

    assert await outbox.claimed_ids() == [spoiled]
