"""Who works at Kiln & Clay: the founder, two who run the shop, one who has left, one who has just been invited."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from flowforge_schema.seed.story.rows import Kind, Row, before, seed_id

MARA, TOMAS, PRIYA, JONAS, LIN = range(1, 6)

# Published, as everything here: the reason why a database that looks like production is refused.
PASSWORD = "flowforge"  # noqa: S105 - development data, and meant to be known
# argon2id of PASSWORD in the usual PHC form; what verifies it is not this package's business.
PASSWORD_HASH = "$argon2id$v=19$m=19456,t=2,p=1$Zmxvd2ZvcmdlLXNlZWQwMQ$bU25JgTk//3pouPHdoNHHKhIaBRntvU9cU2Bj+ThPJw"  # noqa: S105 - as above


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user; times are days before now, and None means never."""

    number: int
    name: str | None
    email: str
    has_password: bool = True
    is_active: bool = True
    is_superuser: bool = False
    joined_days: float
    verified: bool = True
    seen_days: float | None


PEOPLE = (
    Person(
        number=MARA,
        name="Mara Lindqvist",
        email="mara@kiln-and-clay.example",
        is_superuser=True,
        joined_days=400,
        seen_days=0.1,
    ),
    # Signs in through the company's identity provider, and so has no password here.
    Person(
        number=TOMAS,
        name="Tomas Okafor",
        email="tomas@kiln-and-clay.example",
        has_password=False,
        joined_days=380,
        seen_days=0.02,
    ),
    Person(number=PRIYA, name="Priya Nair", email="Priya@kiln-and-clay.example", joined_days=350, seen_days=1),
    # Left; workflows and runs still name him.
    Person(
        number=JONAS,
        name="Jonas Weber",
        email="jonas@kiln-and-clay.example",
        is_active=False,
        joined_days=390,
        seen_days=92,
    ),
    # Invited yesterday: no name yet, address not verified, never signed in.
    Person(
        number=LIN,
        name=None,
        email="lin@kiln-and-clay.example",
        has_password=False,
        joined_days=1,
        verified=False,
        seen_days=None,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """An API key; `expires_days` counts from now, negative numbers lie in the past."""

    number: int
    owner: int
    name: str
    prefix: str
    scopes: tuple[str, ...]
    made_days: float
    expires_days: float | None = None
    used_days: float | None = None
    revoked_days: float | None = None


KEYS = (
    Key(
        number=1,
        owner=PRIYA,
        name="deployment",
        prefix="ff_seed_deployment",
        scopes=("workflows:write", "runs:write"),
        made_days=30,
        expires_days=335,
        used_days=0.01,
    ),
    Key(
        number=2,
        owner=PRIYA,
        name="old laptop",
        prefix="ff_seed_expired",
        scopes=("workflows:read",),
        made_days=340,
        expires_days=-30,
        used_days=31,
    ),
    Key(
        number=3,
        owner=JONAS,
        name="reporting script",
        prefix="ff_seed_revoked",
        scopes=("runs:read",),
        made_days=300,
        used_days=93,
        revoked_days=90,
    ),
    Key(number=4, owner=TOMAS, name="label printer", prefix="ff_seed_unused", scopes=(), made_days=2),
)


def api_key_text(prefix: str) -> str:
    """Return the key itself, which the database does not hold: its prefix, a dot and the word `secret`."""
    return f"{prefix}.secret"


def user_rows(now: datetime) -> list[Row]:
    """Return the rows of `users`."""
    return [
        {
            "id": seed_id(Kind.USER, person.number),
            "email": person.email,
            "display_name": person.name,
            "password_hash": PASSWORD_HASH if person.has_password else None,
            "is_active": person.is_active,
            "is_superuser": person.is_superuser,
            "email_verified_at": before(now, days=person.joined_days - 0.01) if person.verified else None,
            "last_login_at": None if person.seen_days is None else before(now, days=person.seen_days),
            "created_at": before(now, days=person.joined_days),
            "updated_at": before(now, days=person.joined_days if person.seen_days is None else person.seen_days),
        }
        for person in PEOPLE
    ]


def api_key_rows(now: datetime) -> list[Row]:
    """Return the rows of `api_keys`."""
    return [
        {
            "id": seed_id(Kind.API_KEY, key.number),
            "user_id": seed_id(Kind.USER, key.owner),
            "name": key.name,
            "prefix": key.prefix,
            "key_hash": hashlib.sha256(api_key_text(key.prefix).encode()).digest(),
            "hash_version": 1,
            "scopes": list(key.scopes),
            "expires_at": None if key.expires_days is None else now + timedelta(days=key.expires_days),
            "last_used_at": None if key.used_days is None else before(now, days=key.used_days),
            "revoked_at": None if key.revoked_days is None else before(now, days=key.revoked_days),
            "created_at": before(now, days=key.made_days),
            "updated_at": before(now, days=key.made_days if key.revoked_days is None else key.revoked_days),
        }
        for key in KEYS
    ]
