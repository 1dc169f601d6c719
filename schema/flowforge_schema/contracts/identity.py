"""Contracts of `users` and `api_keys`. Hashes go in and never come out."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import MISSING, Field, StrictBool

from flowforge_schema.contracts.contract import Contract, Row
from flowforge_schema.contracts.fields import (
    ApiKeyHash,
    ApiKeyName,
    ApiKeyPrefix,
    DisplayName,
    Email,
    Id,
    PasswordHash,
    PositiveSmallint,
    Scopes,
    Timestamp,
)


class UserCreate(Contract):
    """A new user, as an administrator makes one; a stranger gets UserSignUp. The e-mail address is kept as written and is unique whatever its case."""

    email: Email
    display_name: DisplayName | None = None
    password_hash: PasswordHash | None = None
    is_active: StrictBool = True
    is_superuser: StrictBool = False
    email_verified_at: Timestamp | None = None
    last_login_at: Timestamp | None = None


class UserSignUp(Contract):
    """What a stranger may say of a new user; rights, checks and the hash of a password are the application's own."""

    email: Email
    display_name: DisplayName | None = None


class UserUpdate(Contract):
    """A change of a user by an administrator; what is left out stays."""

    email: Email | MISSING = MISSING
    display_name: DisplayName | MISSING | None = MISSING
    password_hash: PasswordHash | MISSING | None = MISSING
    is_active: StrictBool | MISSING = MISSING
    is_superuser: StrictBool | MISSING = MISSING
    email_verified_at: Timestamp | MISSING | None = MISSING
    last_login_at: Timestamp | MISSING | None = MISSING


class UserRead(Row):
    """A user."""

    id: UUID
    email: str
    display_name: str | None
    is_active: bool
    is_superuser: bool
    email_verified_at: datetime | None
    last_login_at: datetime | None
    created_at: datetime
    updated_at: datetime


class ApiKeyCreate(Contract):
    """A new API key: what finds it and what proves it, never the key itself."""

    user_id: Id
    name: ApiKeyName
    prefix: ApiKeyPrefix
    key_hash: ApiKeyHash
    hash_version: PositiveSmallint = 1
    scopes: Scopes = Field(default=[])
    expires_at: Timestamp | None = None
    last_used_at: Timestamp | None = None
    revoked_at: Timestamp | None = None


class ApiKeyUpdate(Contract):
    """A change of an API key; what is left out stays. Owner, prefix and hash are fixed: make a new key instead."""

    name: ApiKeyName | MISSING = MISSING
    scopes: Scopes | MISSING = MISSING
    expires_at: Timestamp | MISSING | None = MISSING
    last_used_at: Timestamp | MISSING | None = MISSING
    revoked_at: Timestamp | MISSING | None = MISSING


class ApiKeyRead(Row):
    """An API key without its hash."""

    id: UUID
    user_id: UUID
    name: str
    prefix: str
    hash_version: int
    scopes: list[str]
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime
    updated_at: datetime
