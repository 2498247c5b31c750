"""The house: each part imports only what lies downhill from it, and no module waits for types alone."""

import ast
from collections.abc import Iterator
from pathlib import Path

import sagerecon

PACKAGE = Path(sagerecon.__file__).parent

#: What each part may import of ours, besides `model` and itself.
MAY_IMPORT: dict[str, set[str]] = {
    "model": set(),
    "package": set(),
    "mapping": set(),
    "validation": set(),
    "planning": set(),
    "reconciliation": set(),
    "sources": set(),
    "sage": set(),
    "rehearsal": set(),
    # What Sage publishes, held against the catalog: a stage of its own, for it knows how OpenAPI is written
    # and the ground does not.
    "drift": set(),
    "store": {"planning"},
    "report": {"planning", "reconciliation", "drift"},
    # How one call is made, waited for and repeated is a subject of its own beside the walk of a plan.
    "caller": {"planning"},
    "runner": {"planning", "caller"},
    # `package` hands the project its catalog and schemas: the files that travel with the program.
    "project": {"sources", "sage", "store", "package"},
    # What several commands share: the way in, the plan on disk, the source as Sage should hold it, what Sage
    # holds against it, the facts of a report, a rehearsal. `verification` and `reporting` read what runs
    # left, so they name the store's values.
    "new_project": {"project", "package"},
    "signing_in": {"project", "sage", "store"},
    "plan_file": {"project", "planning", "package"},
    "preparation": {"project", "mapping", "validation", "reconciliation", "package"},
    "verification": {
        "plan_file",
        "preparation",
        "project",
        "planning",
        "reconciliation",
        "runner",
        "store",
        "package",
    },
    "reporting": {"plan_file", "planning", "preparation", "project", "report", "store", "package"},
    "rehearsing": {"project", "rehearsal", "package"},
    # Writing a report is a command like any other, so `commands` reaches the report's edge too.
    "commands": {
        "project",
        "new_project",
        "signing_in",
        "plan_file",
        "preparation",
        "verification",
        "reporting",
        "rehearsing",
        "planning",
        "reconciliation",
        "runner",
        "rehearsal",
        "report",
        "package",
    },
    # The demo is a story told with the commands, too long to be one function among them.
    "demo": {
        "commands",
        "preparation",
        "project",
        "planning",
        "reconciliation",
        "rehearsing",
        "rehearsal",
        "report",
        "package",
    },
    # How a command ends is the same for all of them, whichever module they stand in.
    "console": {"report"},
    # The catalog concerns no project: its commands show it and hold a document against it.
    "catalog_cli": {"console", "package", "drift", "report"},
    # `cli` shows what the runner says, so it names its outcome and its progress.
    "cli": {"catalog_cli", "commands", "console", "report", "demo", "runner"},
    "__main__": {"cli"},
    "__init__": set(),
}


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        if "_data" not in path.parts:
            relative = path.relative_to(PACKAGE)
            yield (relative.parts[0] if len(relative.parts) > 1 else relative.stem), path


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_every_part_stands_in_the_table() -> None:
    assert {part for part, _ in modules()} <= set(MAY_IMPORT)


def test_arrows_run_downhill() -> None:
    uphill = []
    for part, path in modules():
        for name in imports(path):
            if name.startswith("."):
                uphill.append(f"{path.relative_to(PACKAGE)}: a relative import")
            if not name.startswith("sagerecon."):
                continue
            target = name.split(".")[1]
            if target not in MAY_IMPORT[part] | {part, "model"}:
                uphill.append(f"{path.relative_to(PACKAGE)} imports {name}")
    assert uphill == []


def test_no_module_imports_for_types_alone() -> None:
    assert [str(p) for _, p in modules() if "TYPE_CHECKING" in p.read_text()] == []


def test_package_files_hold_a_docstring_and_nothing_else() -> None:
    for _, path in modules():
        if path.name == "__init__.py" and path.parent != PACKAGE:
            body = ast.parse(path.read_text()).body
            assert len(body) == 1 and isinstance(body[0], ast.Expr), path


def test_no_module_is_named_for_having_no_home() -> None:
    homeless = {"utils", "helpers", "common", "manager", "misc"}
    assert [str(path) for _, path in modules() if path.stem in homeless] == []


def test_the_rehearsals_door_does_not_know_the_books_behind_it() -> None:
    """They meet in `request` and `reply` alone, so that either can be replaced."""
    door, books = PACKAGE / "rehearsal", PACKAGE / "rehearsal" / "books"
    inward = [str(path) for path in door.glob("*.py") for name in imports(path) if ".rehearsal.books" in name]
    outward = {
        name
        for path in books.glob("*.py")
        for name in imports(path)
        if name.startswith("sagerecon.rehearsal.") and ".books." not in name
    }
    assert inward == []
    assert outward <= {"sagerecon.rehearsal.request", "sagerecon.rehearsal.reply"}
