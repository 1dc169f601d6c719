"""What to type where the server refused a statement, in its place or beside it, by the catalog that it met."""

from pgharness.describing.corrections.choosing import corrected

__all__ = ["corrected"]
