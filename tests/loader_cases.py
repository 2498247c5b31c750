"""Every loader that is fuzzed. One more is one more entry: a name, valid inputs, and how they are read."""

from __future__ import annotations

import loader_projects
import loader_states
from loader_fuzzing import Loader

LOADERS: tuple[Loader, ...] = (*loader_projects.LOADERS, *loader_states.LOADERS)
