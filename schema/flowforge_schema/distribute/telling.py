"""A plan in words: what is typed, and how long others wait."""

from __future__ import annotations

from collections.abc import Iterator

from flowforge_schema.placement import Plan


def tell_plan(plan: Plan) -> Iterator[str]:
    """Yield the lines of an SQL script that does what the plan says."""
    if plan.is_empty:
        yield "-- Nothing to do."
        return
    yield f"-- Those who write to these tables wait for about {plan.blocking_s:.1f} s, until COMMIT; reading goes on."
    if plan.together:
        yield "BEGIN;"
        yield from (f"{statement.strip()};" for statement in plan.together)
        yield "COMMIT;"
    if plan.afterwards:
        yield "-- Afterwards, each by itself."
        yield from (f"{statement};" for statement in plan.afterwards)
