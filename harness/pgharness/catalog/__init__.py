"""The catalog as a set of facts: read in one round trip, compared as values, written back as SQL."""
