"""Names and texts written as TOML, for what people paste into [tool.pgharness]."""

from __future__ import annotations

import json
import re


def toml_string(text: str) -> str:
    """Write a string of TOML, which is one of JSON but for the one character that JSON leaves as it is."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def ignore_rules(reason: str, *objects: str, **means: str) -> str:
    """Write rules by which comparisons leave objects out, on lines of their own: each is added to those that a file has.

    `means` are further keys of each rule (`kind`, `property`).
    """
    further = "".join(f"{name} = {toml_string(value)}\n" for name, value in means.items())
    rules = (
        f"[[tool.pgharness.ignore]]\n{further}object = {toml_glob(one)}\nreason = {toml_string(reason)}"
        for one in objects
    )
    return "\n" + "\n".join(rules) + "\n"


def toml_glob(name: str) -> str:
    """Write the name of an object such that an ignore rule means it alone: `*`, `?` and `[` stand for themselves in brackets."""
    return toml_string(re.sub(r"([*?[])", r"[\1]", name))
