"""Makes a chain's whole record: the walk, beside it a deployment as the project does it, then the experiments that are wanted."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import Any

from pgharness.catalog.facts import Snapshot
from pgharness.catalog.rereading import in_the_words_of
from pgharness.chain.baseline import run_baseline
from pgharness.chain.by_hand import ByHand
from pgharness.chain.conversation import with_imports_ahead
from pgharness.chain.deployment import deploy
from pgharness.chain.project import Project
from pgharness.chain.server_objects import speaks_of_server
from pgharness.checks import data
from pgharness.databases import Databases, Outside
from pgharness.experiments.calibrating import calibrate
from pgharness.experiments.checkpoints import database_at_heads
from pgharness.experiments.culprits import with_culprits
from pgharness.experiments.deployments import compared, deployed_later
from pgharness.experiments.experiment import Experiment, Site, empty_database
from pgharness.experiments.if_not_exists import compare_kept, with_notices
from pgharness.experiments.old_release.experiment import EXPERIMENT as OLD_RELEASE
from pgharness.experiments.registry import EXPERIMENTS, FOLLOW_UPS
from pgharness.findings import CannotRun, Finding
from pgharness.profile import read_profile
from pgharness.records.chain_record import ChainRecord
from pgharness.records.deployment import DeploymentRecord
from pgharness.records.kept import KeptObject
from pgharness.records.old_release import OldReleaseRecord
from pgharness.records.sizes import SizesRecord
from pgharness.records.steps import Failure, RevisionRecord, Step
from pgharness.rows import Words
from pgharness.walk.lacking import LackOfServerError
from pgharness.walk.walk import Walk, WalkRecord

Advance = Callable[[str], None]

ROUNDTRIPS = "roundtrips"
CONTENTS = "contents"
CRASH = "crash"
KEPT = "kept"
TRACE = "trace"
SIZES = "sizes"
_EXPERIMENT_NAMES = tuple(one.name for one in EXPERIMENTS) + tuple(one.name for one in FOLLOW_UPS)
# What a statement that nobody saw in a revision's text may meet then.
# Two that make a role in the same instant meet in the index of a catalog that all databases share.
_MET_ANOTHER = re.compile(r"\brole\b|replication slot|tuple concurrently updated|\bpg_(auth|db_role|sh|tablespace)")

_UPGRADING = tuple(experiment for experiment in EXPERIMENTS if experiment.upgrades)
_ON_WHAT_STANDS = tuple(experiment for experiment in EXPERIMENTS if not experiment.upgrades)


def record_chain(
    project: Project, databases: Databases, wanted: frozenset[str], advance: Advance = lambda _label: None
) -> ChainRecord:
    """Walk the chain and make the wanted experiments; `advance` is called with the name of what has just been done.

    Experiments at the heads are left out (their records are None) where the chain does not get there.
    """
    before = databases.outside()
    record_once = partial(_record_side_by_side, project, databases, wanted)
    record = with_imports_ahead(project, partial(record_once, advance), partial(record_once, lambda _label: None))
    left = Outside() if databases.server.is_ours else databases.outside().since(before)
    return replace(
        record,
        kept=_kept(databases, record) if KEPT in wanted else None,
        sizes=_sizes(project, databases) if SIZES in wanted else None,
        left_outside=left.in_words(),
    )


def _sizes(project: Project, databases: Databases) -> SizesRecord | None:
    """Measure what work costs here, when nothing else runs any more; None where no profile says how much there is in production."""
    profile = project.settings.profile
    if profile is None:
        return None
    return calibrate(databases, read_profile(profile), project.settings.small_table_rows)


def _kept(databases: Databases, record: ChainRecord) -> tuple[KeptObject, ...]:
    """Compare what IF NOT EXISTS kept with what was asked for; that is rare, and needs no chain."""
    return tuple(kept for item in with_notices(record.revisions) for kept in compare_kept(databases, item))


def _record_side_by_side(
    project: Project, databases: Databases, wanted: frozenset[str], advance: Advance
) -> ChainRecord:
    """Record with walk and deployment at the same time, and where they got into each other's way, once more one after the other."""
    side_by_side, before = not speaks_of_server(project), databases.outside()
    record = _Recording(project, databases, wanted, advance).make(side_by_side=side_by_side)
    if side_by_side and any(_MET_ANOTHER.search(failure.message) for failure in _failures(record)):
        databases.drop_outside_since(before)  # each may have taken for the other's what nobody drops then
        record = _Recording(project, databases, wanted).make(side_by_side=False)
    return record


def experiment_names() -> frozenset[str]:
    """Return the names of all that can be wanted."""
    return frozenset({ROUNDTRIPS, CONTENTS, KEPT, TRACE, SIZES, *_EXPERIMENT_NAMES})


def steps_of(project: Project, wanted: frozenset[str]) -> int:
    """How many times `advance` is called for a sound chain: each revision there and back, the deployment, each experiment."""
    made = sum(name in wanted for name in _EXPERIMENT_NAMES)
    return len(project.chain.revisions) * (1 + (ROUNDTRIPS in wanted)) + 1 + made


@dataclass(slots=True)
class _Recording:
    """One recording; `durations_s` grows while it is made."""

    project: Project
    databases: Databases
    wanted: frozenset[str]
    advance: Advance = lambda _label: None
    durations_s: dict[str, float] = field(default_factory=dict)

    def make(self, *, side_by_side: bool) -> ChainRecord:
        """Walk and deploy, at the same time where they cannot disturb each other."""
        before = self.databases.outside()
        with ThreadPoolExecutor(1) as executor:
            try:
                walking = executor.submit(self._walk)
                if not side_by_side:
                    walking.result()
                if self._has_left_roles(before):
                    return self._without_deployment(walking.result())
                return self._beside(walking, executor if side_by_side else None)
            except LackOfServerError:
                raise  # the walk has ended itself, and the same project may be run on another server
            except BaseException:
                self.project.runs.close()  # or the walk would go on to its end
                raise

    def _has_left_roles(self, before: Outside) -> bool:
        """Whether a given server has what the chain makes beside its database, which it could not make there once more."""
        return not self.databases.server.is_ours and bool(self.databases.outside().since(before))

    def _walk(self) -> ChainRecord:
        """Walk the chain, and return the record that has nothing else yet."""
        walked = Walk(
            self.project,
            self.databases,
            ROUNDTRIPS in self.wanted,
            self.advance,
            keeps_contents=CONTENTS in self.wanted,
            traces=TRACE in self.wanted,
            notes_commits=CRASH in self.wanted,
        ).run()
        back_and_forth = [
            step for item in walked.revisions for step in (item.downgrade, item.reupgrade) if step is not None
        ]
        self.durations_s[ROUNDTRIPS] = sum(step.duration_s for step in back_and_forth)
        self.durations_s["upgrade"] = sum(item.upgrade.duration_s for item in walked.revisions)
        return self._record(walked)

    def _beside(self, walking: Future[ChainRecord], executor: ThreadPoolExecutor | None) -> ChainRecord:
        """Deploy, and make the experiments on what the deployment leads to, while the walk goes on, and what follows it.

        Without the walk's `executor` what upgrades databases of its own is made when no other database stands.
        """
        deployed: Future[DeploymentRecord] = Future()
        following = executor.submit(self._follow, walking, deployed) if executor is not None else None
        experiments = _ON_WHAT_STANDS if following is None else EXPERIMENTS
        try:
            deployment, found = self._deploy(deployed, experiments)
        except BaseException as error:
            if not deployed.done():
                deployed.set_exception(error)
            raise
        record = walking.result()
        record = replace(
            record,
            deployment=compared(self.project, self.databases, deployment, record),
            later_deployments=tuple(deployed_later(self.project, self.databases, record, deployment)),
        )
        record = self._with_culprits(record)
        if found is None and record.head is not None:
            found = self._experiment_elsewhere(record.head, experiments, record.words)
        elif found is not None and record.head is not None and _wants_words(record, found.get(OLD_RELEASE.name)):
            found |= self._experiment_elsewhere(record.head, (OLD_RELEASE,), record.words)
        if following is not None:
            return replace(record, **(found or {}), **following.result())
        if record.head is not None:
            site = Site(self.project, self.databases, record.head, None, record.words)
            found = {**(found or {}), **self._experiment(site, _UPGRADING)}
        return replace(record, **(found or {}), **self._follow_up(record))

    def _deploy(
        self, deployed: Future[DeploymentRecord], experiments: Sequence[Experiment]
    ) -> tuple[DeploymentRecord, dict[str, Any] | None]:
        """Deploy, say so to who waits for it, and experiment on what it leads to; None where it does not lead to the heads in one run."""
        with self.databases.experiment("deployed") as database:
            run_baseline(database, self.project.settings)
            deployment = deploy(self.project, database, self.project.chain.targets)
            self.advance("as deployed")
            deployed.set_result(deployment)
            if not deployment.is_at(self.project.chain) or len(deployment.runs) != 1:
                return deployment, None
            site = Site(self.project, self.databases, deployment.snapshot, database)
            return deployment, self._experiment(site, experiments)

    def _experiment_elsewhere(
        self, head: Snapshot, experiments: Sequence[Experiment], words: Words = MappingProxyType({})
    ) -> dict[str, Any]:
        """Make the experiments on a database that is brought to the heads for them; none where it cannot be, which is found elsewhere."""
        with contextlib.ExitStack() as stack:
            try:
                at_heads = stack.enter_context(database_at_heads(self.project, self.databases, words))
            except CannotRun:
                return {}
            return self._experiment(Site(self.project, self.databases, head, at_heads, words), experiments)

    def _with_culprits(self, record: ChainRecord) -> ChainRecord:
        """Find the statements at fault, where a judge has something to tell that nobody declared."""
        if CONTENTS not in self.wanted:
            return record
        declared = {item.revision for item in self.project.chain.revisions if data.CHECK.name in item.allow}
        lossy = {one.revision for one in data.judge(record, lambda _left, _right: ()) if isinstance(one, Finding)}
        wanted = frozenset(one for one in lossy - declared if one is not None)
        site = Site(self.project, self.databases, record.head or record.base, None, record.words)
        return replace(record, revisions=with_culprits(site, record.revisions, wanted))

    def _without_deployment(self, record: ChainRecord) -> ChainRecord:
        record = self._with_culprits(record)
        if record.head is None:
            return record
        return replace(record, **self._experiment(Site(self.project, self.databases, record.head, None), EXPERIMENTS))

    def _follow(self, walking: Future[ChainRecord], deployed: Future[DeploymentRecord]) -> dict[str, Any]:
        """Make the experiments that follow the walk as soon as there is a deployment too; its thread has nothing else to do by then."""
        return self._follow_up(replace(walking.result(), deployment=deployed.result()))

    def _follow_up(self, record: ChainRecord) -> dict[str, Any]:
        """Make the experiments that go by what the walk has seen, where it got to the heads."""
        found: dict[str, Any] = {}
        if record.head is None or record.walked_head is None:
            return found
        site = Site(self.project, self.databases, record.head, None, record.words)
        for follow_up in FOLLOW_UPS:
            if follow_up.name in self.wanted:
                with self._timed(follow_up.name):
                    found[follow_up.name] = follow_up.run(site, record)
        return found

    def _record(self, walked: WalkRecord) -> ChainRecord:
        return ChainRecord(
            self.project.chain,
            walked.version_table,
            tuple(self._in_words_of_before(item) for item in walked.revisions),
            walked.base,
            walked.descent,
            words=walked.words,
            durations_s=self.durations_s,
            redacts=self.project.settings.redact,
            unused_by_hand=ByHand(self.project.settings.data_folder).unused(self.project.chain),
        )

    def _in_words_of_before(self, item: RevisionRecord) -> RevisionRecord:
        """Let what a way back restores be told as before it, where the server reads both as the same."""
        first = item.upgrade.snapshot
        return replace(
            item,
            downgrade=self._told_as(item.before, item.downgrade),
            reupgrade=self._told_as(first, item.reupgrade) if first is not None else item.reupgrade,
        )

    def _told_as(self, before: Snapshot, step: Step | None) -> Step | None:
        if step is None or step.snapshot is None or step.snapshot == before:
            return step
        snapshot = in_the_words_of(before, step.snapshot, lambda: empty_database(self.databases))
        return step if snapshot is step.snapshot else replace(step, snapshot=snapshot)

    def _experiment(self, site: Site, experiments: Sequence[Experiment]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for experiment in experiments:
            if experiment.name in self.wanted:
                with self._timed(experiment.name):
                    found[experiment.name] = experiment.run(site)
        return found

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.durations_s[name] = time.perf_counter() - started
        self.advance(name)


def _wants_words(record: ChainRecord, seen: OldReleaseRecord | None) -> bool:
    """Whether the release before ended at a revision which fails on texts that the walk, which went on beside it, has learned to make since."""
    return seen is not None and seen.failed_at is not None and not seen.revisions and bool(record.words)


def _failures(record: ChainRecord) -> Iterator[Failure]:
    steps = [step for item in record.revisions for step in (item.upgrade, item.downgrade, item.reupgrade)]
    seen = [
        *(step.failure for step in steps if step is not None),
        *(item.upgrade_rows_failure or item.downgrade_rows_failure or item.alone_failure for item in record.revisions),
        record.descent.failure if record.descent is not None else None,
        record.deployment.failure if record.deployment is not None else None,
        record.draft.failure if record.draft is not None else None,
    ]
    return (failure for failure in seen if failure is not None)
