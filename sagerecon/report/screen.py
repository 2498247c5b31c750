"""The output of a command: text on a terminal, or events as JSON, one object per line."""

from __future__ import annotations

import codecs
import json
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Any, TextIO

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from sagerecon.model.finding import Finding
from sagerecon.model.value import canonical
from sagerecon.model.visible import visible, visible_json
from sagerecon.report.terminal.findings import findings as finding_lines
from sagerecon.report.terminal.shown import ShownText

FORMAT_VERSION = 1

#: Reports progress: the number of completed items, their total (0 if unknown), and the current item.
ProgressCallback = Callable[[int, int, str], None]


#: The width where no terminal sets one: a line in a file or a pipe stays whole, so that it can be searched.
_UNWRAPPED = 100_000


class _PipeConsole(Console):
    """A console that wraps lines on a terminal alone, or where COLUMNS asks for it.

    It raises BrokenPipeError instead of exiting with 1, the exit code for findings.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False, markup=False, emoji=False)
        if not self.is_terminal and self._width is None:
            self.width = _UNWRAPPED

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def _json_escape(error: UnicodeError) -> tuple[str, int]:
    """Return as JSON escapes what an encoding lacks; the handler of errors for standard output as JSON."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


codecs.register_error("json_escape", _json_escape)


def _encode_all(stream: TextIO, errors: str) -> None:
    """Let a stream show as an escape each character that its encoding lacks, instead of an error."""
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors=errors)


class Screen:
    """Writes results to standard output, and errors and progress to standard error."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        _encode_all(sys.stdout, "json_escape" if as_json else "backslashreplace")
        self._out = _PipeConsole()
        self._err = _PipeConsole(stderr=True)
        self._live: Progress | None = None
        if as_json:
            self.event("start", format_version=FORMAT_VERSION)

    def event(self, name: str, /, **facts: Any) -> None:
        """Write an event as one line of JSON, if the output is JSON."""
        if self.as_json:
            sys.stdout.write(visible_json(canonical({"event": name, **facts})) + "\n")
            sys.stdout.flush()

    def print(self, text: str, style: str = "") -> None:
        """Print a line of text, unless the output is JSON."""
        if not self.as_json:
            self._console.print(ShownText(text, style=style))

    def document(self, text: str) -> None:
        """Write a text of another format as it is, in the place of everything else."""
        sys.stdout.write(text)
        sys.stdout.flush()

    def print_unbroken(self, text: str) -> None:
        """Print an address or a command in one line of any length, so that it can be copied.

        Nothing is printed if the output is JSON.
        """
        if not self.as_json:
            self._console.print(ShownText(text), soft_wrap=True)

    def notice(self, text: str) -> None:
        """Write a sentence that the user should know before the result, as an event or as a line of text."""
        self.event("notice", message=text)
        self.print(text, style="yellow")

    def show(self, *renderables: RenderableType) -> None:
        """Print tables and texts, unless the output is JSON."""
        if not self.as_json:
            for renderable in renderables:
                self._console.print(renderable)

    def findings(self, found: Sequence[Finding]) -> None:
        """Write each finding once, as an event or as a line of text."""
        found = list(dict.fromkeys(found))
        for finding in found:
            self.event("finding", **finding_document(finding))
        self.show(*finding_lines(found))

    def error(self, message: str, hint: str = "") -> None:
        """Write the error that stops a command, as an event or to standard error."""
        self.event("error", message=message, hint=hint)
        if not self.as_json:
            self._err.print(ShownText(message, style="bold red"), *([ShownText(hint)] if hint else []))

    def traceback(self, error: Exception) -> None:
        """Write the traceback of an unexpected error to standard error."""
        for entry in traceback.format_exception(error):
            for line in entry.splitlines():
                self._err.print(ShownText(line))

    @property
    def _console(self) -> Console:
        """The console for text: above the progress bar if one is shown on the same terminal."""
        return self._live.console if self._live is not None and self._out.is_terminal else self._out

    @contextmanager
    def _live_progress(self, progress: Progress) -> Iterator[None]:
        self._live = progress
        try:
            yield
        finally:
            self._live = None

    @contextmanager
    def progress(self, title: str) -> Iterator[ProgressCallback]:
        """Yield a callback that updates a progress bar on a terminal, or writes events as JSON."""
        if self.as_json or not self._err.is_terminal:
            yield lambda completed, total, detail: self.event(
                "progress", task=title, completed=completed, total=total, detail=detail
            )
            return
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[detail]}", style="dim", markup=False),
        )
        with Progress(*columns, console=self._err, transient=True) as bar, self._live_progress(bar):
            task = bar.add_task(title, total=None, detail="")

            def update(completed: int, total: int, detail: str) -> None:
                bar.update(task, completed=completed, total=total or None, detail=visible(detail[:30]))

            yield update


def finding_document(finding: Finding) -> dict[str, Any]:
    """Return a finding as a JSON document."""
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
    """Return the paths separated by commas."""
    return ", ".join(str(path) for path in paths)
