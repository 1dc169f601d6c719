"""What to type where the server refused a statement: advice by SQLSTATE, which says more than the message."""

from pgharness.describing.advice.choosing import ADVICE, advice
from pgharness.describing.advice.kind import AUTOCOMMIT_BLOCK

__all__ = ["ADVICE", "AUTOCOMMIT_BLOCK", "advice"]
