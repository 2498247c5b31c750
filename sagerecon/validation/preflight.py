"""Does the source agree with itself? One figure taken in several ways, and the records in the gap."""

from __future__ import annotations

from collections.abc import Iterator

from sagerecon.model.control import Control
from sagerecon.model.finding import Finding


def compare_figures(control: Control) -> Iterator[Finding]:
    """One finding: the figures in one sentence, as INFO where they agree.

    Where they differ it has the control's severity, says each gap, and names the records that account
    for it if exactly one smallest set of them does.
    """
    raise NotImplementedError
