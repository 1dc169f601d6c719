"""Types what findings say into the project of a report, as it is printed: into revisions, and into pyproject.toml beside alembic.ini."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from pathlib import Path

from pgharness.findings import Finding
from pgharness.report.fix_parts import TOML, parts_of
from pgharness.report.model import Report
from tests.harness.chains import Revision

SETTINGS = "pyproject.toml"
_DECLARATION = re.compile(r'(?:allow = \{"\w+": "|(?:after_deploy|before_deploy|irreversible) = ")<[^>]+>"\}?')


def code_of(finding: Finding, behind: str = "") -> str:
    """Return the Python of a fix from the words on that hold `behind`, up to where another way begins, without that of its way back."""
    there, _ = _both_ways(finding, behind)
    assert there, finding.mend
    return "\n".join(there)


def way_back_of(finding: Finding, behind: str = "") -> str:
    """Return the code of the same for its downgrade(); where it says none, that it does nothing."""
    _, back = _both_ways(finding, behind)
    return "\n".join(back) or "pass"


def _both_ways(finding: Finding, behind: str) -> tuple[list[str], list[str]]:
    ways, is_there, is_back = (list[str](), list[str]()), not behind, False
    for part in parts_of(finding.mend):
        if is_there and ways[0] and re.match(r"or\b", part.words):
            break
        is_there = is_there or behind in part.words
        is_back = "in its downgrade()" in part.words if part.words else is_back
        if is_there and part.code and not part.code[0].startswith(TOML):
            ways[is_back].extend(part.code)
    return ways


def declarations_of(finding: Finding) -> str:
    """Return what a fix says to write beside upgrade(), with a reason."""
    _, _, beside = finding.mend.partition("beside upgrade()")
    return "\n".join(
        re.sub(r"<[^>]+>", "it is meant", one) for one in _DECLARATION.findall(beside.partition("; or ")[0])
    )


def settings_of(finding: Finding) -> str:
    """Return the lines for pyproject.toml that a fix holds."""
    return "\n".join(
        line for part in parts_of(finding.mend) if "".join(part.code).startswith(TOML) for line in part.code
    )


def add_mends(report: Report, findings: Iterable[Finding], behind: str = "") -> None:
    """Write a revision for each finding, of the code that stands in its fix behind these words, and what is to stand beside it."""
    add_revisions(
        report,
        *(
            Revision(f"mend_{number}", code_of(one, behind), way_back_of(one, behind), top=declarations_of(one))
            for number, one in enumerate(findings)
        ),
    )


def add_revisions(report: Report, *revisions: Revision) -> None:
    """Write revisions behind the last one of a chain."""
    last = report.chain.revisions[-1]
    before = last.revision
    for one in revisions:
        (Path(last.path).parent / f"{one.slug}.py").write_text(one.text(before), encoding="utf-8")
        before = one.slug


def add_settings(report: Report, *lines: str) -> None:
    """Write lines behind those of the project's [tool.pgharness]."""
    path = folder_of(report) / SETTINGS
    there = path.read_text(encoding="utf-8") if path.exists() else "[tool.pgharness]\nalembic = 'alembic.ini'\n"
    path.write_text("\n".join((there, *lines, "")), encoding="utf-8")


def type_into_downgrades(report: Report, findings: Iterable[Finding]) -> None:
    """Let downgrades that do nothing do what is told of them."""
    for one in findings:
        path = folder_of(report) / "versions" / f"{one.revision}.py"
        head, _, _ = path.read_text(encoding="utf-8").partition("def downgrade():\n")
        body = "".join(f"    {line}\n" for line in code_of(one).splitlines())
        path.write_text(f"{head}def downgrade():\n{body}", encoding="utf-8")


def refuse_there(report: Report, findings: Iterable[Finding]) -> None:
    """Let downgrades refuse the rows that only the new schema admits, before the line that is told."""
    for one in findings:
        (number,) = re.findall(r"before line (\d+) of", one.mend)
        insert_before(folder_of(report) / "versions" / f"{one.revision}.py", int(number), code_of(one, "refuse them"))


def insert_before(path: Path, number: int, code: str) -> None:
    """Write code before a line of a file, indented as that is."""
    lines = path.read_text(encoding="utf-8").splitlines()
    line = lines[number - 1]
    lines.insert(number - 1, textwrap.indent(code, line[: len(line) - len(line.lstrip())]))
    path.write_text("\n".join((*lines, "")), encoding="utf-8")


def folder_of(report: Report) -> Path:
    """Return where the project's alembic.ini is."""
    return Path(report.chain.revisions[0].path).parents[1]
