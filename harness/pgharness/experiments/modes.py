"""Runs the chain in all the other ways in which it may be run, and records where each ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgharness.chain.baseline import given_revisions, run_baseline
from pgharness.chain.conversation import converse
from pgharness.chain.deployment import deploy
from pgharness.chain.server_objects import speaks_of_server
from pgharness.experiments.climbing import Climb, Climbed, alone_within, left_in_company
from pgharness.experiments.experiment import Experiment, Site
from pgharness.experiments.offline import try_script
from pgharness.experiments.orders import begin_of_orders, try_orders
from pgharness.experiments.plain_owner import try_as_plain_owner
from pgharness.experiments.starts import Starts, choose_starts
from pgharness.experiments.written_rows import Written, read_written
from pgharness.findings import CannotRun
from pgharness.records.deployment import DeploymentRecord
from pgharness.records.modes import ModeRun, ModesRecord, TransactionsRun

OF_SERVER = (
    "starts in between and orders of branches were not tried: the chain makes roles, or what else belongs to the whole server and can be made "
    "there but once"
)
ORDERS_BEHIND_A_BASELINE = "other orders of branches were not tried: the baseline has revisions of the chain"


def try_modes(site: Site) -> ModesRecord | None:
    """Run each mode; None where the budget is 0, where the baseline has all revisions, or where only one database at a time can have what the chain makes on a given server.

    What goes wrong on the way is the verdict, so it is recorded and not raised. Behind a baseline that has the first revisions, the others are run.
    """
    if not site.settings.modes_budget or site.at_heads is None:
        return None
    names = [one.revision for one in site.project.chain.revisions]
    given = _given(site)
    if 0 < given == len(names):
        return None
    is_of_server = speaks_of_server(site.project)
    starts = Starts() if is_of_server else choose_starts(names[given:], site.settings)
    begin = None if is_of_server or given else begin_of_orders(site.project.chain)
    kept = {*starts.chosen, *begin_kept(begin)}
    with site.databases.experiment("apart") as database, Climb(site, kept, given) as climb:
        climbed = climb.run(database)
        # The orders first: what starts from a copy does not leave it as it was.
        orders = try_orders(site, begin, climbed) if begin is not None else None
        runs = tuple(_from_starts(site, starts, climbed))
    transactions, written, untried = _with_other_transactions(site, [deployment for _, deployment in runs])
    return ModesRecord(
        apart=climbed.run,
        apart_at=climbed.catalogs,
        starts=tuple(run for run, _ in runs),
        transactions=transactions,
        left=climbed.left,
        script=try_script(site, written, names[:given]),
        owner=try_as_plain_owner(site, given),
        orders=orders.runs if orders is not None else (),
        in_company=frozenset(names[: max(given, len(names) - alone_within(site.settings.modes_budget))]),
        left_out=tuple(
            filter(
                None,
                [
                    left_in_company(len(names) - given, site.settings.modes_budget),
                    starts.left_out,
                    _out_of_reach(site, starts, climbed),
                    untried,
                    orders.left_out if orders is not None else "",
                    OF_SERVER * is_of_server,
                    ORDERS_BEHIND_A_BASELINE * bool(given and begin_of_orders(site.project.chain)),
                ],
            )
        ),
    )


def _given(site: Site) -> int:
    """Return how many of the chain's revisions the baseline has, which nobody can run there once more."""
    if site.settings.baseline is None:
        return 0
    with site.databases.experiment("given") as database:
        run_baseline(database, site.settings)
        with converse(site.project, database) as conversation, database.connect() as observer:
            return given_revisions(observer, conversation.version_table, site.project.chain)


def begin_kept(begin: Sequence[str] | None) -> Sequence[str]:
    """Return the revision at which all orders part, as what is kept; none where there is one order, or they part at the base."""
    return begin[-1:] if begin else ()


def _out_of_reach(site: Site, starts: Starts, climbed: Climbed) -> str:
    """Say in words from where nothing was tried since the climb did not get there; that it did not is told by itself."""
    labels = [one.label for one in site.project.chain.revisions if one.revision in {*starts.chosen} - {*climbed.copies}]
    return (
        f"no upgrade straight to the heads was tried from {', '.join(labels)}: the climb did not get there"
        if labels
        else ""
    )


def _from_starts(site: Site, starts: Starts, climbed: Climbed) -> Iterator[tuple[ModeRun, DeploymentRecord]]:
    for start in starts.chosen:
        if start in climbed.copies:
            database = climbed.copies[start]
            deployment = deploy(site.project, database, site.project.chain.targets)
            site.databases.drop(database)
            yield _run_of(site, deployment, start, has_rows=climbed.run.has_rows), deployment


def _with_other_transactions(
    site: Site, deployments: Sequence[DeploymentRecord]
) -> tuple[TransactionsRun | None, Written | None, str]:
    """Deploy with each revision in a transaction of its own where env.py has one for all, and the other way round; give what it wrote, too.

    The last is why that could not be tried, in words; empty where it was.

    Nothing can be said where env.py holds a transaction of its own around them, or runs its migrations more than once.
    """
    run = deployments[0].runs[0] if deployments and len(deployments[0].runs) == 1 else None
    if run is None or run.in_transaction:
        return None, None, ""
    per_migration = not run.options.get("transaction_per_migration", False)
    forced = {"transaction_per_migration": per_migration}
    with site.databases.experiment("transactions") as database:
        run_baseline(database, site.settings)
        try:
            deployment = deploy(site.project, database, site.project.chain.targets, forced=forced)
        except CannotRun as reason:
            return None, None, f"other transactions than those of env.py were not tried: {reason.what} {reason.seen}"
        with database.connect() as observer:
            written = read_written(observer, run.version_table) if deployment.is_at(site.project.chain) else None
    return TransactionsRun(_run_of(site, deployment, None, has_rows=False), per_migration), written, ""


def _run_of(site: Site, deployment: DeploymentRecord, start: str | None, *, has_rows: bool) -> ModeRun:
    """Return where a deployment got to; one that passes without getting to the heads is told by the check of deployments."""
    is_there = deployment.is_at(site.project.chain)
    return ModeRun(
        site.in_words_of_head(deployment.snapshot) if is_there else None,
        deployment.revision,
        deployment.failure,
        start,
        has_rows,
    )


EXPERIMENT = Experiment("modes", try_modes)
