"""Where a command's words go: a terminal for people, or events for programs, one JSON object a line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from sagerecon.model.finding import Finding
from sagerecon.model.value import canonical
from sagerecon.report import terminal

FORMAT_VERSION = 1

#: Tells how far a piece of work is: done, of how many (0 where nobody knows), and what is at hand.
Meter = Callable[[int, int, str], None]


class _Output(Console):
    """A console whose closed pipe is told apart from a finding, which exits with 1 too."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


class Screen:
    """Shows results on standard output and progress on standard error."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self._out = _Output(highlight=False, soft_wrap=False)
        self._err = _Output(stderr=True, highlight=False)
        self._live: Progress | None = None
        if as_json:
            self.event("start", format_version=FORMAT_VERSION)

    def event(self, name: str, /, **facts: Any) -> None:
        """One line of JSON, where JSON was asked for."""
        if self.as_json:
            sys.stdout.write(canonical({"event": name, **facts}) + "\n")
            sys.stdout.flush()

    def say(self, text: str, style: str = "") -> None:
        """A sentence for people."""
        if not self.as_json:
            self._console.print(Text(text, style=style))

    def show(self, *renderables: RenderableType) -> None:
        """Tables and texts for people."""
        if not self.as_json:
            for renderable in renderables:
                self._console.print(renderable)

    def findings(self, found: Sequence[Finding]) -> None:
        """Every finding once: as events, or as lines at their places."""
        found = list(dict.fromkeys(found))
        for finding in found:
            self.event("finding", **finding_document(finding))
        self.show(*terminal.findings(found))

    def complain(self, message: str, hint: str = "") -> None:
        """Why a command could not go on; on standard error for people."""
        self.event("error", message=message, hint=hint)
        if not self.as_json:
            self._err.print(Text(message, style="bold red"), Text(hint))

    @property
    def _console(self) -> Console:
        """Where a line for people goes: above the bar where one is drawn on the same terminal."""
        return self._live.console if self._live is not None and self._out.is_terminal else self._out

    @contextmanager
    def _above(self, progress: Progress) -> Iterator[None]:
        self._live = progress
        try:
            yield
        finally:
            self._live = None

    @contextmanager
    def meter(self, title: str) -> Iterator[Meter]:
        """A progress bar on a terminal, nothing elsewhere; events where JSON was asked for."""
        if self.as_json or not self._err.is_terminal:
            yield lambda done, of, note: self.event("progress", what=title, done=done, of=of, note=note)
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}", style="dim"),
        )
        with Progress(*columns, console=self._err, transient=True) as progress, self._above(progress):
            task = progress.add_task(title, total=None, note="")

            def tell(done: int, of: int, note: str) -> None:
                progress.update(task, completed=done, total=of or None, note=note[:30])

            yield tell


def finding_document(finding: Finding) -> dict[str, Any]:
    """A finding as JSON."""
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "file": finding.place.file,
        "line": finding.place.line,
        "column": finding.place.column,
        "message": finding.message,
        "hint": finding.hint,
    }


def paths_text(paths: Iterable[object]) -> str:
    """Files on one line."""
    return ", ".join(str(path) for path in paths)
