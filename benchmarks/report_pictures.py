"""Takes the pictures of docs/report.md: this chain's own report, and that of three hazardous revisions on top of it (needs chromium)."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from chromium import Browser, open_browser

from tests.migrations.hazardous.stacking import stack

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
MOST_BYTES = 200_000


@dataclass(frozen=True)
class Picture:
    """A window on a page: the page, the anchor that it shows, and its size in px."""

    name: str
    page: str
    anchor: str
    width: int
    height: int
    dark: bool = False


TAKEN = (
    Picture("verdict-320", "hazardous", "", 320, 900),
    Picture("verdict-1920", "hazardous", "", 1920, 1100),
    Picture("findings-dark-800", "hazardous", "h1_index_runs_by_trigger-locks", 800, 900, dark=True),
    Picture("grid-1280", "hazardous", "grid", 1280, 1340),
    Picture("index-800", "hazardous", "h1_index_runs_by_trigger", 800, 760),
    Picture("backfill-1280", "hazardous", "h2_add_priority_to_runs", 1280, 960),
    Picture("backfill-dark-1280", "hazardous", "h2_add_priority_to_runs", 1280, 960, dark=True),
    Picture("traffic-1280", "traffic", "h2_add_priority_to_runs", 1280, 900),
    Picture("not-null-320", "hazardous", "h3_require_priority_of_runs", 320, 900),
    Picture("flowforge-dark-1920", "flowforge", "", 1920, 1100, dark=True),
    Picture("flowforge-tables-1920", "flowforge", "0004_add_runs", 1920, 1100),
)

# Few rows and one revision, so that it is a matter of a minute.
UNDER_TRAFFIC = ("--traffic", "--only", "traffic", "--only", "locks", "--since", "h1_index_runs_by_trigger")


def main() -> None:
    """Write all pictures into docs/pictures/."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pictures-") as folder:
        hazardous = Path(folder, "project")
        hazardous.joinpath(".git").mkdir(parents=True)  # files are told from there
        stack(hazardous)
        pages = {
            "flowforge": report_of(ROOT, Path(folder, "flowforge.html")),
            "hazardous": report_of(hazardous, Path(folder, "hazardous.html")),
            "traffic": report_of(hazardous, Path(folder, "traffic.html"), *UNDER_TRAFFIC),
        }
        with open_browser() as browser:
            for picture in TAKEN:
                take(browser, picture, pages[picture.page])


def report_of(project: Path, page: Path, *options: str) -> Path:
    """Judge a project, and return the page."""
    command = [sys.executable, "-m", "pgharness", "check", "--format", "html", "--output", str(page), *options]
    ended = subprocess.run(command, cwd=project, check=False, env={**os.environ, "PGHARNESS_TRAFFIC_ROWS": "60000"})
    if not page.exists():
        sys.exit(f"pgharness check ended with {ended.returncode} and wrote no page")
    print(f"{page.name}: {page.stat().st_size:,} bytes")
    return page


def take(browser: Browser, picture: Picture, page: Path) -> None:
    """Take one picture, smaller than what a repository should hold; what is wider than its window is told."""
    browser.show(page, width=picture.width, height=picture.height, dark=picture.dark)
    if picture.anchor:
        browser.go_to(picture.anchor)
    width = browser.run("document.documentElement.scrollWidth")
    if width > picture.width:
        sys.exit(f"{picture.name}: the page is {width} px wide in a window of {picture.width}")
    sizes = ((quality, browser.picture(quality)) for quality in (85, 70, 50, 30))
    quality, image = next((one for one in sizes if len(one[1]) < MOST_BYTES), (0, b""))
    (PICTURES / f"{picture.name}.webp").write_bytes(image)
    print(f"{picture.name}: {len(image):,} bytes, quality {quality}")


if __name__ == "__main__":
    main()
