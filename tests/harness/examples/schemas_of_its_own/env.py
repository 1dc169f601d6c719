"""Several schemas, made by the chain, and a version table that lies in one that env.py makes."""

from alembic import context
from sqlalchemy import text
from warehouse import Base

connection = context.config.attributes["connection"]
connection.execute(text("CREATE SCHEMA IF NOT EXISTS deployment"))
connection.commit()
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    include_schemas=True,
    version_table="steps",
    version_table_schema="deployment",
)
with context.begin_transaction():
    context.run_migrations()
