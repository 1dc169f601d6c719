"""Tells the kinds of findings: one with all that is known of it, or a list of all."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from pgharness.findings import CannotRun
from pgharness.judging.registry import known_checks
from pgharness.kinds import PREFIX, Kind, our_kinds
from pgharness.settings import load_settings

_CODE = re.compile(rf"(?:{PREFIX})?(?P<letter>[A-Z])(?P<number>\d{{1,3}})")


def tell_kinds(code: str | None, config: Path | None) -> None:
    """Print what the code stands for, or a line for each code, of the check where one is named. Raises CannotRun for what is unknown."""
    kinds = {kind.code: kind for kind in _known(config)}
    if code is None:
        print("\n".join(map(_line, kinds.values())))
        return
    if of_check := [kind for kind in kinds.values() if kind.check == code.casefold()]:
        print("\n".join(_line(kind) for kind in of_check))
        return
    asked = _written_out(code)
    found = kinds.get(asked) or kinds.get(code.upper()) or kinds.get(code)
    if found is None:
        raise CannotRun(
            f"{code!r} is neither a code nor a check with codes.",
            seen=f"{len(kinds)} kinds of findings are known",
            mend=f"list them: pgharness explain{_near(asked, code.casefold(), kinds.values())}",
        )
    print("\n".join(_explained(found)))


def _written_out(code: str) -> str:
    """Return a code as it is told with findings: `PGH-R002` for `r2`, `R002` and `pgh-r002`."""
    match = _CODE.fullmatch(code.upper())
    return (
        f"{PREFIX}{match['letter']}{match['number'].zfill(3)}"
        if match is not None
        else PREFIX + code.upper().removeprefix(PREFIX)
    )


def _line(kind: Kind) -> str:
    return f"{kind.code}  {kind.check}: {kind.what}"


def _near(code: str, name: str, kinds: Collection[Kind]) -> str:
    """Return the nearest codes and checks as a question; codes of another check with the same number where no kind begins so."""
    codes = difflib.get_close_matches(code, [kind.code for kind in kinds], n=3, cutoff=0.75)
    found = sorted(difflib.get_close_matches(name, {kind.check for kind in kinds}, n=1, cutoff=0.75)) or sorted(codes)
    return (
        f"; did you mean {', '.join(map(repr, found[:-1]))}{' or ' * (len(found) > 1)}{found[-1]!r}?" if found else ""
    )


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
