"""What is automated: workflows, their versions, and the steps of each version."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from flowforge_schema import limits
from flowforge_schema.base import Base, Identified, length_check, list_checks, object_checks
from flowforge_schema.models.identity import User


def step_key_check(column: str) -> CheckConstraint:
    """Hold a step's key to `limits.STEP_KEY_PATTERN`; the constraint is named `…__<column>_format`.

    Characters and length apart: PostgreSQL takes seven times as long for the counted {1,64} as for +, on every log
    (benchmarks/volumes.py).
    """
    characters = limits.STEP_KEY_PATTERN.replace(f"{{1,{limits.STEP_KEY_LENGTH_MAX}}}", "+")
    return CheckConstraint(
        f"{column} ~ '{characters}' AND char_length({column}) <= {limits.STEP_KEY_LENGTH_MAX}", name=f"{column}_format"
    )


class Workflow(Identified, Base):
    """A workflow of one owner; archived rather than deleted, because runs keep their history.

    Two people who change one at the same time are told by `lock_version`: the second write is refused.
    """

    __tablename__ = "workflows"
    __table_args__ = (
        Index(
            "uq_workflows__owner_id_lower_name",
            "owner_id",
            func.lower(text("name")),
            unique=True,
            postgresql_where=text("archived_at IS NULL"),
        ),
        # Newest first, and never by the primary key: the planner would then walk that backwards over all owners.
        Index("ix_workflows__owner_id_created_at_id", "owner_id", text("created_at DESC"), text("id DESC")),
        length_check("name", longest=limits.WORKFLOW_NAME_LENGTH_MAX),
        length_check("description", shortest=0, longest=limits.WORKFLOW_DESCRIPTION_LENGTH_MAX),
        CheckConstraint("version >= 1", name="version_positive"),
        *object_checks("settings", size_bytes=limits.WORKFLOW_SETTINGS_SIZE_BYTES_MAX),
    )

    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    name: Mapped[str]
    description: Mapped[str | None]
    is_enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    settings: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    archived_at: Mapped[datetime | None]
    lock_version: Mapped[int] = mapped_column(server_default=text("1"))

    __mapper_args__: Any = {**Base.__mapper_args__, "version_id_col": lock_version}  # noqa: RUF012 - as in Base

    owner: Mapped[User] = relationship(lazy="raise")
    steps: Mapped[list[WorkflowStep]] = relationship(
        back_populates="workflow",
        lazy="raise",
        passive_deletes="all",
        order_by="WorkflowStep.workflow_version, WorkflowStep.position",
    )


def version_key(*, table: str, ondelete: str) -> ForeignKeyConstraint:
    """Let a table refer to a version by `workflow_id` and `workflow_version`; the constraint is `fk_<table>__version__workflow_versions`.

    Named by hand: with all columns the name would be too long for PostgreSQL.
    """
    columns, referred = (
        ["workflow_id", "workflow_version"],
        ["workflow_versions.workflow_id", "workflow_versions.version"],
    )
    return ForeignKeyConstraint(columns, referred, name=f"fk_{table}__version__workflow_versions", ondelete=ondelete)


class WorkflowVersion(Base):
    """A version of a workflow: a draft until `published_at` is set, by `publish_version`; from then on it and its steps stay as they are.

    The row comes by itself with a workflow of that version, and with the first step of one (`version_rules`). Runs are of a version that
    there is.
    """

    __tablename__ = "workflow_versions"
    __table_args__ = (CheckConstraint("version >= 1", name="version_positive"),)

    workflow_id: Mapped[UUID] = mapped_column(ForeignKey("workflows.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    published_at: Mapped[datetime | None]


class WorkflowStep(Identified, Base):
    """A step of one version of a workflow.

    Steps of a published version are never edited, which the database refuses: a new version copies them, so that a run which is under way keeps the
    steps that it started with. `key` is the step's stable name over all versions; `depends_on` holds keys of the same version.
    """

    __tablename__ = "workflow_steps"
    __table_args__ = (
        version_key(table="workflow_steps", ondelete="CASCADE"),
        UniqueConstraint("workflow_id", "workflow_version", "position"),
        UniqueConstraint("workflow_id", "workflow_version", "key"),
        CheckConstraint("workflow_version >= 1", name="workflow_version_positive"),
        step_key_check("key"),
        length_check("name", longest=limits.STEP_NAME_LENGTH_MAX),
        length_check("step_type", longest=limits.STEP_TYPE_LENGTH_MAX),
        CheckConstraint("position >= 0", name="position_not_negative"),
        CheckConstraint("NOT (key = ANY (depends_on))", name="not_its_own_dependency"),
        *list_checks("depends_on", most=limits.STEP_DEPENDS_ON_MAX, size_bytes=limits.STEP_DEPENDS_ON_SIZE_BYTES_MAX),
        *object_checks("config", size_bytes=limits.STEP_CONFIG_SIZE_BYTES_MAX),
        CheckConstraint(f"max_attempts BETWEEN 1 AND {limits.STEP_MAX_ATTEMPTS_MAX}", name="max_attempts_range"),
        CheckConstraint("timeout_seconds > 0", name="timeout_seconds_positive"),
    )

    workflow_id: Mapped[UUID] = mapped_column(ForeignKey("workflows.id", ondelete="CASCADE"))
    workflow_version: Mapped[int] = mapped_column(server_default=text("1"))
    key: Mapped[str]
    name: Mapped[str]
    step_type: Mapped[str]
    position: Mapped[int]
    depends_on: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))
    config: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    max_attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    timeout_seconds: Mapped[int | None]

    workflow: Mapped[Workflow] = relationship(back_populates="steps", lazy="raise")
