"""Follows a page as a reader does: writes its files where they are named, runs its commands, and compares what they print."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"# ([\w./-]+\.\w+)\n")


@dataclass(frozen=True)
class Reader:
    """Somebody who does in a folder what a page says, with these variables set."""

    folder: Path
    variables: dict[str, str]

    def follow(self, page: Path) -> list[str]:
        """Do all that a page says, from its top to its end; return the languages of its blocks. Raises AssertionError."""
        blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
        for language, text in blocks:
            if language == "console":
                for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                    command, _, expected = part.partition("\n")
                    self.run(command, expected)
            else:
                self.write(text)
        return [language for language, _ in blocks]

    def write(self, text: str) -> None:
        """Write the file that a block names in its first line."""
        named = FILE.match(text)
        assert named, f"no file is named above\n{text}"
        file = self.folder / named[1]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(
            text, encoding="utf-8"
        )  # with the line that names it, so that lines are numbered as on the page

    def run(self, command: str, expected: str) -> None:
        """Run a command, and compare what it prints. Raises AssertionError."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        ended = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env={**os.environ, "PATH": path, **self.variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert re.search(_pattern(expected), ended.stdout), f"$ {command}\n{ended.stdout}\n--- is not\n{expected}"


def _pattern(expected: str) -> str:
    """Return a pattern of whole lines, in which `…` stands for any text, and alone in its line for any lines."""
    lines = [
        r"(?:.*\n)*?" if line == "…" else ".*".join(map(re.escape, line.split("…"))) + r"[ ]*\n"
        for line in expected.splitlines()
    ]
    return r"\A" + "".join(lines) + r"\n*\Z"
