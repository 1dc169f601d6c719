"""Texts that the code of a revision reads are like what it reads them as, where the error tells what that is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pgharness.findings import Status
from pgharness.report.model import Cell
from pgharness.running import Run
from tests.harness.chains import Revision, sql, table

EVENT = table("event", "id int PRIMARY KEY, body text, kind varchar(40)")
READS = "for (one,) in op.get_bind().execute(sa.text('SELECT body FROM event WHERE body IS NOT NULL')):\n    "
READERS = {
    "JSON": "import json; assert isinstance(json.loads(one), (dict, list, str, int, bool, type(None)))",
    "a moment": "import datetime; datetime.datetime.fromisoformat(one)",
    "a day": "import datetime; datetime.date.fromisoformat(one)",
    "a decimal number": "import decimal; decimal.Decimal(one)",
    "a whole number": "int(one)",
    "a number": "float(one)",
    "a UUID": "import uuid; uuid.UUID(one)",
}
KINDS = (
    "t = sa.table('event', sa.column('kind', sa.Enum('new', 'old', name='kind', native_enum=False)))\n"
    "op.get_bind().execute(sa.select(t.c.kind)).all()"
)


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS.keys())
def test_a_revision_that_reads_texts_as_what_they_are_meant_to_hold_passes(
    reader: str, judge_chain: Callable[..., Run]
) -> None:
    run = judge_chain(EVENT, Revision("reads", f"{READS}{reader}"), only=("upgrade",))

    assert run.report.findings == ()
    assert run.record.revisions[-1].upgrade_rows_failure is None


def test_a_revision_that_reads_labels_of_an_enum_that_is_no_type_passes(judge_chain: Callable[..., Run]) -> None:
    run = judge_chain(EVENT, Revision("reads", KINDS), only=("upgrade",))

    assert run.report.findings == ()


STATES = "import enum\nimport re\nCODE = re.compile(r'N(\\d+)$')\nMAP = {'new': 1, 'old': 2}\nLEVELS = {7: 'low', 8: 'high'}\nclass State(enum.Enum):\n    NEW = 'new'\n    OLD = 'old'\n"
FORMS = {
    "base64": "import base64; base64.b64decode(row.body, validate=True)",
    "hexadecimal": "bytes.fromhex(row.body)",
    "a number of another base": "int(row.body, 16)",
    "an address": "user, host = row.body.split('@')",
    "the second part": "row.body.strip().split('@')[1]",
    "three parts": "first, second, third = row.body.split(',')",
    "the last part": "row.body.rsplit('/', 1)[-2]",
    "a place in the query": "left, right = row[1].split('|')",
    "a URL": "from urllib.parse import urlparse; urlparse(row.body).hostname.lower()",
    "a day of a format": "import datetime; datetime.datetime.strptime(row.body, '%d/%m/%Y')",
    "a literal": "import ast; ast.literal_eval(row.body)",
    "JSON with a key": "import json; json.loads(row.body)['name']",
    "YAML": "import yaml; yaml.safe_load(row.body).get('name')",
    "an address of a network": "import ipaddress; ipaddress.ip_address(row.body)",
    "a network": "import ipaddress; ipaddress.ip_network(row.body)",
    "a member by name": "State[row.kind]",
    "a member by value": "State(row.kind)",
    "a key": "MAP[row.kind]",
    "a key that is a number": "LEVELS[row.level]",
    "a place in a list": "['new', 'old'].index(row.kind)",
    "one of some": "assert row.kind in ('new', 'old')",
    "one after the other": "if row.kind == 'new':\n        pass\n    elif row.kind == 'old':\n        pass\n    else:\n        raise ValueError(row.kind)",
    "a pattern": "import re; re.match(r'(\\d+)-(\\d+)', row.body).group(2)",
    "a number of a pattern": "import re; int(re.match(r'^([A-Z]{2})-(\\d{4})$', row.body).group(2))",
    "a pattern that was compiled": "int(CODE.match(row.body).group(1))",
    "numbers with a separator": "w, h = row.body.split('x')\n    int(w) + int(h)",
    "a word and a number": "word, number = row.body.split('-')\n    int(number)",
    "a number at a place": "int(row.body.split('-')[1])",
    "numbers, each at once": "w, h = map(int, row.body.split('x'))",
    "numbers, however many": "sum(int(one, 16) for one in row.body.split(':'))",
    "numbers in a list": "a, b = [int(one) for one in row.body.split('.')][:2]",
    "bytes of a program": "import pickle; pickle.loads(row.packed)",
    "two columns in a line": "import decimal, uuid; uuid.UUID(row.body), decimal.Decimal(row.kind)",
    "columns of several lines": "import decimal, uuid\n    uuid.UUID(row.body)\n    decimal.Decimal(row.other)\n    MAP[row.kind]",
}
FORM = table("form", "id int PRIMARY KEY, body text, kind varchar(40), other text, level int, packed bytea")
ROWS = "SELECT id, body, kind, other, level, packed FROM form WHERE body || kind || other || level || packed::text IS NOT NULL"
EACH = f"for row in op.get_bind().execute(sa.text('{ROWS}')).all():\n    "


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_texts_are_of_the_form_that_the_code_reads(form: str, judge_chain: Callable[..., Run]) -> None:
    run = judge_chain(FORM, Revision("reads", f"{EACH}{form}", top=STATES), only=("upgrade",))

    assert run.report.findings == ()
    assert run.record.revisions[-1].upgrade_rows_failure is None
    assert any("were made for it" in one.message for one in run.report.notes)


def test_each_of_two_columns_in_a_line_has_what_is_read_there(judge_chain: Callable[..., Run]) -> None:
    run = judge_chain(FORM, Revision("reads", f"{EACH}{FORMS['two columns in a line']}"), only=("upgrade",))

    read_as = {(column, type_name) for _, column, type_name in run.record.revisions[-1].read_as}
    assert read_as == {("body", "uuid"), ("kind", "numeric")}


OWN_FORMS = {
    "a function": (
        "parse(row.body)",
        "def parse(text):\n    if not text.startswith('A-'):\n        raise ValueError(text)",
    ),
    "an assertion": ("assert row.body[3] == '/' and len(row.body) == 9", ""),
}


@pytest.mark.parametrize(("reads", "top"), OWN_FORMS.values(), ids=OWN_FORMS.keys())
def test_a_form_of_their_own_is_neither_found_nor_held_but_told_with_the_setting(
    reads: str, top: str, judge_chain: Callable[..., Run]
) -> None:
    own = Revision("reads", f"{EACH}{reads}", top=top)

    run, strict = (
        judge_chain(FORM, own, only=("upgrade", "data"), strict=words) for words in ((), ("untypical texts",))
    )

    assert run.report.findings == ()
    assert [run.report.cell(one, run.report.chain.revisions[1])[0] for one in run.report.results[:2]] == [
        Cell.UNTRIED
    ] * 2
    told = [one.message for one in run.report.notes if "which may be untypical" in one.message]
    assert len(told) == 1
    assert 'values = {"public.form.body" = ["<value>", …]}' in told[0]
    assert [one.code for one in strict.report.findings] == ["PGH-U009"]


FAULTS = {
    "a field that is not there": "row.nosuch",
    "a text and a number": "row.body + 1",
    "what no text has": "row.body.strp()",
    "a value that may be NULL": "row.nothing.strip()",
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_code_that_fails_on_whatever_is_read_is_found(fault: str, judge_chain: Callable[..., Run]) -> None:
    rows = "SELECT id, body, NULL::text AS nothing FROM form WHERE body IS NOT NULL"
    reads = f"for row in op.get_bind().execute(sa.text('{rows}')).all():\n    {fault}"

    run = judge_chain(FORM, Revision("reads", reads), only=("upgrade",))

    assert [one.code for one in run.report.findings] == ["PGH-U002"]


def test_code_that_fails_on_null_alone_is_found_by_what_passes(judge_chain: Callable[..., Run]) -> None:
    reads = (
        "for row in op.get_bind().execute(sa.text('SELECT id, body FROM form')).all():\n    a, b = row.body.split('|')"
    )

    run = judge_chain(FORM, Revision("reads", reads), only=("upgrade",))

    assert [one.code for one in run.report.findings] == ["PGH-U002"]
    assert run.report.findings[0].message.startswith("upgrade() passes on rows that all differ and hold no NULL")


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS.keys())
def test_upgrades_at_once_and_the_release_before_meet_such_texts_too(
    reader: str, judge_chain: Callable[..., Run]
) -> None:
    event = Revision(
        "event",
        "op.execute('CREATE TABLE event (id int PRIMARY KEY, body text)')",
        "op.execute('DROP TABLE event')",
    )
    writes = (
        "for id, one in op.get_bind().execute(sa.text('SELECT id, body FROM event WHERE body IS NOT NULL')).all():\n"
        f"    {reader}\n    op.get_bind().execute(sa.text('UPDATE event SET body = body WHERE id = :id'), {{'id': id}})"
    )

    run = judge_chain(event, Revision("writes", writes), only=("upgrade", "crash", "compat"))

    assert run.report.findings == ()


def test_plain_rows_tell_capitals_and_words_too(judge_chain: Callable[..., Run]) -> None:
    lowers = (
        "op.execute('UPDATE event SET body = lower(body)')\nop.execute('ALTER TABLE event ALTER kind SET NOT NULL')"
    )

    run = judge_chain(
        EVENT,
        Revision("lowers", lowers, "op.execute('ALTER TABLE event ALTER kind DROP NOT NULL')"),
        only=("upgrade", "data"),
    )

    assert [one.code for one in run.report.findings] == ["PGH-U002", "PGH-V001"]


def test_columns_that_one_query_reads_are_told_apart_by_the_line_that_fails(judge_chain: Callable[..., Run]) -> None:
    reads = (
        "import decimal, uuid\n"
        "for row in op.get_bind().execute(sa.text('SELECT body, kind FROM event WHERE body <> kind')).all():\n"
        "    uuid.UUID(row.body)\n    decimal.Decimal(row.kind)"
    )

    run = judge_chain(EVENT, Revision("reads", reads), only=("upgrade",))

    assert run.report.findings == ()


LISTED = table("listed", "id int PRIMARY KEY, kind text NOT NULL CHECK (kind IN ('new', 'old', 'lost'))")
MISSING = {
    "an enum": sql("CREATE TYPE kinds AS ENUM ('new', 'old')", "ALTER TABLE listed DROP CONSTRAINT listed_kind_check")
    + "\n"
    + sql("ALTER TABLE listed ALTER kind TYPE kinds USING kind::kinds"),
    "a dictionary": "for row in op.get_bind().execute(sa.text('SELECT id, kind FROM listed')).all():\n    MAP[row.kind]",
}


@pytest.mark.parametrize("missing", MISSING.values(), ids=MISSING.keys())
def test_what_the_schema_lists_is_not_made_otherwise(missing: str, judge_chain: Callable[..., Run]) -> None:
    run = judge_chain(LISTED, Revision("reads", missing, top=STATES), only=("upgrade",))

    assert [one.code for one in run.report.findings] == ["PGH-U002"]


def test_the_release_before_writes_texts_of_the_form_that_the_walk_has_learned(judge_chain: Callable[..., Run]) -> None:
    reads = (
        "from datetime import datetime\n"
        "for row in op.get_bind().execute(sa.text('SELECT id, src FROM t')).all():\n"
        "    day = datetime.strptime(row.src, '%d/%m/%Y').date()\n"
        "    op.get_bind().execute(sa.text('UPDATE t SET d = :d WHERE id = :id'), {'d': day, 'id': row.id})"
    )
    chain = (
        table("t", "id bigint PRIMARY KEY, src text NOT NULL"),
        Revision("day", sql("ALTER TABLE t ADD d date"), sql("ALTER TABLE t DROP d")),
        Revision("fill", reads, "pass"),
    )

    report = judge_chain(*chain, only=("upgrade", "compat")).report

    assert report.findings == ()
    assert [one.status for one in report.results if one.name == "compat"] == [Status.PASSED]


PERSON = table("person", "id int PRIMARY KEY, name text NOT NULL, motto text NOT NULL")
ALL = "for row in op.get_bind().execute(sa.text('SELECT id, name, motto FROM person')).all():\n    "
TAKES_TWO = Revision(
    "reads",
    f"{ALL}first, last = row.name.split(' ')\n    op.execute(f\"UPDATE person SET motto = '{{first}}' WHERE id = {{row.id}}\")",
)
GIVEN = {"public.person.name": ["Ada Lovelace", "Plato", "Jan van Eyck"]}


def test_code_that_fails_on_values_that_people_gave_is_found(judge_chain: Callable[..., Run]) -> None:
    (finding,) = judge_chain(PERSON, TAKES_TWO, only=("upgrade",), values=GIVEN).report.findings

    assert finding.code == "PGH-U002"
    assert "values =" not in finding.mend
    assert "pgharness" not in finding.message


def test_one_that_takes_them_passes_and_none_is_called_made(judge_chain: Callable[..., Run]) -> None:
    takes = Revision("reads", f"{ALL}first, _, rest = row.name.partition(' ')")

    report = judge_chain(PERSON, takes, only=("upgrade",), values=GIVEN).report

    assert report.findings == ()
    assert [note.message for note in report.notes if "person.name" in note.message] == []


def test_values_of_another_column_are_asked_for_where_those_of_one_were_given(judge_chain: Callable[..., Run]) -> None:
    own = Revision("reads", f"{ALL}assert row.name and row.motto[3] == '/'")

    report = judge_chain(PERSON, own, only=("upgrade",), values=GIVEN).report

    (told,) = [one.message for one in report.notes if "which may be untypical" in one.message]
    assert 'values = {"public.person.motto" = ["<value>", …]}' in told
