"""The look of the page can be read: colours differ enough, in the light and in the dark (WCAG 2.1, AA)."""

from __future__ import annotations

import re

import pytest

from pgharness.report.page.document import STYLE

TEXT, SIGN = 4.5, 3.0
"""What text needs, and what a sign or a bar does."""

PAIRS = [
    *((ink, ground, TEXT) for ink in ("ink", "faint", "mend") for ground in ("ground", "paper", "code")),
    *((ink, "paper", TEXT) for ink in ("good", "bad", "changed")),
    ("bad", "bad-ground", TEXT),
    ("bad", "ground", TEXT),
    ("good", "ground", TEXT),
    ("changed", "ground", TEXT),
    ("good", "good-ground", TEXT),
    ("changed", "changed-ground", TEXT),
    ("ink", "mend-ground", TEXT),
    ("mend", "mend-ground", TEXT),
    ("ink", "danger", TEXT),
    ("mend", "danger", TEXT),
    *((bar, ground, SIGN) for bar in ("all", "writes", "ddl", "work") for ground in ("paper", "danger")),
]


def schemes() -> dict[str, dict[str, str]]:
    """Return the colours of both schemes by name."""
    blocks = re.findall(r":root \{(.*?)\}", STYLE.read_text(encoding="utf-8"), re.DOTALL)
    light, dark = (dict(re.findall(r"--([\w-]+): (#\w{6})", block)) for block in blocks[:2])
    return {"light": light, "dark": dark}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_differ_enough(scheme: str) -> None:
    colours = schemes()[scheme]

    weak = [
        f"{ink} on {ground}: {contrast(colours[ink], colours[ground]):.2f}"
        for ink, ground, needed in PAIRS
        if contrast(colours[ink], colours[ground]) < needed
    ]

    assert weak == []


def test_paper_is_light_whatever_the_screen_is() -> None:
    style = STYLE.read_text(encoding="utf-8")

    assert (
        style.count("prefers-color-scheme: dark") == style.count("@media screen and (prefers-color-scheme: dark)") == 1
    )


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
