"""Development data: a small company whose rows tell a story, and volumes of any size for measurements."""

from flowforge_schema.seed.volumes import Scale, Volume, make_volume

__all__ = ["Scale", "Volume", "make_volume"]
