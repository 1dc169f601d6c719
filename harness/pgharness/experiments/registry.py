"""The one list of experiments."""

from __future__ import annotations

from pgharness.experiments import comparison, draft, models, query_plans, structure
from pgharness.experiments.experiment import Experiment
from pgharness.experiments.old_release import experiment as old_release

EXPERIMENTS: tuple[Experiment, ...] = (
    query_plans.EXPERIMENT,
    models.EXPERIMENT,
    comparison.EXPERIMENT,
    draft.EXPERIMENT,
    structure.EXPERIMENT,
    old_release.EXPERIMENT,
)
"""All experiments at the heads, in the order in which they are made."""
