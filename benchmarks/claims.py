"""How many runs a second do processes pick up? `python benchmarks/claims.py [--runs 2000] [--claimers 8] [--at-once 10]`, as JSON.

Each run must be picked up once. On a cluster `nox -s scale` has the same race.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime

from pydantic import SecretStr
from sqlalchemy import text

from flowforge_schema import DatabaseSettings, migrate
from flowforge_schema.engine import create_script_engine
from flowforge_schema.seed import plant_story
from pgharness.databases import Databases
from pgharness.servers import open_server
from tests.scale.claiming import per_second, race

ADD_RUNS = text(
    "INSERT INTO workflow_runs (workflow_id, workflow_version)"
    " SELECT workflow_id, version FROM (SELECT * FROM workflow_versions LIMIT 1) AS one, generate_series(1, :runs)"
)


def main() -> int:
    """Race on a database of our own; 1 where a run was picked up twice or not at all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--claimers", type=int, default=8)
    parser.add_argument("--at-once", type=int, default=10)
    asked = parser.parse_args()
    with open_server("embedded") as server, Databases(server) as databases:
        settings = DatabaseSettings(url=SecretStr(databases.create_empty().url.render_as_string(hide_password=False)))
        migrate.upgrade(settings)
        with create_script_engine(settings).begin() as connection:
            plant_story(connection, now=datetime.now(UTC))
            connection.execute(text("DELETE FROM workflow_runs WHERE status IN ('pending', 'running')"))
            connection.execute(ADD_RUNS, {"runs": asked.runs})
        claimed = race(settings.url.get_secret_value(), asked.claimers, asked.at_once)
    runs = [run for one in claimed for run in one.runs]
    twice, missed = len(runs) - len(set(runs)), asked.runs - len(set(runs))
    found = {"claims_per_s": round(per_second(claimed)), "locks_lost": sum(one.locks_lost for one in claimed)}
    print(json.dumps({"runs": asked.runs, "claimers": asked.claimers, "twice": twice, "missed": missed, **found}))
    return 1 if twice or missed else 0


if __name__ == "__main__":
    sys.exit(main())
