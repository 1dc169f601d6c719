"""Publishing a version of a workflow: from then on its steps stay as they are."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema.models import WorkflowVersion


async def publish_version(session: AsyncSession, workflow_id: UUID, version: int) -> datetime:
    """Publish a version and return since when it is; one that is published already stays as it is.

    Waits for whoever is changing its steps. Which version new runs are of, `workflow.version`, is the caller's to move. Raises
    NotFoundError where there is no such version.
    """
    statement = (
        update(WorkflowVersion)
        .where(
            WorkflowVersion.workflow_id == workflow_id,
            WorkflowVersion.version == version,
            WorkflowVersion.published_at.is_(None),
        )
        .values(published_at=func.now())
        .returning(WorkflowVersion.published_at)
        .execution_options(synchronize_session="fetch")
    )
    published_at = (await session.execute(statement)).scalar_one_or_none()
    if published_at is None:
        key = (workflow_id, version)
        published_at = (await session.get_one(WorkflowVersion, key, populate_existing=True)).published_at
    assert published_at is not None
    return published_at
