"""Development data: a small company whose rows tell a story, and volumes of any size for measurements."""

from flowforge_schema.seed.planting import plant_story
from flowforge_schema.seed.refusal import SeedRefusedError, production_signs, refuse_production
from flowforge_schema.seed.volumes import Scale, Volume, make_volume

__all__ = [
    "Scale",
    "SeedRefusedError",
    "Volume",
    "make_volume",
    "plant_story",
    "production_signs",
    "refuse_production",
]
