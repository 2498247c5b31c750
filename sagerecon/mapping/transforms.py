"""All transforms by name, in the order of their groups: the program's own, and those of plugins."""

from __future__ import annotations

from sagerecon.mapping.check_transforms import CHECK_TRANSFORMS
from sagerecon.mapping.date_transforms import DATE_TRANSFORMS
from sagerecon.mapping.number_transforms import NUMBER_TRANSFORMS
from sagerecon.mapping.plugins import load_plugins
from sagerecon.mapping.table_transforms import TABLE_TRANSFORMS
from sagerecon.mapping.text_transforms import TEXT_TRANSFORMS
from sagerecon.mapping.transform import Group

_OWN = (*TEXT_TRANSFORMS, *DATE_TRANSFORMS, *NUMBER_TRANSFORMS, *TABLE_TRANSFORMS, *CHECK_TRANSFORMS)

_PLUGINS, _FAULTS = load_plugins({transform.name for transform in _OWN})
_ALL = (*_OWN, *_PLUGINS)

#: What is wrong with plugins that cannot be used, each a sentence.
PLUGIN_FAULTS = tuple(_FAULTS)

TRANSFORMS = {transform.name: transform for group in Group for transform in _ALL if transform.group is group}
