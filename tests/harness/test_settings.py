"""Settings come from the file, then the environment, then options; what cannot be used is told by name."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pgharness.findings import CannotRun
from pgharness.settings import DEFAULT_IMAGE, load_settings


@pytest.fixture(autouse=True)
def _without_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no variable of whoever runs the tests be a setting."""
    for name in [name for name in os.environ if name.startswith("PGHARNESS_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """Write the current folder's pyproject.toml."""
    return (tmp_path / "pyproject.toml").write_text


def refusal(**options: Any) -> CannotRun:
    with pytest.raises(CannotRun) as caught:
        load_settings(None, **options)
    return caught.value


def test_without_any_settings_the_defaults_serve() -> None:
    settings = load_settings()

    assert (settings.alembic, settings.server, settings.image) == (Path("alembic.ini"), "auto", DEFAULT_IMAGE)


def test_options_win_over_the_environment_and_that_over_the_file(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    write('[tool.pgharness]\nserver = "container"\nimage = "postgres:17"\nsince = "0001"\n')
    monkeypatch.setenv("PGHARNESS_SERVER", "embedded")
    monkeypatch.setenv("PGHARNESS_IMAGE", "postgres:16")

    settings = load_settings(server="postgresql://host/shop")

    assert (settings.server, settings.image, settings.since) == ("postgresql://host/shop", "postgres:16", "0001")


def test_an_option_that_is_not_given_leaves_the_setting_alone(write: Any) -> None:
    write('[tool.pgharness]\nserver = "container"\nonly = ["graph"]\n')

    settings = load_settings(server=None, only=())

    assert (settings.server, settings.only) == ("container", ("graph",))


@pytest.mark.parametrize("name", ["only", "skip", "baseline", "since", "server", "environment", "rows_per_table"])
def test_a_variable_that_is_empty_counts_as_not_given(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without = load_settings()

    monkeypatch.setenv(f"PGHARNESS_{name.upper()}", "")

    assert getattr(load_settings(), name) == getattr(without, name)


def test_paths_in_a_file_are_relative_to_it(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    file = tmp_path / "shop" / "pyproject.toml"
    file.write_text('[tool.pgharness]\nalembic = "db/alembic.ini"\nstructure = "db/structure.sql"\n')

    settings = load_settings(file)

    assert (settings.alembic, settings.structure) == (
        tmp_path / "shop/db/alembic.ini",
        tmp_path / "shop/db/structure.sql",
    )


def test_a_variable_lists_names_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHARNESS_ONLY", "graph, drift")

    assert load_settings().only == ("graph", "drift")


def test_a_rule_of_what_to_ignore_has_a_reason_and_may_have_an_end(write: Any) -> None:
    write(
        '[tool.pgharness]\nignore = [{ kind = "trigger", object = "public.*", reason = "audit", expires = 2027-01-31 }]\n'
    )

    (rule,) = load_settings().ignore

    assert (rule.kind, rule.object, rule.property, rule.expires) == ("trigger", "public.*", "*", date(2027, 1, 31))


BROKEN_FILES = [
    pytest.param('[tool.pgharness]\nservr = "auto"\n', "unknown setting 'servr'", "did you mean 'server'?", id="an unknown setting"),
    pytest.param("[tool.pgharness\n", "is not valid TOML", "correct pyproject.toml", id="a file that is no TOML"),
    pytest.param("[tool]\npgharness = 3\n", "is not a table", "write [tool.pgharness]", id="a number instead of a table"),
    pytest.param('tool = "hammer"\n', "is not a table", "write [tool.pgharness]", id="a text instead of tables"),
    pytest.param('[tool.pgharnes]\nserver = "auto"\n', "has no [tool.pgharness]", "did you mean that?", id="a table of nearly that name"),
    pytest.param("[tool.pgharness]\nheads = 3\n", "Invalid value for the setting 'heads'", 'heads = ["…"]', id="a number instead of a list"),
    pytest.param('[tool.pgharness]\nenvironment = "x"\n', "Invalid value for the setting 'environment'", 'environment = { "<name>" = "…" }', id="a text instead of a table"),
    pytest.param('[tool.pgharness]\nvalues = { "a.b" = "x" }\n', "Invalid value for the setting 'values.a.b'", 'values = { "<table>.<column>" = ["…"] }', id="a text instead of texts"),
    pytest.param('[tool.pgharness]\ntraffic = "yes please"\n', "Invalid value for the setting 'traffic'", "traffic = true", id="a text instead of yes or no"),
    pytest.param('[tool.pgharness]\nignore = "index"\n', "Invalid value for the setting 'ignore'", "[[tool.pgharness.ignore]]", id="a text instead of rules"),
    pytest.param("[tool.pgharness]\nrows_per_table = -1\n", "Invalid value for the setting 'rows_per_table'", "PGHARNESS_ROWS_PER_TABLE", id="a number that is too small"),
    pytest.param("[tool.pgharness]\nalembic = 3\n", "Invalid value for the setting 'alembic'", "in [tool.pgharness] of pyproject.toml", id="a number instead of a path"),
    pytest.param('[tool.pgharness]\nignore = [{ kind = "trigger" }]\n', "Invalid value for the setting 'ignore.0.reason'", "PGHARNESS_IGNORE", id="a rule without a reason"),
    pytest.param('[tool.pgharness]\nstrict = ["columns"]\n', "Invalid value for the setting 'strict'", "PGHARNESS_STRICT", id="a minor difference that there is not"),
    pytest.param('[tool.pgharness]\nenvironment = { DATABASE_URL = "{uri}" }\n', "Invalid value for the setting 'environment'", "PGHARNESS_ENVIRONMENT", id="an unknown placeholder"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "what", "mend"), BROKEN_FILES)
def test_a_file_that_cannot_be_used_is_told(write: Any, text: str, what: str, mend: str) -> None:
    write(text)

    told = refusal()

    assert what in told.what
    assert mend in told.mend


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"\xff\xfe\x00")

    assert "is not valid TOML" in refusal().what


@pytest.mark.parametrize(
    ("name", "value", "what", "mend"),
    [
        (
            "PGHARNESS_ROWS_PER_TABLE",
            "many",
            "Invalid value for the setting 'rows_per_table'",
            "PGHARNESS_ROWS_PER_TABLE",
        ),
        ("PGHARNESS_ENVIRONMENT", "{", "Invalid environment variable", "correct or unset it"),
        (
            "PGHARNESS_SERVR",
            "auto",
            "Unknown environment variable PGHARNESS_SERVR",
            "did you mean 'PGHARNESS_SERVER'?",
        ),
    ],
)
def test_a_variable_that_cannot_be_used_is_told(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, what: str, mend: str
) -> None:
    monkeypatch.setenv(name, value)

    told = refusal()

    assert what in told.what
    assert mend in told.mend


def test_variables_of_others_are_nobodys_misspelling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHARNESS_CACHE_DIR", "/nowhere")
    monkeypatch.setenv("PGHARNESS_OF_SOMEBODY_ELSE", "1")

    assert load_settings().server == "auto"


def test_a_message_survives_the_way_between_processes() -> None:
    import pickle

    reason = CannotRun("It failed.", seen="this", mend="that")

    assert str(pickle.loads(pickle.dumps(reason))) == "It failed.\n  seen: this\n  fix: that"  # noqa: S301 - made here
