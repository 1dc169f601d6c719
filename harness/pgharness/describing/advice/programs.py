"""Where SQLAlchemy, Alembic or a driver refuses a call before the server sees it: there is no SQLSTATE."""

from __future__ import annotations

from pgharness.describing.advice.kind import AUTOCOMMIT_BLOCK, Advice

_IMPORTS = {
    "op": "`from alembic import op`",
    "sa": "`import sqlalchemy as sa`",
    "text": "`from sqlalchemy import text`",
    "postgresql": "`from sqlalchemy.dialects import postgresql`",
    "datetime": "`import datetime`, or `from datetime import datetime` where it is called",
}
"""By which line a revision has a name that is no module's own, as fixes and Alembic's drafts use it."""
_IN_DRAFTS = "and in script.py.mako, so that later drafts have it"

PROGRAMS: tuple[Advice, ...] = (
    Advice(
        "",
        "",
        r"a colon begins a parameter in op.execute(): write \: for one that is meant as text",
        "A value is required for bind parameter",
    ),
    Advice(
        "",
        "",
        "send text by op.execute(…), or wrap it for a connection: connection.execute(sa.text(…))",
        r"Not an executable object",
    ),
    Advice(
        "",
        "",
        "send it by op.execute(…), or by the connection, op.get_bind().execute(sa.text(…)): since SQLAlchemy 2.0 neither an engine nor a statement runs "
        "anything by itself",
        r"'(?:Engine|Insert|Update|Delete|Select|TextClause)' object has no attribute 'execute'",
    ),
    Advice(
        "",
        "",
        'name a column of a row as its attribute, row.name, or ask for mappings, connection.execute(…).mappings(), which take row["name"]',
        r"tuple indices must be integers or slices, not str",
    ),
    Advice(
        "",
        "",
        "hand select() its columns one by one, sa.select(table.c.id, table.c.name): since SQLAlchemy 2.0 it takes no list",
        r"columns clause element expected, got \[",
    ),
    Advice(
        "",
        "",
        "read the table by the connection, sa.Table(…, sa.MetaData(), autoload_with=op.get_bind()): since SQLAlchemy 2.0 MetaData has none",
        r"MetaData\.__init__\(\) got an unexpected keyword argument 'bind'|got 'autoload'",
    ),
    Advice(
        "",
        "",
        "write %% for a percent sign in exec_driver_sql(), or send the statement by op.execute(), which does that",
        r"allowed as placeholders|incomplete placeholder|the query has \d+ placeholders?|unsupported format character|not enough arguments for format string|%[\s\S]*\ntuple index out of range",
    ),
    Advice(
        "",
        "",
        f"no connection changes its isolation level in a transaction: put the statement into an autocommit block, `{AUTOCOMMIT_BLOCK}`",
        r"isolation.level may not be altered",
    ),
    *(
        Advice("", "", f"name it at the top of the revision, {line}, {_IN_DRAFTS}", rf"name '{name}' is not defined")
        for name, line in _IMPORTS.items()
    ),
    Advice(
        "",
        "",
        f"name it at the top of the revision, `import {{name}}` where it is a module, {_IN_DRAFTS}",
        r"name '(?P<name>\w+)' is not defined",
    ),
    Advice(
        "",
        "",
        'name the type: sa.Enum(…, name="<table>_<column>"), and in the model too',
        r"Enum type requires a name",
    ),
    Advice(
        "",
        "",
        'name the constraint: op.drop_constraint("<name>", …), as PostgreSQL\'s catalog has it',
        "Can't emit DROP CONSTRAINT",
    ),
    Advice(
        "",
        "",
        "leave commit() and rollback() of op.get_bind() out: Alembic commits behind the revision; what has to be committed before that goes into "
        f"an autocommit block, `{AUTOCOMMIT_BLOCK}`",
        r"ends the transaction that Alembic has begun",
    ),
    Advice(
        "",
        "",
        'op.drop_column("<table>", "<column>") takes the column\'s name, and no sa.Column',
        r"Column\._set_parent\(\) missing",
    ),
    Advice(
        "",
        "",
        "write CAST(:{name} AS <type>): what :: follows is no parameter to text()",
        r"doesn't define a bound parameter named '(?P<name>\w+)'",
    ),
)
