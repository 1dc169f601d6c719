"""Whether a node of a cluster is one that a process can serve from: the coordinator, with events that are committed as their runs are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema.placement.forms import FORMS
from flowforge_schema.placement.two_phase import FUNCTION

# Only shards of runs make the anchor necessary. `prosrc` is what stands between the dollar signs.
_NODE = text("""
SELECT
    (SELECT groupid FROM pg_catalog.pg_dist_local_group) AS group_of_node,
    EXISTS (
        SELECT FROM pg_catalog.pg_dist_partition WHERE (logicalrelid = to_regclass('workflow_runs')) AND (partmethod = 'h')
    ) AS is_distributed,
    EXISTS (
        SELECT FROM pg_catalog.pg_trigger AS anchor
        JOIN pg_catalog.pg_proc AS function ON function.oid = anchor.tgfoid
        JOIN pg_catalog.pg_dist_partition AS known ON known.logicalrelid = to_regclass('two_phase_anchor')
        WHERE (anchor.tgrelid = to_regclass('outbox_events')) AND (anchor.tgenabled = 'O') AND (function.prosrc = :source)
    ) AS has_anchor
""").bindparams(source=FORMS[FUNCTION].split("$function$")[1])


@dataclass(frozen=True, slots=True)
class NodeFault:
    """Why a process cannot serve from this node: a code for programs, and words."""

    code: str
    reason: str


WORKER: Final = NodeFault(
    "not_the_coordinator", "this is a worker of the cluster; name its coordinator in FLOWFORGE_DB_URL"
)
NO_ANCHOR: Final = NodeFault(
    "two_phase_missing", "a run and its event would not be committed together: run flowforge-schema distribute"
)


async def fault_of_node(session: AsyncSession) -> NodeFault | None:
    """Return why not; None where it is the coordinator, and nothing is distributed or the anchor is there."""
    node = (await session.execute(_NODE)).one()
    return judge_node(node.group_of_node, is_distributed=node.is_distributed, has_anchor=node.has_anchor)


def judge_node(group: int, *, is_distributed: bool, has_anchor: bool) -> NodeFault | None:
    """Return what is wrong, by what was read."""
    if group != 0:
        return WORKER
    return NO_ANCHOR if is_distributed and not has_anchor else None
