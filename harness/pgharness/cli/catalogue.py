"""Tells the kinds of findings: one with all that is known of it, or a list of all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pgharness.findings import CannotRun
from pgharness.judging.registry import known_checks
from pgharness.kinds import PREFIX, Kind, our_kinds
from pgharness.settings import load_settings, nearest


def tell_kinds(code: str | None, config: Path | None) -> None:
    """Print what the code stands for, or a line for each code. Raises CannotRun for one that is unknown."""
    kinds = {kind.code: kind for kind in _known(config)}
    if code is None:
        print("\n".join(f"{kind.code}  {kind.check}: {kind.what}" for kind in kinds.values()))
        return
    asked = code.upper()
    found = kinds.get(asked) or kinds.get(PREFIX + asked) or kinds.get(code)
    if found is None:
        raise CannotRun(
            f"Unknown code {code!r}.",
            seen=f"{len(kinds)} kinds of findings are known",
            mend=f"list them: pgharness explain{nearest(asked, kinds)}",
        )
    print("\n".join(_explained(found)))


def _known(config: Path | None) -> Iterator[Kind]:
    """Yield our kinds, then those of checks that are added."""
    yield from our_kinds()
    settings = load_settings(config)
    for check in known_checks(settings.checks, settings.folder):
        yield from check.kinds


def _explained(kind: Kind) -> Iterator[str]:
    yield f"{kind.code} ({kind.check}): {kind.what}"
    yield ""
    yield kind.why
    for title, text in (("For example:", kind.example), ("Fix:", kind.fix), ("Where it is meant:", kind.how_to_allow)):
        yield ""
        yield title
        yield from (f"    {line}".rstrip() for line in text.splitlines())
