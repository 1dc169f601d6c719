"""Finds the checks that are not pgharness's own: those of installed packages, and those that the settings name."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from pgharness.checks.check import Check
from pgharness.findings import CannotRun
from pgharness.judging.judge_faults import in_one_line

GROUP = "pgharness.checks"
# It is written behind --only, in declarations, and in the names of pytest's items.
NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Added:
    """A check that somebody added, and in words where it was named."""

    check: Check
    origin: str


def added_checks(named: Sequence[str], folder: Path) -> Iterator[Added]:
    """Yield the checks of the entry points, sorted, then those that the settings name as `module:ATTRIBUTE`.

    Their modules are imported into this process, those of the settings also from `folder`. Raises CannotRun for one that is none.
    """
    for point in sorted(entry_points(group=GROUP), key=lambda one: (_distribution(one), one.name)):
        yield _load(point, f"the entry point {point.name} = {point.value!r} of {_distribution(point)}", "reinstall it")
    for name in dict.fromkeys(named):
        origin = f"checks = [{name!r}] of [tool.pgharness]"
        if not re.fullmatch(r"[\w.]+:\w+", name):
            raise _no_check(origin, "it has not the form module:ATTRIBUTE", 'checks = ["my_checks:CHECK"]')
        _make_importable(folder, name.partition(":")[0])
        yield _load(EntryPoint(name, name, GROUP), origin, f"its module has to be in {folder} or installed")


def _load(point: EntryPoint, origin: str, where: str) -> Added:
    try:
        with contextlib.redirect_stdout(sys.stderr):  # standard output may be the report
            found = point.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # with sys.exit(0) in it, a module would end the run as if nothing had been found
        fix = where if isinstance(error, ImportError) else "correct the module, or the name after the colon"
        raise _no_check(origin, in_one_line(error), f"{fix}; or take the check out") from error
    if not isinstance(found, Check):
        raise _no_check(origin, f"it is of type {type(found).__name__}", f"let it be a pgharness.Check: {_EXAMPLE}")
    if not NAME.fullmatch(found.name):
        raise _no_check(
            origin, f"its name is {found.name!r}", "name it in small letters, digits and _, such as 'no_serial'"
        )
    return Added(found, origin)


_EXAMPLE = "CHECK = Check(name=…, claim=…, reason=…, mend=…, judge=…)"


def _no_check(origin: str, seen: str, fix: str) -> CannotRun:
    return CannotRun(f"A check cannot be loaded: {origin}.", seen=seen, mend=fix)


def _make_importable(folder: Path, module: str) -> None:
    """Let modules be found in the folder too, behind all others: what lies there is not to stand in for a library of ours.

    Another project's module of that name, which this process has met before, gives way to the one of this folder.
    """
    others = [Path(one) for one in _folders if one != str(folder)]
    loaded = getattr(sys.modules.get(module), "__file__", None)
    if loaded is not None and any(Path(loaded).is_relative_to(other) for other in others):
        del sys.modules[module]
    sys.path[:] = [one for one in sys.path if one not in _folders]
    sys.path.append(str(folder))
    _folders.add(str(folder))


# The folders of settings that checks were loaded from in this process.
_folders: set[str] = set()


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else ""
