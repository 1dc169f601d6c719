"""Compares the schemas of two databases fact by fact, and tells how to make the left one like the right one."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from pgharness.catalog.diff import difference
from pgharness.catalog.facts import Snapshot
from pgharness.catalog.ignore_rules import in_words
from pgharness.catalog.rereading import in_the_words_of
from pgharness.cli.exit_codes import FINDINGS, NO_FINDINGS
from pgharness.cli.formats import ListFormat
from pgharness.cli.reading import snapshot_of
from pgharness.databases import Databases
from pgharness.describing.comparing import Comparison, compare_in_words
from pgharness.describing.differences import ORDER
from pgharness.describing.proposals import in_words as proposal_in_words
from pgharness.findings import CannotRun
from pgharness.judging.rules import read_ignore_rules
from pgharness.servers import Connection, open_server
from pgharness.settings import load_settings


def compare_and_tell(left_url: str, right_url: str, list_format: ListFormat, config: Path | None) -> None:
    """Compare the schemas at two URLs by the ignore rules of a configuration, then exit by what was found. Raises CannotRun."""
    rules = read_ignore_rules(load_settings(config).ignore, datetime.now(tz=UTC).date())
    with ThreadPoolExecutor() as readers:
        left, right = readers.map(snapshot_of, (left_url, right_url))
    right = _in_the_words_of(left, right)
    found = compare_in_words(
        lambda one, other: rules.kept(difference(one, other)), left, right, names=("left", "right")
    )
    if list_format is ListFormat.JSON:
        print(json.dumps(_diff_document(found), indent=2, ensure_ascii=False))
    else:
        _tell_differences(found)
        for rule in rules.rules:
            if rules.is_expired(rule):
                print(f"ignore rule {in_words(rule)} expired on {rule.expires}: {rule.reason}", file=sys.stderr)
    sys.exit(FINDINGS if found.differences else NO_FINDINGS)


def _in_the_words_of(left: Snapshot, right: Snapshot) -> Snapshot:
    """Let a server of our own read definitions that are printed otherwise: on those that are compared nothing is made."""
    with contextlib.ExitStack() as stack:
        opened: list[Databases] = []

        @contextlib.contextmanager
        def empty_database() -> Iterator[Connection]:
            if not opened:
                server = stack.enter_context(open_server("embedded"))
                opened.append(stack.enter_context(Databases(server)))
            with opened[0].experiment("reread") as database, database.connect() as connection:
                yield connection

        try:
            return in_the_words_of(left, right, empty_database)
        except CannotRun:  # without one they are told as different
            return right


def _diff_document(found: Comparison) -> dict[str, object]:
    """Return what differs, fact by fact, once what is but called otherwise has its name on the right; and those renames."""
    fields = ("kind", "object", "property", "left", "right")
    return {
        "equal": not found.differences,
        "renames": [{"kind": one.new.kind, "left": one.old.object, "right": one.new.object} for one in found.renames],
        "differences": [{name: getattr(item, name) for name in fields} for item in found.remaining],
    }


def _tell_differences(found: Comparison) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for told in found.told:
        console.print(told.subject, style="bold", markup=False)
        console.print(f"  {told.message}", markup=False)
        for line in told.evidence.splitlines():
            console.print(f"    {line}", style="dim", markup=False)
        if told.kind != ORDER:
            console.print(f"  to make left like right: {proposal_in_words(told.key, found.proposals)}", markup=False)
    console.print(f"{len(found.differences)} facts differ" if found.differences else "equal", style="bold")
