"""From one catalog to another: for each difference the operations of a revision that bring the left side to the right."""

from pgharness.catalog.proposing.change import Mend
from pgharness.catalog.proposing.plan import mend

__all__ = ["Mend", "mend"]
