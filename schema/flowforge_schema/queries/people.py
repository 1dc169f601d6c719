"""Who acts: a user by e-mail address, a key by its prefix, the keys of a user, and the note that a key was used."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Interval, Select, cast, collate, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, contains_eager

from flowforge_schema.models import ApiKey, User

# Longer than a burst of requests, and short enough to see that a key is in use.
TOUCH_INTERVAL = timedelta(minutes=1)


def user_by_email(email: str) -> Select[User]:
    """Return the user with this address in any case; to check a password, add `.options(undefer(User.password_hash))`."""
    return select(User).where(_folded(User.email) == _folded(func.normalize(email)))


def api_key_by_prefix(prefix: str) -> Select[ApiKey]:
    """Return the key with this public prefix and its user, loaded with it; revoked and expired keys too, to say why not."""
    return select(ApiKey).join(ApiKey.user).where(ApiKey.prefix == prefix).options(contains_eager(ApiKey.user))


def usable_api_key(prefix: str) -> Select[ApiKey]:
    """Return the key with this prefix, with its user, where it is not revoked, has not expired and the user is active.

    Whoever has the prefix does not have the key: compare its hash next.
    """
    is_valid = or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > func.now())
    return api_key_by_prefix(prefix).where(ApiKey.revoked_at.is_(None), is_valid, User.is_active)


def touch_api_key(key_id: UUID, *, interval: timedelta = TOUCH_INTERVAL) -> Select[UUID]:
    """Note that a key was used, at most once per interval; return its id where that was written.

    It never waits: a key that another transaction has locked is passed by, because that one is most likely noting a use itself.
    Where nothing is written, no lock is left.
    """
    is_due = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < func.now() - cast(interval, Interval))
    # FOR NO KEY UPDATE, and where the row has changed since the statement began, the condition is asked again of what it has become.
    due = select(ApiKey.id).where(ApiKey.id == key_id, is_due).with_for_update(key_share=True, skip_locked=True)
    touched = (
        update(ApiKey)
        .where(ApiKey.id == due.scalar_subquery())
        .values(last_used_at=func.now())
        .returning(ApiKey.id)
        .cte("touched")
    )
    return select(touched.c.id)


def api_keys_of_user(user_id: UUID) -> Select[ApiKey]:
    """Return all keys of a user, newest first; a person has a handful, so they come without pages."""
    return select(ApiKey).where(ApiKey.user_id == user_id).order_by(ApiKey.created_at.desc(), ApiKey.id.desc())


def _folded(email: ColumnElement[str] | InstrumentedAttribute[str]) -> ColumnElement[str]:
    """Return an address without its case, as `uq_users__casefold_email` has it: by Unicode, and not by the database's locale."""
    folded: ColumnElement[str] = func.casefold(collate(email, "pg_unicode_fast"))
    return folded
