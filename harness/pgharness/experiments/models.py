"""Builds the database that the models make, also where `create_all` as a whole does not pass."""

from __future__ import annotations

from collections.abc import Iterable

import psycopg
from psycopg import sql

from pgharness.catalog.facts import FactKey, Snapshot
from pgharness.catalog.incremental_reader import Reader
from pgharness.chain.conversation import converse
from pgharness.experiments.experiment import Experiment, Site
from pgharness.records.experiments import ModelsRecord


def build_models(site: Site) -> ModelsRecord | None:
    """Make the models' database and read its catalog; None where neither the settings nor env.py name any models.

    It is made through env.py, so under its search_path. Extensions and schemas of the migrated database are made first, because
    models cannot declare them; what that database carries itself counts as declared. Schemas that the models name and no revision makes
    are made then, so that `drift` tells them and what is in them.
    """
    record = _built(site, ())
    lacking = record.lacking_schemas if record is not None else ()
    return _built(site, lacking) if lacking else record


def _built(site: Site, schemas: Iterable[str]) -> ModelsRecord | None:
    with site.databases.experiment("models") as database:
        with database.connect() as connection:
            prepare_like(connection, site.head)
            for schema in schemas:
                connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        with converse(site.project, database) as conversation:
            built = conversation.build_models()
        if built is None:
            return None
        with database.connect() as connection:
            snapshot = Reader(connection).read().declared_beside(site.head)
        return ModelsRecord(site.in_words_of_head(snapshot), *built)


def prepare_like(connection: psycopg.Connection, head: Snapshot) -> None:
    """Make the schemas that a migrated database has, and its extensions, each in its schema and of its version."""
    for _, printed_name in head.objects("schema"):
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.SQL(printed_name)))
    for extension in head.objects("extension"):
        schema, version = (head.facts[FactKey(*extension, name)] for name in ("schema", "version"))
        connection.execute(
            sql.SQL("CREATE EXTENSION IF NOT EXISTS {} SCHEMA {} VERSION {}").format(
                sql.SQL(extension.object), sql.SQL(schema), sql.Literal(version)
            )
        )


EXPERIMENT = Experiment("models", build_models)
