"""What people are told to paste into [tool.pgharness] is TOML, and means what it was told of, whatever the names hold."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from pgharness.catalog.diff import Difference
from pgharness.catalog.ignore_rules import IgnoreRule, matches
from pgharness.describing.toml_words import toml_glob, toml_string
from pgharness.running import Run
from tests.harness.chains import Revision, sql

WEIRD, MIXED = 'public."we""ird"', 'public."Mixed Case"'
NAMES = (WEIRD, MIXED, "public.plain", 'public."it\'s [a] *?"', 'public."back\\slash"', 'public."tab\tand\x7f"')
MAKES = Revision(
    "makes",
    sql(
        'CREATE TABLE "we""ird" (id int PRIMARY KEY, "Ki.nd" text NOT NULL)',
        'CREATE TABLE "Mixed Case" (id int PRIMARY KEY, "we""ird" int CONSTRAINT "it\'s ""one""" REFERENCES "we""ird")',
    ),
    sql('DROP TABLE "Mixed Case"', 'DROP TABLE "we""ird"'),
)


def pasted(line: str) -> dict[str, Any]:
    """Return what a line of TOML says."""
    return tomllib.loads(line)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_read_back_as_it_is_and_a_rule_for_it_means_it_alone(name: str) -> None:
    (read, glob) = (pasted(f"name = {written(name)}")["name"] for written in (toml_string, toml_glob))

    assert read == name
    assert [other for other in (*NAMES, f"{name}x") if matches(IgnoreRule(object=glob), missing(other))] == [name]


def missing(name: str) -> Difference:
    """Return that a table is missing."""
    return Difference("table", name, "exists", "table", None)


def test_an_index_that_is_allowed_to_be_missing_is_allowed_as_it_is_told(judge_chain: Callable[..., Run]) -> None:
    (found,) = judge_chain(MAKES, only=("indices",)).report.findings
    line = re.search(r"allow_indices = \{.*?\}", found.mend)
    assert line is not None

    allowed = pasted(line[0])["allow_indices"]
    assert list(allowed) == [found.subject]
    assert judge_chain(MAKES, only=("indices",), allow_indices=allowed).report.findings == ()


def test_what_a_column_holds_is_said_by_its_name_as_postgresql_prints_it(judge_chain: Callable[..., Run]) -> None:
    takes = Revision(
        "takes",
        'if op.get_bind().scalar(sa.text(\'SELECT count(*) FROM "we""ird" WHERE "Ki.nd" <> \\\'zebra\\\'\')):\n'
        "    raise RuntimeError('no zebra')",
    )
    column = toml_string(f'{WEIRD}."Ki.nd"')
    values = pasted(f'values = {{{column} = ["zebra"]}}')["values"]

    without, given = (judge_chain(MAKES, takes, only=("upgrade",), **one).report for one in ({}, {"values": values}))

    assert [note.revision for note in without.notes if "no zebra" in note.message] == ["takes"]
    assert [note.revision for note in given.notes if "no zebra" in note.message] == []
