"""Who acts: a user by e-mail address, a key by its prefix, the keys of a user."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import contains_eager

from flowforge_schema.models import ApiKey, User


def user_by_email(email: str) -> Select[User]:
    """Return the user with this address in any case; to check a password, add `.options(undefer(User.password_hash))`."""
    return select(User).where(func.lower(User.email) == func.lower(email))


def api_key_by_prefix(prefix: str) -> Select[ApiKey]:
    """Return the key with this public prefix and its user, loaded with it; revoked and expired keys too, to say why not."""
    return select(ApiKey).join(ApiKey.user).where(ApiKey.prefix == prefix).options(contains_eager(ApiKey.user))


def api_keys_of_user(user_id: UUID) -> Select[ApiKey]:
    """Return all keys of a user, newest first; a person has a handful, so they come without pages."""
    return select(ApiKey).where(ApiKey.user_id == user_id).order_by(ApiKey.created_at.desc(), ApiKey.id.desc())
