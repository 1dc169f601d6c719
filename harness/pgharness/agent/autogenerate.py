"""Asks Alembic's autogenerate what it would draft: at the heads, and for an empty database as a whole new chain."""

from __future__ import annotations

import contextlib
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import alembic
from alembic import command
from alembic.autogenerate import RevisionContext, render_op_text
from alembic.autogenerate.api import AutogenContext

from .leaving_out import LeftOut, noting_what_is_left_out
from .plugins import leaves
from .project import script_directory
from .versions import rollback

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

    from .environment import Environment

# Of `alembic revision --autogenerate -m draft`.
ARGUMENTS: dict[str, Any] = {
    "message": "draft",
    "autogenerate": True,
    "sql": False,
    "head": "head",
    "splice": False,
    "branch_label": None,
    "version_path": None,
    "rev_id": None,
    "depends_on": None,
}


def pending_operations(environment: Environment, left_out: list[LeftOut]) -> list[str]:
    """Return the operations that `alembic check` would still want, each as the line of a draft; note what env.py leaves out."""
    with noting_what_is_left_out(environment) as noted, _typed_as_revision(environment):
        drafts = _compare(environment)
    left_out += noted
    context = AutogenContext(environment.new_context())
    return [
        render_op_text(context, operation)
        for revision in drafts.generated_revisions
        for container in revision.upgrade_ops_list
        for operation in leaves(container)
    ]


def write_draft(environment: Environment) -> list[str]:
    """Write what autogenerate drafts into the folder of versions; give the revisions that are there now, in upgrade order."""
    project = environment.project
    with _typed_as_revision(environment):
        drafts = _compare(environment)
        _lend_template(project.scripts)
        list(drafts.generate_scripts())
    project.scripts = script_directory(project.config)
    ordered = list(project.scripts.iterate_revisions("heads", "base", implicit_base=True))[::-1]
    return [script.revision for script in ordered]


def _lend_template(scripts: ScriptDirectory) -> None:
    """Let a project that has no script.py.mako, as packages leave it out, draft by Alembic's own."""
    if (Path(scripts.dir) / "script.py.mako").is_file():
        return
    generic = Path(alembic.__file__).with_name("templates") / "generic" / "script.py.mako"
    generate: Any = scripts._generate_template  # what writes a revision from a template  # noqa: SLF001
    lent: Any = lambda source, *rest, **words: generate(type(source)(generic), *rest, **words)  # noqa: E731
    scripts._generate_template = lent  # type: ignore[method-assign]  # noqa: SLF001


@contextlib.contextmanager
def _typed_as_revision(environment: Environment) -> Iterator[None]:
    """Let `config.cmd_opts` be what `alembic revision --autogenerate` leaves there, which hooks of env.py ask."""
    config = environment.project.config
    typed = config.cmd_opts
    named = {**vars(typed)} if typed is not None else {}
    for name in ("revision", "tag"):  # of `alembic upgrade`
        named.pop(name, None)
    named |= {**ARGUMENTS, "cmd": (command.revision, [], [*ARGUMENTS])}
    config.cmd_opts = Namespace(**named)
    try:
        yield
    finally:
        config.cmd_opts = typed


def _compare(environment: Environment) -> RevisionContext:
    """Do what `alembic revision --autogenerate` does up to the writing of files, env.py's own hooks included."""
    drafts = RevisionContext(environment.project.config, environment.project.scripts, {**ARGUMENTS})
    context = environment.new_context(template_args=drafts.template_args, revision_context=drafts)
    # Alembic refuses a database that is not at all heads; where some are chosen, it is meant to be.
    heads: Any = "heads" if environment.project.task["heads"] else context.get_current_heads()
    drafts.run_autogenerate(heads, context)
    rollback(environment.connection)
    return drafts
