"""Show the outcome and the progress of a run."""

from __future__ import annotations

import typer

from sagerecon.cli.console import NEEDS_REVIEW, PAUSED
from sagerecon.model.clock import instant_text
from sagerecon.model.count import counted
from sagerecon.reconciliation.result import Reconciliation
from sagerecon.report.screen import ProgressCallback, Screen
from sagerecon.report.verdict_document import accepted_sentence
from sagerecon.runner.progress import Event, Progress
from sagerecon.runner.run import Ended, RunOutcome

#: What an event is called after its count, if its own name is not clear enough.
_LABELS = {
    Event.RATE_LIMITED: "rate limited by Sage (429) and sent again",
    Event.LEFT_OUT: "left out",
    Event.UNDECIDED: "not sent until they are decided on",
    Event.KEPT: "left in Sage",
    Event.REVERSED: "deleted or voided in Sage",
    Event.RENAMED: "taken over under another key",
    Event.SETTLED: "left as decided",
    Event.BEFORE: "finished before",
    Event.LOOKED_UP: "looked up",
    Event.PROVED: "to prove whether Sage repeats answers",
    Event.RESENT: "sent again after an answer was lost",
}


def show_outcome(screen: Screen, outcome: RunOutcome, resume: str) -> None:
    """Show how a run ended, and exit with 3 if it paused or with 1 if records need review.

    Args:
        resume: the command that resumes the run.
    """
    screen.event(
        "result",
        ended=outcome.ended.value,
        why=outcome.why,
        until=instant_text(outcome.until) if outcome.until else "",
        calls=outcome.calls,
        counts=dict(outcome.counts),
        to_do=outcome.to_do,
    )
    counts = ", ".join(_count_text(event, count) for event, count in outcome.counts.items())
    screen.print(f"{counted(outcome.calls, 'call')}: {counts or _without_counts(outcome)}.")
    if outcome.ended is Ended.BLOCKED:
        screen.findings(outcome.findings)
        screen.print(f"{outcome.why} Correct this in Sage, then continue with: {resume}")
        raise typer.Exit(NEEDS_REVIEW)
    if outcome.is_interrupted:
        until = f" Not before {instant_text(outcome.until)}." if outcome.until else ""
        screen.print(f"{outcome.ended.value.capitalize()}: {outcome.why}{until} Resume with: {resume}")
        raise typer.Exit(PAUSED)
    if outcome.ended is Ended.UNFINISHED:
        screen.print(
            f"Not finished: {counted(outcome.to_do, 'record')} still to do. See why with: sagerecon status. "
            f"Then run the same command again: {resume}"
        )
    if outcome.counts.get(Event.UNDECIDED):
        screen.print("Some records were not sent until it is decided what they are. Run: sagerecon plan")
    if any(outcome.counts.get(event) for event in (Event.QUARANTINED, Event.BLOCKED, Event.PARKED)):
        if outcome.ended is Ended.FINISHED:
            screen.print(
                "Some records need review. What this run set aside: sagerecon status."
                " What is quarantined in the source: sagerecon plan"
            )
        raise typer.Exit(NEEDS_REVIEW)
    if outcome.counts.get(Event.UNDECIDED):
        raise typer.Exit(NEEDS_REVIEW)


def review_text(found: Reconciliation) -> str:
    """Return why a reconciliation does not tie out."""
    findings, differing = len(found.open_verdicts), sum(not tie_out.ties for tie_out in found.tie_outs)
    reasons = []
    if findings:
        reasons.append(counted(findings, "finding"))
    if differing:
        reasons.append(f"{differing} of {len(found.tie_outs)} tie-outs with a difference")
    if not found.tolerated.is_within_limit:
        reasons.append("tolerated differences above their limit")
    if found.not_taken:
        reasons.append(f"{len(found.not_taken):,} tie-out{'s' if len(found.not_taken) > 1 else ''} not taken")
    if found.unread:
        reasons.append("Sage was not read completely")
    if found.incomplete_store:
        reasons.append("the store is not complete")
    return f"Needs review: {', '.join(reasons)}.{accepted_sentence(found)}"


def _without_counts(outcome: RunOutcome) -> str:
    """Return what to say of a run in which nothing happened to any record."""
    return "nothing left to do" if outcome.ended is Ended.FINISHED else "no step was finished"


def _count_text(event: Event, count: int) -> str:
    if event is Event.WAITING:
        return f"{counted(count, 'wait')} for the call limits"
    return f"{count:,} {_LABELS.get(event, event)}"


def show_progress(meter: ProgressCallback, progress: Progress) -> None:
    """Show one step of a run on the meter."""
    meter(progress.done, progress.of, progress.note or f"{progress.event} {progress.label}")
