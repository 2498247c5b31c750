"""All transforms by name."""

from __future__ import annotations

from sagerecon.mapping.number_transforms import NUMBER_TRANSFORMS
from sagerecon.mapping.table_transforms import TABLE_TRANSFORMS
from sagerecon.mapping.text_transforms import TEXT_TRANSFORMS

TRANSFORMS = {
    transform.name: transform for transform in (*TEXT_TRANSFORMS, *NUMBER_TRANSFORMS, *TABLE_TRANSFORMS)
}
