"""Who acts: users and the keys with which programs act for them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from flowforge_schema import limits
from flowforge_schema.base import Base, Identified, length_check, list_checks


class User(Identified, Base):
    """A person who signs in; deactivated rather than deleted, because workflows refer to their owner."""

    __tablename__ = "users"
    __table_args__ = (
        length_check("email", shortest=limits.EMAIL_LENGTH_MIN, longest=limits.EMAIL_LENGTH_MAX),
        CheckConstraint(f"email ~ '{limits.EMAIL_PATTERN}'", name="email_has_one_at"),
        CheckConstraint(f"email !~ '{limits.EMAIL_BLANK_PATTERN}'", name="email_no_blank"),
        CheckConstraint("email IS NFC NORMALIZED", name="email_normalized"),
        length_check("display_name", longest=limits.DISPLAY_NAME_LENGTH_MAX),
        length_check("password_hash", longest=limits.PASSWORD_HASH_LENGTH_MAX),
        # lower() would follow the database's locale; this is one function on every server, and Unicode keeps it as it is.
        Index("uq_users__casefold_email", func.casefold(text("email COLLATE pg_unicode_fast")), unique=True),
    )

    email: Mapped[str]
    display_name: Mapped[str | None]
    # Null for a person who signs in elsewhere. Never read by accident: ask for it with undefer().
    password_hash: Mapped[str | None] = mapped_column(deferred=True, deferred_raiseload=True)
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    is_superuser: Mapped[bool] = mapped_column(server_default=text("false"))
    email_verified_at: Mapped[datetime | None]
    last_login_at: Mapped[datetime | None]

    api_keys: Mapped[list[ApiKey]] = relationship(back_populates="user", lazy="raise", passive_deletes="all")


class ApiKey(Identified, Base):
    """A key of a user: found by its public prefix, proven by its hash, and never stored itself."""

    __tablename__ = "api_keys"
    __table_args__ = (
        UniqueConstraint("prefix"),
        Index(None, "user_id"),
        length_check("name", longest=limits.API_KEY_NAME_LENGTH_MAX),
        CheckConstraint(f"prefix ~ '{limits.API_KEY_PREFIX_PATTERN}'", name="prefix_format"),
        CheckConstraint(f"octet_length(key_hash) = {limits.API_KEY_HASH_SIZE_BYTES}", name="key_hash_size"),
        CheckConstraint("hash_version >= 1", name="hash_version_positive"),
        *list_checks("scopes", most=limits.API_KEY_SCOPES_MAX, size_bytes=limits.API_KEY_SCOPES_SIZE_BYTES_MAX),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str]
    prefix: Mapped[str]
    key_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hash_version: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    scopes: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(back_populates="api_keys", lazy="raise")
