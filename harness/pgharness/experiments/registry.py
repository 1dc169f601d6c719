"""The one list of experiments."""

from __future__ import annotations

from pgharness.experiments import comparison, crash, draft, models, modes, query_plans, structure, zones
from pgharness.experiments.experiment import Experiment, FollowUp
from pgharness.experiments.old_release import experiment as old_release
from pgharness.experiments.traffic import experiment as traffic

EXPERIMENTS: tuple[Experiment, ...] = (
    query_plans.EXPERIMENT,
    models.EXPERIMENT,
    comparison.EXPERIMENT,
    draft.EXPERIMENT,
    structure.EXPERIMENT,
    modes.EXPERIMENT,
    old_release.EXPERIMENT,
)
"""All experiments at the heads, in the order in which they are made."""

FOLLOW_UPS: tuple[FollowUp, ...] = (zones.FOLLOW_UP, crash.FOLLOW_UP, traffic.FOLLOW_UP)
"""Those that go by what the walk has seen, in the order in which they are made."""
