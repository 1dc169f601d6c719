"""A headless Chromium that takes pictures of pages: its debugging protocol spoken over a pipe, so that nothing has to be installed beside it."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe")
SETTLED_MS = 400


class Browser:
    """One page of a running browser; `read` and `write` are the ends of its pipes."""

    def __init__(self, read: int, write: int) -> None:
        self._read = os.fdopen(read, "rb")
        self._write = os.fdopen(write, "wb", buffering=0)
        self._number = 0
        target = self.ask("Target.createTarget", {"url": "about:blank"})["targetId"]
        self._session = self.ask("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        self.ask("Page.enable")

    _session: str | None = None

    def ask(self, method: str, parameters: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what the browser answers. Raises RuntimeError for what it refuses."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters or {}}
        if self._session is not None:
            message["sessionId"] = self._session
        self._write.write(json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            pass
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return dict(answer["result"])

    def show(self, page: Path, *, width: int, height: int, dark: bool = False) -> None:
        """Open a page in a window of this size."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.ask("Emulation.setDeviceMetricsOverride", metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", {"features": [scheme]})
        self.ask("Page.navigate", {"url": "about:blank"})
        self.ask("Page.navigate", {"url": page.absolute().as_uri()})
        self.run(f"new Promise(done => setTimeout(done, {SETTLED_MS}))")

    def run(self, script: str) -> Any:
        """Return what a script comes to."""
        given = {"expression": script, "awaitPromise": True, "returnByValue": True}
        return self.ask("Runtime.evaluate", given)["result"].get("value")

    def go_to(self, anchor: str) -> None:
        """Follow a link into the page."""
        self.run(f"location.hash = {json.dumps(anchor)}; new Promise(done => setTimeout(done, {SETTLED_MS}))")

    def picture(self, quality: int = 80) -> bytes:
        """Return what the window shows, as WebP."""
        taken = self.ask("Page.captureScreenshot", {"format": "webp", "quality": quality})
        return base64.b64decode(taken["data"])

    def close(self) -> None:
        """Close both ends."""
        self._write.close()
        self._read.close()

    def _next(self) -> dict[str, Any]:
        message = bytearray()
        while (byte := self._read.read(1)) != b"\0":
            if not byte:
                raise RuntimeError("the browser has ended")
            message += byte
        return dict(json.loads(message))


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Yield a browser that ends with the block; exit with what to type where there is none."""
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        sys.exit(f"no browser: looked for {', '.join(NAMES)} on the PATH; apt-get install chromium")
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    with tempfile.TemporaryDirectory(prefix="pictures-", ignore_cleanup_errors=True) as profile:
        # The protocol is spoken on the descriptors 3 and 4.
        command = f'exec "$0" "$@" 3<&{theirs_in} 4>&{theirs_out}'
        process = subprocess.Popen(
            ["bash", "-c", command, program, *OPTIONS, f"--user-data-dir={profile}"],
            pass_fds=(theirs_in, theirs_out),
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        browser = Browser(ours_in, ours_out)
        try:
            yield browser
        finally:
            browser.close()
            process.terminate()
            process.wait()
