"""Puts before the code of a fix the imports that the revision it is typed into lacks, or writes it by the name that the revision has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from pgharness.findings import CheckResult, Finding
from pgharness.records.revisions import Chain
from pgharness.report.fix_parts import code_in

# The names that fixes use: the module that each stands for, and the line that gives it.
_NAMES = {
    "op": ("alembic.op", "from alembic import op"),
    "sa": ("sqlalchemy", "import sqlalchemy as sa"),
    "postgresql": ("sqlalchemy.dialects.postgresql", "from sqlalchemy.dialects import postgresql"),
}
# By `op.` code is known as such wherever fixes are read, so that it keeps its name.
_KEPT = frozenset({"op"})
_LITERAL_OR_NAME = re.compile(
    r'"""(?:[^\\]|\\.)*?"""|"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|(?<![\w.])(?P<name>op|sa|postgresql)(?=\.)',
    re.DOTALL,
)
_NEW_FILE = "write a revision"


def with_imports(result: CheckResult, chain: Chain) -> CheckResult:
    """Return a result whose fixes can be typed into the revisions that they are about."""
    imports = {one.revision: one.imports for one in chain.revisions}
    return replace(
        result, findings=tuple(_with_imports(one, imports.get(one.revision or "")) for one in result.findings)
    )


def _with_imports(finding: Finding, has: Mapping[str, str] | None) -> Finding:
    if has is None or _NEW_FILE in finding.mend:
        return finding
    called = {module: name for name, module in has.items()}
    mend, lacking = finding.mend, set[str]()
    for begin, end in reversed(list(code_in(mend))):
        written = _LITERAL_OR_NAME.sub(lambda found: _named(found, has, called), mend[begin:end])
        mend = f"{mend[:begin]}{written}{mend[end:]}"
    for begin, end in code_in(mend):
        lacking.update(name for name in _used(mend[begin:end]) if has.get(name) != _NAMES[name][0])
        if lacking:
            return replace(finding, mend=_imported(mend, begin, lacking))
    return replace(finding, mend=mend)


def _used(code: str) -> Iterator[str]:
    return (found["name"] for found in _LITERAL_OR_NAME.finditer(code) if found["name"])


def _named(found: re.Match[str], has: Mapping[str, str], called: Mapping[str, str]) -> str:
    """Return a name as the revision has it; as it is where it has none, or the code is known by it."""
    name = found["name"]
    if not name or name in _KEPT or has.get(name) == _NAMES[name][0]:
        return found[0]
    return called.get(_NAMES[name][0], name)


def _imported(mend: str, begin: int, names: set[str]) -> str:
    """Return a fix with the lines that give names before the code that begins there, each once."""
    lines = [_NAMES[name][1] for name in sorted(names) if _NAMES[name][1] not in mend]
    if not lines:
        return mend
    if mend[begin] == "\n":
        return f"{mend[:begin]}\n{chr(10).join(lines)}{mend[begin:]}"
    return f"{mend[:begin]}{'; '.join(lines)}; {mend[begin:]}"
