"""All that was seen of a chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pgharness.catalog.facts import Snapshot
from pgharness.records.crash import CrashRecord
from pgharness.records.deployment import DeploymentRecord
from pgharness.records.experiments import ComparisonRecord, DraftRecord, ModelsRecord, QueriesRecord, StructureRecord
from pgharness.records.kept import KeptObject
from pgharness.records.modes import ModesRecord
from pgharness.records.old_release import OldReleaseRecord
from pgharness.records.revisions import Chain
from pgharness.records.sizes import SizesRecord
from pgharness.records.steps import Descent, RevisionRecord
from pgharness.records.traffic import TrafficRecord
from pgharness.records.zones import ZoneRun


@dataclass(frozen=True, slots=True)
class ChainRecord:
    """All that was seen of a chain, and nothing of what its users want of it; experiments that no wanted check needs are None."""

    chain: Chain
    version_table: str
    revisions: tuple[RevisionRecord, ...]
    base: Snapshot
    descent: Descent | None = None
    deployment: DeploymentRecord | None = None
    later_deployments: tuple[DeploymentRecord, ...] = ()
    """Deployments from revisions in between, where what is made later in the same transaction could not be used yet."""
    models: ModelsRecord | None = None
    comparison: ComparisonRecord | None = None
    draft: DraftRecord | None = None
    structure: StructureRecord | None = None
    queries: QueriesRecord | None = None
    kept: tuple[KeptObject, ...] | None = None
    """What IF NOT EXISTS kept on the way up, and in what it is not what was asked for."""
    crash: CrashRecord | None = None
    modes: ModesRecord | None = None
    zones: tuple[ZoneRun, ...] | None = None
    """The revisions that make other rows in a session of another time zone."""
    old_release: OldReleaseRecord | None = None
    left_outside: str = ""
    """Roles and replication slots, in words, that a given server has got meanwhile; on one of our own they are dropped."""
    unused_by_hand: tuple[str, ...] = ()
    """Files of rows and assertions that belong to no revision."""
    sizes: SizesRecord | None = None
    """Production's sizes, where a profile has them."""
    traffic: TrafficRecord | None = None
    """What readers and writers met while the newest revisions ran, where somebody asked for it."""
    words: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """What was learned that columns of texts are to hold, by table and column."""
    redacts: bool = False
    """Whether values of rows are told to nobody."""
    durations_s: Mapping[str, float] = field(default_factory=dict)
    """How long each experiment took; "upgrade" stands for the walk without the round trips."""

    @property
    def walked_head(self) -> Snapshot | None:
        """Return the catalog at the heads as the walk left it, or None where it did not get there."""
        if len(self.revisions) < len(self.chain.revisions) or any(item.upgrade.failure for item in self.revisions):
            return None
        return self.revisions[-1].upgrade.snapshot if self.revisions else self.base

    @property
    def head(self) -> Snapshot | None:
        """Return the catalog at the heads: the one to which the project's own deployment leads, else the walk's; None without either."""
        deployment = self.deployment
        leads_there = deployment is not None and deployment.is_at(self.chain) and len(deployment.runs) == 1
        return deployment.snapshot if deployment is not None and leads_there else self.walked_head

    @property
    def reached(self) -> frozenset[str]:
        """Return the revisions whose upgrade passed, if only on empty tables; those that the baseline has were not tried."""
        return frozenset(
            item.revision.revision for item in self.revisions if item.upgrade.failure is None and not item.is_given
        )

    def record_of(self, revision: str) -> RevisionRecord | None:
        """Return one revision's record, or None where the walk did not get there."""
        return next((item for item in self.revisions if item.revision.revision == revision), None)
