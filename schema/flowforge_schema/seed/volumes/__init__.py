"""Large volumes of realistic rows, made inside the server."""

from flowforge_schema.seed.volumes.making import Volume, make_volume
from flowforge_schema.seed.volumes.scale import RUNS_MAX, Scale

__all__ = ["RUNS_MAX", "Scale", "Volume", "make_volume"]
