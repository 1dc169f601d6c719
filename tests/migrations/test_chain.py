"""Every claim about the chain, one test for each claim and revision."""

from __future__ import annotations

from pgharness.plugin import chain_checks

__all__ = ["chain_checks"]
