"""Runs the chain and tells its trace, statement by statement."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from pgharness.chain.course import find_revision
from pgharness.cli.formats import TraceFormat
from pgharness.cli.project_folder import open_project
from pgharness.records.steps import RevisionRecord, Step
from pgharness.records.trace import Trace
from pgharness.report.page import render_trace_page
from pgharness.running import Advance, Plan, run_checks
from pgharness.trace.between import met_between
from pgharness.trace.meeting import Met, hazards_in
from pgharness.trace.telling import trace_in_lines


def trace_and_tell(
    config: Path | None, options: Mapping[str, object], named: Sequence[str], trace_format: TraceFormat
) -> None:
    """Run the chain that configuration and options name, and print what its revisions do. Raises CannotRun."""
    settings, _, _ = open_project(config, options)
    wanted: set[str] = set()

    def begin(plan: Plan) -> Advance:
        """Find the revisions before the chain is run."""
        wanted.update(find_revision(plan.project.chain, name).revision for name in named)
        return lambda _label: None

    record = run_checks(settings, begin).record
    told = [item for item in record.revisions if not wanted or item.revision.revision in wanted]
    between = met_between(record.revisions, record.deployment)
    sys.stdout.write(_told(told, between, trace_format))


def _told(items: Sequence[RevisionRecord], between: Mapping[str, Met], trace_format: TraceFormat) -> str:
    if trace_format is TraceFormat.HTML:
        return render_trace_page(items, between)
    if trace_format is TraceFormat.JSON:
        revisions = [_in_json(item, between) for item in items]
        return json.dumps({"revisions": revisions}, indent=2, ensure_ascii=False) + "\n"
    return "\n".join(line for item in items for line in _in_lines(item, between)).strip() + "\n"


def _steps(item: RevisionRecord, between: Mapping[str, Met]) -> Iterator[tuple[str, Step, list[Met]]]:
    """Yield the steps that were traced, by the name of what they ran, each with what it meets of an earlier revision."""
    met = [between[item.revision.revision]] if item.revision.revision in between else []
    for name, step, besides in (("upgrade", item.upgrade, met), ("downgrade", item.downgrade, [])):
        if step is not None and step.trace is not None:
            yield name, step, besides


def _in_lines(item: RevisionRecord, between: Mapping[str, Met]) -> Iterator[str]:
    for name, step, besides in _steps(item, between):
        first_line = step.failure.message.partition("\n")[0] if step.failure is not None else ""
        ended = f"  fails: {first_line}" if step.failure is not None else ""
        yield ""
        yield f"{item.revision.label} {name}(){ended}"
        assert step.trace is not None
        yield from (f"  {line}" for line in trace_in_lines(step.trace, besides))


def _in_json(item: RevisionRecord, between: Mapping[str, Met]) -> dict[str, object]:
    traced = _steps(item, between)
    steps = {name: _trace_in_json(step.trace, besides) for name, step, besides in traced if step.trace is not None}
    return {"revision": item.revision.revision, "label": item.revision.label, **steps}


def _trace_in_json(trace: Trace, besides: Sequence[Met]) -> dict[str, object]:
    met = [*besides, *hazards_in(trace)]
    hazards = [
        {"id": one.hazard.id, "code": one.hazard.code, "statement": one.place, "about": one.about} for one in met
    ]
    return {**asdict(trace), "hazards": hazards}
