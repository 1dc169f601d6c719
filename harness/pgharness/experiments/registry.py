"""The one list of experiments."""

from __future__ import annotations

from pgharness.experiments import comparison, draft, models, modes, query_plans, structure
from pgharness.experiments.experiment import Experiment

EXPERIMENTS: tuple[Experiment, ...] = (
    query_plans.EXPERIMENT,
    models.EXPERIMENT,
    comparison.EXPERIMENT,
    draft.EXPERIMENT,
    structure.EXPERIMENT,
    modes.EXPERIMENT,
)
"""All experiments at the heads, in the order in which they are made."""
