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
from pgharness.report.printable import encodable
from pgharness.running import run_checks
from pgharness.trace.meeting import hazards_in
from pgharness.trace.telling import trace_in_lines


def trace_and_tell(
    config: Path | None, options: Mapping[str, object], named: Sequence[str], trace_format: TraceFormat
) -> None:
    """Run the chain that configuration and options name, and print what its revisions do. Raises CannotRun."""
    settings, _, _ = open_project(config, options)
    record = run_checks(settings).record
    wanted = {find_revision(record.chain, name).revision for name in named}
    told = [item for item in record.revisions if not wanted or item.revision.revision in wanted]
    sys.stdout.write(encodable(_told(told, trace_format), sys.stdout.encoding or "utf-8"))


def _told(items: Sequence[RevisionRecord], trace_format: TraceFormat) -> str:
    if trace_format is TraceFormat.HTML:
        return render_trace_page(items)
    if trace_format is TraceFormat.JSON:
        return json.dumps({"revisions": [_in_json(item) for item in items]}, indent=2, ensure_ascii=False) + "\n"
    return "\n".join(line for item in items for line in _in_lines(item)).strip() + "\n"


def _steps(item: RevisionRecord) -> Iterator[tuple[str, Step]]:
    """Yield the steps that were traced, by the name of what they ran."""
    for name, step in (("upgrade", item.upgrade), ("downgrade", item.downgrade)):
        if step is not None and step.trace is not None:
            yield name, step


def _in_lines(item: RevisionRecord) -> Iterator[str]:
    for name, step in _steps(item):
        first_line = step.failure.message.partition("\n")[0] if step.failure is not None else ""
        ended = f"  fails: {first_line}" if step.failure is not None else ""
        yield ""
        yield f"{item.revision.label} {name}(){ended}"
        assert step.trace is not None
        yield from (f"  {line}" for line in trace_in_lines(step.trace))


def _in_json(item: RevisionRecord) -> dict[str, object]:
    steps = {name: _trace_in_json(step.trace) for name, step in _steps(item) if step.trace is not None}
    return {"revision": item.revision.revision, "label": item.revision.label, **steps}


def _trace_in_json(trace: Trace) -> dict[str, object]:
    hazards = [{"id": one.hazard.id, "statement": one.place, "about": one.about} for one in hazards_in(trace)]
    return {**asdict(trace), "hazards": hazards}
