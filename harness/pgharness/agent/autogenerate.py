"""Asks Alembic's autogenerate what it would draft: at the heads, and for an empty database as a whole new chain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alembic.autogenerate import RevisionContext, render_op_text
from alembic.autogenerate.api import AutogenContext

from .leaving_out import LeftOut, noting_what_is_left_out
from .plugins import leaves
from .project import script_directory
from .versions import rollback

if TYPE_CHECKING:
    from .environment import Environment


def pending_operations(environment: Environment, left_out: list[LeftOut]) -> list[str]:
    """Return the operations that `alembic check` would still want, each as the line of a draft; note what env.py leaves out."""
    with noting_what_is_left_out(environment) as noted:
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
    list(_compare(environment).generate_scripts())
    project = environment.project
    project.scripts = script_directory(project.config)
    ordered = list(project.scripts.iterate_revisions("heads", "base", implicit_base=True))[::-1]
    return [script.revision for script in ordered]


def _compare(environment: Environment) -> RevisionContext:
    """Do what `alembic revision --autogenerate` does up to the writing of files, env.py's own hooks included."""
    arguments: dict[str, Any] = {
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
    drafts = RevisionContext(environment.project.config, environment.project.scripts, arguments)
    context = environment.new_context(template_args=drafts.template_args, revision_context=drafts)
    drafts.run_autogenerate(context.get_current_heads(), context)
    rollback(environment.connection)
    return drafts
