"""`autogenerate`: Alembic's own comparison is empty, and a chain that it drafts anew gives the same catalog."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from pgharness.findings import Status
from pgharness.report.model import Cell, Report
from pgharness.running import plan_run, run_on
from pgharness.servers import Server
from pgharness.settings import load_settings

MODELS = "bookshop.py"

SLIPS = [
    pytest.param(
        {MODELS: ("    sold_at:", "    isbn: Mapped[str | None] = mapped_column(sa.Text)\n    sold_at:")},
        None,
        "op.add_column('book', sa.Column('isbn', sa.Text(), nullable=True))",
        "write a revision: op.add_column",
        id="a column that autogenerate would still add",
    ),
    pytest.param(
        {"env.py": ("compare_server_default=True,", "compare_server_default=True, compare_type=lambda *_: 1 / 0,")},
        None,
        "the comparison at the heads",
        "include_object, compare_type, render_item",
        id="a comparison that raises",
    ),
    pytest.param(
        {"script.py.mako": ("import sqlalchemy as sa\n", "")},
        None,
        "a chain drafted from the models",
        "script.py.mako",
        id="a template that lacks an import",
    ),
    pytest.param(
        {"script.py.mako": ("def upgrade():", "def upgrade(:")},
        None,
        "a chain drafted from the models",
        "script.py.mako",
        id="a template that is no Python",
    ),
]


@pytest.mark.parametrize(("edits", "revision", "subject", "mend"), SLIPS)
def test_a_slip_is_reported_with_its_revision_its_object_and_its_mend(
    found: Callable[..., Any], edits: dict[str, Any], revision: str | None, subject: str, mend: str
) -> None:
    told = {finding.subject: finding for finding in found("autogenerate", edits)}

    assert subject in told
    assert told[subject].revision == revision
    assert mend in told[subject].mend


def test_what_is_always_written_by_hand_is_a_note(judge_example: Callable[..., Report]) -> None:
    function = "CREATE FUNCTION one() RETURNS int LANGUAGE sql RETURN 1"
    edits = {"versions/0003_add_country.py": ("def upgrade():", f"def upgrade():\n    op.execute({function!r})")}

    report = judge_example(edits=edits, only=("autogenerate",))

    assert report.findings == ()
    assert [note.message for note in report.notes] == [
        "autogenerate never drafts: function; these parts of the chain are by hand"
    ]


HIDES_AN_INDEX = {
    "env.py": (
        "compare_server_default=True,",
        "compare_server_default=True, include_object=lambda _object, name, *_: name != 'ix_book_unsold',",
    )
}


def test_what_a_draft_leaves_out_of_a_right_chain_is_a_note(judge_example: Callable[..., Report]) -> None:
    report = judge_example(edits=HIDES_AN_INDEX, only=("autogenerate",))

    assert report.findings == ()
    assert [note.message.partition(" would be")[0] for note in report.notes] == [
        "a limit of Alembic's draft, which leaves the chain as right as it is: index public.ix_book_unsold"
    ]


ASKS_FALSELY = {
    "env.py": (
        "compare_server_default=True,",
        "compare_server_default=True, compare_type=lambda _context, _inspected, column, *_: column.name == 'title',",
    )
}


def test_what_alembic_asks_for_where_the_catalogs_agree_is_told_as_its_false_alarm(
    judge_example: Callable[..., Report],
) -> None:
    report = judge_example(edits=ASKS_FALSELY, only=("autogenerate",))

    assert report.findings == ()
    assert "Alembic asks for op.alter_column('book', 'title'" in report.notes[0].message


IN_A_SCHEMA = {
    "bookshop.py": (
        "class Author(Base):\n",
        'class Shelf(Base):\n    __tablename__ = "shelf"\n    __table_args__ = {"schema": "store"}\n\n    id: Mapped[int] = mapped_column(primary_key=True)\n\n\nclass Author(Base):\n',
    ),
    "versions/0003_add_country.py": (
        "def upgrade():",
        "def upgrade():\n    op.execute('CREATE SCHEMA store')\n    op.execute('CREATE TABLE store.shelf (id serial PRIMARY KEY)')",
    ),
}


def test_a_table_in_a_schema_that_env_py_does_not_look_into_is_told_with_what_lets_it(
    judge_example: Callable[..., Report],
) -> None:
    report = judge_example(edits=IN_A_SCHEMA, only=("autogenerate",))

    assert report.findings == ()
    told = [note.message for note in report.notes if "op.create_table('shelf'" in note.message]
    assert [message.rpartition("; ")[2] for message in told] == [
        "context.configure(…, include_schemas=True) in env.py lets it look into that schema"
    ]


def test_a_constraint_that_is_not_valid_can_be_compared(found: Callable[..., Any]) -> None:
    statement = "ALTER TABLE book ADD CONSTRAINT ck_book_title CHECK (title <> '') NOT VALID"
    edits = {"versions/0003_add_country.py": ("def upgrade():", f"def upgrade():\n    op.execute({statement!r})")}

    assert "the comparison at the heads" not in {finding.subject for finding in found("autogenerate", edits)}


def test_what_drift_tells_is_not_told_again(judge_example: Callable[..., Report]) -> None:
    edits = {"bookshop.py": ("pages BETWEEN 1 AND 5000", "pages BETWEEN 1 AND 9000")}

    report = judge_example(edits=edits, only=("drift", "autogenerate"))

    assert [(finding.check, finding.subject) for finding in report.findings] == [
        ("drift", "constraint public.book.ck_book_pages")
    ]


# As alembic-postgresql-enum does it, which writes into the columns and the types that it is given.
WRITING_HOOK = """\
import sqlalchemy as sa

class Marked(sa.Enum):
    pass

def write_into_models(_context, _revision, directives):
    for operation in directives[0].upgrade_ops.ops:
        for column in getattr(operation, "columns", ()):
            if column.name == "cover":
                column.type.__class__ = Marked
                column.type = sa.Text()

"""


WRITES_INTO_MODELS = {
    "env.py": (
        "context.configure(",
        f"{WRITING_HOOK}context.configure(\n    process_revision_directives=write_into_models,",
    )
}


def test_what_a_hook_writes_into_models_is_seen_by_no_other_check(judge_example: Callable[..., Report]) -> None:
    report = judge_example(edits=WRITES_INTO_MODELS, only=("drift", "enums", "autogenerate"))

    # The hook did its work: without it autogenerate has nothing to tell either.
    assert report.findings == ()
    assert {note.check for note in report.notes} == {"autogenerate"}


def test_what_a_hook_writes_into_models_is_gone_in_the_next_run_of_one_project(
    example: Callable[..., Path], pg_server: Server
) -> None:
    settings = load_settings(None, alembic=example(edits=WRITES_INTO_MODELS) / "alembic.ini", skip=("roundtrip",))
    plan = plan_run(settings)

    runs = [run_on(pg_server, plan, started=perf_counter()) for _ in range(2)]

    assert runs[0].record.models == runs[1].record.models
    assert runs[0].report.findings == runs[1].report.findings


def test_a_project_without_a_template_drafts_by_alembics_own(judge_example: Callable[..., Report]) -> None:
    report = judge_example(edits={"script.py.mako": None}, only=("autogenerate",))

    assert report.findings == ()


def test_heads_that_are_chosen_are_compared_though_others_were_left_out(judge_example: Callable[..., Report]) -> None:
    apart = 'revision = "0009"\ndown_revision = None\n\nfrom alembic import op\n\n\ndef upgrade():\n    op.execute("CREATE TABLE apart ()")\n'

    report = judge_example(edits={"versions/0009_apart.py": apart}, heads=("0003",), only=("autogenerate",))

    assert report.findings == ()
    assert {result.name for result in report.results if result.status is Status.PASSED} >= {"autogenerate"}


def test_heads_of_which_one_depends_on_another_are_compared(judge_example: Callable[..., Report]) -> None:
    apart = 'revision = "0009"\ndown_revision = None\ndepends_on = "0003"\n\n\ndef upgrade():\n    pass\n'

    report = judge_example(edits={"versions/0009_apart.py": apart}, heads=("0003", "0009"), only=("autogenerate",))

    assert report.findings == ()


def test_what_it_finds_of_models_that_the_server_refuses_in_part_is_told_once_where_drift_tells_them(
    judge_example: Callable[..., Report],
) -> None:
    refused = 'sa.Index("ix_book_title", "title", postgresql_using="gin")'
    edits = {
        MODELS: ('sa.Index("ix_book_title", sa.text("lower(title)"), postgresql_include=["pages"])', refused),
        "versions/0002_add_book.py": (
            'op.create_index("ix_book_unsold", "book", ["author_id"], postgresql_where=sa.text("sold_at IS NULL"))',
            "pass",
        ),
    }

    report = judge_example("sound", edits, only=("drift", "autogenerate"))

    assert {one.check for one in report.findings} == {"drift"}
    assert [one.message.partition(";")[0] for one in report.notes if one.is_told_elsewhere] == [
        "3 findings more of what `drift` tells"
    ]
    (result,) = [one for one in report.results if one.name == "autogenerate"]
    assert report.cell(result, None) == (Cell.UNTRIED, ())


def test_a_template_that_quotes_down_revision_is_told_to_print_it(judge_example: Callable[..., Report]) -> None:
    quoted = {"script.py.mako": ("down_revision = ${repr(down_revision)}", 'down_revision = "${down_revision}"')}

    (finding,) = judge_example(edits=quoted, only=("autogenerate",)).findings

    assert finding.code == "PGH-A003"
    assert finding.mend.endswith("script.py.mako: down_revision = ${repr(down_revision)}")


OF_ANOTHER_MODULE = {
    MODELS: ("title: Mapped[str] = mapped_column(sa.Text)", "title: Mapped[str] = mapped_column(shelf.types.Title)"),
    "shelf/__init__.py": "",
    "shelf/types.py": "import sqlalchemy as sa\n\n\nclass Title(sa.types.TypeDecorator):\n    impl = sa.Text\n    cache_ok = True\n",
}


@pytest.mark.parametrize("template", [None, "import sqlalchemy as sa\nimport shelf.types\n"])
def test_a_draft_that_lacks_a_module_is_led_to_its_import_which_mends_it(
    template: str | None, example: Callable[..., Path], command_line: Callable[..., Any]
) -> None:
    project = example(edits=OF_ANOTHER_MODULE)
    (models,) = project.glob("bookshop_*.py")
    models.write_text("import shelf.types\n" + models.read_text(encoding="utf-8"), encoding="utf-8")
    if template is not None:
        mako = project / "script.py.mako"
        text = mako.read_text(encoding="utf-8").replace("import sqlalchemy as sa\n", template)
        mako.write_text(text, encoding="utf-8")

    ended = command_line("check", "--alembic", project / "alembic.ini", "--only", "autogenerate")

    assert ended.code == (1 if template is None else 0), ended.out
    mend = r"add `import shelf.types` to \S*script.py.mako, below `import sqlalchemy as sa`"
    assert (re.search(mend, ended.out) is not None) == (template is None)


def test_a_module_that_only_alembics_own_template_lacks_is_no_fault_of_the_project(
    example: Callable[..., Path], command_line: Callable[..., Any]
) -> None:
    """Packages leave the template out; a revision is drafted where there is one."""
    project = example(edits=OF_ANOTHER_MODULE)
    (models,) = project.glob("bookshop_*.py")
    models.write_text("import shelf.types\n" + models.read_text(encoding="utf-8"), encoding="utf-8")
    (project / "script.py.mako").unlink()

    ended = command_line("check", "--alembic", project / "alembic.ini", "--only", "autogenerate")

    assert ended.code == 0, ended.out
    assert "script.py.mako is not there, and what Alembic's own template drafts lacks `import shelf.types`" in ended.out


ASKS_HOW_IT_IS_TYPED = """\
def nothing_where_nothing_is(context, _revision, directives):
    if context.config.cmd_opts.autogenerate and directives[0].upgrade_ops.is_empty():
        directives[:] = []

"""


def test_a_hook_that_asks_whether_autogenerate_was_typed_is_told_so(judge_example: Callable[..., Report]) -> None:
    configured = "context.configure(\n    process_revision_directives=nothing_where_nothing_is,"

    report = judge_example(
        edits={"env.py": ("context.configure(", ASKS_HOW_IT_IS_TYPED + configured)}, only=("autogenerate",)
    )

    assert report.findings == ()


@pytest.mark.parametrize("written", ['"it\'s"', "sa.text(\"'it''s'\")"])
def test_a_default_with_a_quote_that_alembic_cannot_compare_is_told_to_be_written_as_sql(
    written: str, judge_example: Callable[..., Report]
) -> None:
    edits = {
        MODELS: ('server_default="unknown"', f"server_default={written}"),
        "versions/0003_add_country.py": ('server_default="unknown"', f"server_default={written}"),
    }

    findings = judge_example(edits=edits, only=("autogenerate",)).findings

    assert [one.code for one in findings] == (["PGH-A001"] if "text" not in written else [])
    assert all("write the default as SQL in the model" in one.mend for one in findings)


REPLACING = """\
from alembic.autogenerate import comparators, renderers
from alembic.operations import MigrateOperation, Operations

SAID = "SELECT pages FROM book"


class ReplaceStock(MigrateOperation):
    def reverse(self):
        return self


@Operations.implementation_for(ReplaceStock)
def replace_stock(operations, _operation):
    operations.execute(f"CREATE OR REPLACE VIEW stock AS {SAID}")


@renderers.dispatch_for(ReplaceStock)
def render(_context, _operation):
    return f"stock = View('public', 'stock', '{SAID}')\\nop.replace_stock(stock)"


@comparators.dispatch_for("schema")
def compare_stock(context, upgrade, _schemas):
    there = context.connection.exec_driver_sql("SELECT pg_get_viewdef(to_regclass('stock'))").scalar()
    if there is None or "author" in there:
        upgrade.ops.append(ReplaceStock())


connection ="""
STOCK = ("def upgrade():", "def upgrade():\n    op.execute('CREATE VIEW stock AS SELECT id AS pages FROM author')")


@pytest.mark.parametrize("checks", [("drift", "autogenerate"), ("autogenerate",)], ids=len)
def test_what_a_plugin_compares_is_told_once(checks: tuple[str, ...], judge_example: Callable[..., Report]) -> None:
    edits = {"versions/0003_add_country.py": STOCK, "env.py": ("connection =", REPLACING)}

    found = judge_example("sound", edits, only=checks).findings

    assert [one.check for one in found if "stock" in one.subject] == [checks[0]]
