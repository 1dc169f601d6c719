"""Where SQLAlchemy, Alembic or a driver refuses a call before the server sees it: there is no SQLSTATE."""

from __future__ import annotations

from pgharness.describing.advice.kind import Advice

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
        "write %% for a percent sign in exec_driver_sql(), or send the statement by op.execute(), which does that",
        r"allowed as placeholders|incomplete placeholder|the query has \d+ placeholders?|unsupported format character|not enough arguments for format string",
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
