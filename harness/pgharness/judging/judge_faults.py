"""Lets a check that is not pgharness's own judge: what goes wrong there is told as a finding of that check, with the place."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import traceback
from dataclasses import fields
from pathlib import Path

from pgharness.checks.check import Check, Compare
from pgharness.findings import Finding, Note
from pgharness.judging.weighing import Said
from pgharness.records.chain_record import ChainRecord
from pgharness.records.revisions import Chain

# How the names of files begin that are ours, or Python's own for importing; a neighbour may be called pgharness_comments.
_NOT_FOREIGN = ("<", f"{Path(__file__).parents[1]}{os.sep}", f"{Path(importlib.__file__).parent}{os.sep}")


class Misjudged(Exception):  # noqa: N818 - the check's fault, told as a finding
    """A judge said what cannot be told."""


def judge_guarded(check: Check, record: ChainRecord, compare: Compare) -> tuple[Said, str]:
    """Return what a judge says, and an empty text; or where it raises, the one finding about that, and the reason in short."""
    try:
        with contextlib.redirect_stdout(sys.stderr):  # standard output may be the report
            said = tuple(check.judge(record, compare))
        for item in said:
            _require_sayable(check, record.chain, item)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - it is anybody's code; with sys.exit(0) the whole run would pass
        return (_finding(check, error),), f"its judge raised {type(error).__name__}"
    return said, ""


def in_one_line(error: BaseException) -> str:
    """Return an error's class and text, with the line that raised it where that is not ours."""
    text = " ".join(_text(error).split())
    place = _place(error)
    return f"{type(error).__name__}{f': {text}' if text else ''}{f' ({place})' if place else ''}"


def _require_sayable(check: Check, chain: Chain, item: object) -> None:
    if not isinstance(item, Finding | Note):
        raise Misjudged(f"it yields a {type(item).__name__}, {item!r}, which is neither a Finding nor a Note")
    if item.check != check.name:
        raise Misjudged(f"it yields a {type(item).__name__} of the check {item.check!r} instead of its own")
    known = {revision.revision for revision in chain.revisions}
    if item.revision is not None and item.revision not in known:
        raise Misjudged(f"it yields a {type(item).__name__} of the revision {item.revision!r}, which the chain has not")
    for field in fields(item):
        value = getattr(item, field.name)
        if field.name == "line" and not (value is None or (isinstance(value, int) and value >= 1)):
            raise Misjudged(f"it yields a {type(item).__name__} whose line is none of a file's: {value!r}")
        if field.name not in {"revision", "line", "instead_of"} and not (isinstance(value, str) and _is_unicode(value)):
            raise Misjudged(f"it yields a {type(item).__name__} whose {field.name} is no text: {value!r}")


def _is_unicode(text: str) -> bool:
    """Whether every format can write it; half of a surrogate pair cannot be encoded."""
    return text.encode("utf-8", "replace").decode("utf-8") == text


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - it is anybody's class
        return "its text cannot be had"


def _finding(check: Check, error: BaseException) -> Finding:
    where = _place(error) or f"the judge of {check.name}, {check.judge.__module__}"
    return Finding(
        check.name,
        None,
        f"check {check.name}",
        f"Its judge raised {in_one_line(error)}, so nothing is known of what it claims.",
        f"correct {where}, which is no part of pgharness; or leave the check out: --skip {check.name}",
        _traceback(error),
        code="PGH-J001",
    )


def _traceback(error: BaseException) -> str:
    """Return the traceback from where the judge begins."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    if not frames:
        return ""
    return "".join(["Traceback (most recent call last):\n", *traceback.format_list(frames)]).rstrip("\n")


def _place(error: BaseException) -> str:
    """Return `file, line N` of the code that raised; empty where that is Python's import system, or ours."""
    frames = traceback.extract_tb(error.__traceback__)
    foreign = [frame for frame in frames if not frame.filename.startswith(_NOT_FOREIGN)]
    return f"{foreign[-1].filename}, line {foreign[-1].lineno}" if foreign else ""
