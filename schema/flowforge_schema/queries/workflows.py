"""What is automated: the workflows of an owner, one by name, the steps of a version. The list leaves out `settings`."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Select, func, select

from flowforge_schema.models import Workflow, WorkflowStep
from flowforge_schema.queries.pages import PAGE_LENGTH, Cursor, older_than, without


def workflows_of_owner(owner_id: UUID, *, after: Cursor | None = None, limit: int = PAGE_LENGTH) -> Select[Workflow]:
    """Return an owner's workflows, newest first, archived ones too: a page must not have to read past what it leaves out."""
    statement = select(Workflow).where(Workflow.owner_id == owner_id)
    if after is not None:
        statement = statement.where(older_than(after, Workflow.created_at, Workflow.id))
    newest_first = statement.order_by(Workflow.created_at.desc(), Workflow.id.desc())
    return newest_first.limit(limit).options(*without(Workflow.settings))


def workflow_by_name(owner_id: UUID, name: str) -> Select[Workflow]:
    """Return the owner's workflow of this name, in any case, that is not archived."""
    return select(Workflow).where(
        Workflow.owner_id == owner_id, func.lower(Workflow.name) == func.lower(name), Workflow.archived_at.is_(None)
    )


def steps_of_version(workflow_id: UUID, version: int) -> Select[WorkflowStep]:
    """Return the steps of one version of a workflow in their order."""
    return (
        select(WorkflowStep)
        .where(WorkflowStep.workflow_id == workflow_id, WorkflowStep.workflow_version == version)
        .order_by(WorkflowStep.position)
    )
