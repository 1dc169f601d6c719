"""The plain values that are recorded and that checks judge; they can be pickled and hold no connection."""
