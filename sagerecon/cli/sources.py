"""The command `snapshot`."""

from __future__ import annotations

from sagerecon.cli.options import HERE, AllowHost, Env, Folder, Json


def snapshot(project: Folder = HERE, allow_host: AllowHost = None, env: Env = "", json: Json = False) -> None:
    """Read and freeze the source, and cross-check its totals."""
    from sagerecon.cli.console import command, exit_by_findings
    from sagerecon.commands import preparation, projects, sources
    from sagerecon.model.not_carried import not_carried_document
    from sagerecon.report.terminal.not_carried import not_carried_lines
    from sagerecon.report.terminal.sources import source_files

    with command(json) as screen:
        opened = projects.open_project(project, allow_host or (), env)
        with screen.progress("reading") as meter:
            clock = projects.open_clock(opened.address)
            prepared = sources.snapshot(opened, clock, lambda file, rows: meter(rows, 0, file))
        files = [(file.path, file.rows) for file in prepared.files]
        screen.event("result", snapshot=prepared.snapshot, files=dict(files))
        screen.show(source_files(files))
        for record in preparation.not_carried_records(prepared) if json else ():
            screen.event("not_carried", **not_carried_document(record))
        for draft, change in preparation.short_references(prepared) if json else ():
            screen.event(
                "short_reference",
                kind=draft.kind,
                key=draft.key,
                field=change.field,
                before=change.before,
                after=change.after,
            )
        screen.show(*not_carried_lines(preparation.not_carried_records(prepared)))
        screen.findings(prepared.findings)
        screen.print(f"Snapshot {prepared.snapshot[:12]} written.")
        exit_by_findings(prepared.findings)
        screen.print("Next: sagerecon plan")
