"""Arguments in, exit code out: every command of `sagerecon`, assembled.

The modules imported here hold signatures and help texts. What a command does is imported in its body: the
libraries of all commands together take seconds to import, and `--help` needs none of them.
"""

from __future__ import annotations

import gc
from typing import Annotated

import typer

from sagerecon.cli import (
    auth,
    catalog,
    checking,
    decisions,
    editors,
    looking,
    mapping_tests,
    projects,
    reconciliation,
    rehearsal,
    runs,
    sources,
    state,
)
from sagerecon.model.version import VERSION

app = typer.Typer(
    name="sagerecon",
    help="Move a company's books into Sage Business Cloud Accounting, and prove it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(projects.init)
app.command()(projects.trust)
app.command()(sources.snapshot)
app.command()(checking.check)
app.command()(mapping_tests.test)
app.command()(editors.fmt)
app.command()(editors.schema)
app.command()(looking.look)
app.command()(looking.compare)
app.command()(looking.draft)
app.command()(runs.plan)
app.command()(runs.apply)
app.command()(runs.status)
app.command()(reconciliation.reconcile)
app.command()(reconciliation.report)
app.command()(reconciliation.explain)
app.command()(rehearsal.sandbox)
app.command()(rehearsal.demo)

sign_in = typer.Typer(help="Sign in to Sage, or to a sandbox.", no_args_is_help=True)
sign_in.command()(auth.login)
sign_in.command()(auth.status)
sign_in.command()(auth.logout)
sign_in.command()(auth.rotate_key)
app.add_typer(sign_in, name="auth")

kinds = typer.Typer(help="Show what Sage accepts, kind by kind.", no_args_is_help=True)
kinds.command("list")(catalog.list_kinds)
kinds.command()(catalog.show)
kinds.command()(catalog.diff)
app.add_typer(kinds, name="catalog")

deciding = typer.Typer(help="Decide on records that a plan leaves alone.", no_args_is_help=True)
deciding.command("list")(decisions.list_decisions)
deciding.command()(decisions.show)
deciding.command()(decisions.take)
deciding.command()(decisions.drop)
app.add_typer(deciding, name="decide")

memory = typer.Typer(help="Back up the store, the memory of what was written to Sage.", no_args_is_help=True)
memory.command()(state.backup)
app.add_typer(memory, name="state")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sagerecon {VERSION}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Move a company's books into Sage Business Cloud Accounting, and prove it."""
    del version


def main() -> None:
    """Run the command line; exit with the code of its result."""
    # Plans, drafts and verdicts are many small values that live to the end: looking for cycles among them
    # after every 700 allocations took a tenth of the time.
    gc.set_threshold(100_000, 20, 20)
    try:
        app()
    finally:
        gc.freeze()  # or the interpreter looks for cycles among all imported modules before it exits: 0.1 s
