"""What the rules of versions cost a write: `python benchmarks/version_rules.py [--rows 20000] [--rounds 5]`; ratios, as JSON.

Runs are inserted, begun and ended, and logs inserted, many by each statement, with all rules and without one of them, in turn on one
server. A ratio is the median over the rounds of the time with the rule, by that without it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time

import psycopg
from restarting import make_database

from pgharness.servers import open_server

SETUP = """
INSERT INTO users (email) VALUES ('ada@example.org');
INSERT INTO workflows (owner_id, name) SELECT users.id, 'w' || number FROM users, generate_series(1, 100) AS number;
INSERT INTO workflow_steps (workflow_id, key, name, step_type, position) SELECT id, 'load', 'Load', 'http', 0 FROM workflows;
"""
RUNS = (
    (
        "INSERT INTO workflow_runs (workflow_id, workflow_version)"
        " SELECT id, 1 FROM workflows, generate_series(1, {rows} / 100)"
    ),
    "UPDATE workflow_runs SET status = 'running', started_at = now()",
    "UPDATE workflow_runs SET status = 'completed', finished_at = now()",
)
LOGS = (
    (
        "INSERT INTO run_step_logs (run_id, step_id, step_key)"
        " SELECT run.id, step.id, 'load' FROM workflow_runs AS run JOIN workflow_steps AS step USING (workflow_id)"
    ),
)
DROP_KEY = "ALTER TABLE workflow_runs DROP CONSTRAINT fk_workflow_runs__version__workflow_versions"
ADD_INDEX = (
    "CREATE INDEX ix_workflow_runs__workflow_id_workflow_version ON workflow_runs (workflow_id, workflow_version)"
)
NOTHING = "SELECT"
DROP_TRIGGER = "DROP TRIGGER tr_run_step_logs__step_of_run ON run_step_logs"
# What is there with the rule and without it, what is prepared, and what is measured.
RULES = {
    "run: foreign key to its version": ((NOTHING, DROP_KEY), (), RUNS),
    "run: an index of its version, which there is not": ((ADD_INDEX, NOTHING), (), RUNS),
    "log: trigger that looks at its step": ((NOTHING, DROP_TRIGGER), RUNS[:1], LOGS),
}


def main() -> int:
    """Measure each rule."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with open_server() as server, make_database(server, "rules").connect() as connection:
        connection.execute(SETUP)
        for rule, (states, before, measured) in RULES.items():
            pairs = [
                [spent(connection, arguments.rows, [state, *before], measured) for state in states]
                for _ in range(arguments.rounds)
            ]
            ratio = statistics.median(kept / gone for kept, gone in pairs)
            us_per_row = statistics.median(kept - gone for kept, gone in pairs) / arguments.rows * 1e6
            print(json.dumps({"rule": rule, "ratio": round(ratio, 2), "us_per_row": round(us_per_row, 1)}))
    return 0


def spent(connection: psycopg.Connection, rows: int, before: list[str], measured: tuple[str, ...]) -> float:
    """Return the seconds that statements take, after others, and undo them all."""
    with connection.transaction(force_rollback=True):
        for statement in before:
            connection.execute(statement.format(rows=rows))
        started = time.perf_counter()
        for statement in measured:
            connection.execute(statement.format(rows=rows))
        # The checks of foreign keys are part of it.
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
