"""Reports as files: one self-contained page to read and sign, and JSON with the same figures."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sagerecon.model.errors import ProjectError
from sagerecon.report import charts, words
from sagerecon.report.document import plan_report_document, report_document
from sagerecon.report.facts import ReportFacts


def write_reports(folder: Path, facts: ReportFacts) -> list[Path]:
    """The paths of `report.html` and `report.json`, written into `folder`.

    Raises:
        ProjectError: the folder cannot be written.
    """
    document = report_document(facts)
    return _write(folder, "report", render("report.html.j2", document), document)


def write_plan_report(folder: Path, facts: ReportFacts) -> list[Path]:
    """The paths of `plan.html` and `plan.json`: what a run would do, before it does.

    Raises:
        ProjectError: the folder cannot be written.
    """
    document = plan_report_document(facts)
    return _write(folder, "plan", render("plan.html.j2", document), document)


def render(template: str, document: Mapping[str, Any]) -> str:
    """The page of a document. Everything in it is escaped; nothing from data can become markup."""
    return "".join(line for line in _lines(_environment().get_template(template).render(document)))


def _lines(page: str) -> Iterator[str]:
    """The page without indentation and blank lines: a fifth of the size of a long table."""
    for line in page.splitlines():
        if stripped := line.strip():
            yield stripped + "\n"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("sagerecon.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in (
        "money",
        "balance_side",
        "difference_word",
        "day",
        "moment",
        "whole",
        "kind_name",
        "sentence",
        "short",
    ):
        environment.filters[name] = getattr(words, name)
    environment.filters["calls_by_day"] = charts.calls_by_day
    environment.globals.update(
        many=words.many, stacked_bar=charts.stacked_bar, burn_down=charts.burn_down, style=_style()
    )
    return environment


def _style() -> Markup:
    """Our own style sheet, which is the one text that goes into a page as it is."""
    text = (Path(__file__).parent / "templates" / "style.css").read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704 - a file of ours, with nothing from data in it


def _write(folder: Path, name: str, page: str, document: Mapping[str, Any]) -> list[Path]:
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for ending, text in (
            (".html", page),
            (".json", json.dumps(document, ensure_ascii=False, indent=1) + "\n"),
        ):
            target = folder / f"{name}{ending}"
            beside = target.with_suffix(f"{ending}.part")
            beside.write_text(text, encoding="utf-8")
            beside.replace(target)
            written.append(target)
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise ProjectError(
            f"The report cannot be written to {folder}: {reason}.", "Choose another folder with --output."
        ) from error
    return written
