"""Prints the kinds of findings as a page: `python -m pgharness.describing.findings_page > docs/findings.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby

from pgharness.kinds import Kind, our_kinds

HEAD = """\
# Findings

Made from the code: `python -m pgharness.describing.findings_page > docs/findings.md`. Each kind of finding has a code, which stands at the
end of a finding's first line and in every format; `pgharness explain PGH-D003` says at a terminal what stands here. A code is never given to
another kind.
"""


def page() -> str:
    """Return the page."""
    return HEAD + "".join(_sections())


def _sections() -> Iterator[str]:
    for check, kinds in groupby(our_kinds(), key=lambda kind: kind.check):
        yield f"\n## {check}\n" if check != "any" else "\n## any check\n"
        yield from (_section(kind) for kind in kinds)


def _section(kind: Kind) -> str:
    return (
        f"\n### {kind.code}: {kind.what}\n\n{kind.why}\n\n"
        f"```text\n{kind.example}\n```\n\nFix:\n\n```text\n{kind.fix}\n```\n\nWhere it is meant: {_in_markdown(kind.how_to_allow)}\n"
    )


def _in_markdown(text: str) -> str:
    """Keep what looks like code from being read as a link."""
    return text.replace("[[", r"\[\[").replace("]]", r"\]\]")


if __name__ == "__main__":
    sys.stdout.write(page())
