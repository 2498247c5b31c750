"""Reports as files: one self-contained page to read and sign, and JSON with the same figures."""

from __future__ import annotations

from pathlib import Path

from sagerecon.report.facts import ReportFacts


def write_reports(folder: Path, facts: ReportFacts) -> list[Path]:
    """The paths of `report.html` and `report.json`, written into `folder`.

    Raises:
        ProjectError: the folder cannot be written.
    """
    raise NotImplementedError


def write_plan_report(folder: Path, facts: ReportFacts) -> list[Path]:
    """The paths of `plan.html` and `plan.json`: what a run would do, before it does.

    Raises:
        ProjectError: the folder cannot be written.
    """
    raise NotImplementedError
