"""Databases: empty ones, sealed templates, clones of them, and a pool of clones made ready in the background."""

from pgharness.databases.cluster_objects import Outside
from pgharness.databases.database import Database
from pgharness.databases.databases import Databases
from pgharness.databases.pool import ClonePool

__all__ = ["ClonePool", "Database", "Databases", "Outside"]
