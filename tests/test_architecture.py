"""The structure: each room imports only what lies downhill from it, and no import is for types alone."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import sagerecon

PACKAGE = Path(sagerecon.__file__).parent

#: What each room may import of ours, besides `model` and itself.
MAY_IMPORT: dict[str, set[str]] = {
    "model": set(),
    # Only edges read and write files; the catalog keeps its compiled form in one.
    "files": set(),
    "documents": {"files"},
    "mapping": {"documents"},
    "validation": set(),
    "testing": {"documents", "mapping"},
    "pairing": set(),
    "planning": {"pairing"},
    "reconciliation": {"pairing"},
    "drift": set(),
    "sources": {"documents", "files"},
    "sage": set(),
    "rehearsal": {"files"},
    "store": {"planning", "pairing", "files"},
    "report": {"planning", "reconciliation", "drift", "pairing", "files"},
    "runner": {"planning", "pairing"},
    # The project reads its own YAML files, one of which holds decisions about pairs, and hands out the
    # catalog that travels with the program.
    "project": {"sources", "sage", "store", "documents", "pairing", "files"},
    # The commands read the mapping packs and schemas that `documents` finds, call every stage, and name the
    # values of the store and of the sign-in that they pass on.
    "commands": {
        "project",
        "files",
        "documents",
        "mapping",
        "validation",
        "testing",
        "pairing",
        "planning",
        "reconciliation",
        "drift",
        "sources",
        "sage",
        "store",
        "runner",
        "report",
        "rehearsal",
    },
    # The command line shows what the commands return: the runner's progress, a reconciliation, the report's
    # tables. The catalog's commands need no project, so that they read `documents` themselves.
    "cli": {"commands", "documents", "reconciliation", "report", "runner"},
    "__main__": {"cli"},
    "__init__": set(),
}

#: What `model` imports from outside: the standard library, and nothing else.
STANDARD_LIBRARY = sys.stdlib_module_names


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


def test_every_room_is_in_the_table() -> None:
    assert {part for part, _ in modules()} == set(MAY_IMPORT)


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


def test_the_ground_imports_the_standard_library_alone() -> None:
    outside = {
        name.split(".")[0] for part, path in modules() if part == "model" for name in imports(path)
    } - STANDARD_LIBRARY
    assert outside == {"sagerecon"}


def test_the_top_of_the_package_holds_only_its_entry() -> None:
    assert {path.name for path in PACKAGE.glob("*.py")} == {"__init__.py", "__main__.py"}


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


def test_the_readme_shows_each_room_with_its_imports() -> None:
    """Compare the table of the README with the table of this test."""
    readme = (PACKAGE.parent / "README.md").read_text()
    rows = re.findall(r"^\| `(\w+)/` \| [^|]+ \| ([^|]*)\|$", readme, flags=re.MULTILINE)
    shown = {room: {name for name in re.split(r",\s*", text.strip()) if name} for room, text in rows}
    rooms = {room: imports for room, imports in MAY_IMPORT.items() if not room.startswith("__")}
    above_commands = {"commands", "cli"}
    everything_below = set(rooms) - above_commands - {"model"}
    shown["commands"] = everything_below if shown["commands"] == {"all of the above"} else shown["commands"]
    assert rooms["commands"] <= everything_below
    assert shown == {**rooms, "commands": everything_below}


def fields_of_values() -> dict[str, int]:
    """Return the number of fields of each dataclass by its name, the largest where a name occurs twice."""
    sizes: dict[str, int] = {}
    for _, path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and "dataclass" in "".join(
                map(ast.unparse, node.decorator_list)
            ):
                count = sum(isinstance(part, ast.AnnAssign) for part in node.body)
                sizes[node.name] = max(sizes.get(node.name, 0), count)
    return sizes


def test_values_of_more_than_four_fields_are_built_by_keyword() -> None:
    sizes = fields_of_values()
    long_calls = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for _, path in modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and sizes.get(ast.unparse(node.func).rpartition(".")[2], 0) > 4
        and len(node.args) > 4
    ]
    assert long_calls == []


#: The modules that print, and those that make texts and tables for it; they make visible what they show.
_SCREENS = {"report/screen.py", "report/terminal/shown.py"}

#: What prints, asks, or reads markup, past those modules.
_PRINTING = {"print", "input", "typer.secho", "typer.prompt", "click.echo"} | {
    f"sys.{stream}.write" for stream in ("stdout", "stderr")
}
_RICH = {"rich", "rich.text", "rich.table", "rich.panel", "rich.progress", "rich.prompt"}

#: Modules with pages, whose values are made visible as a whole.
_PAGES = {"report/pages.py", "rehearsal/pages.py"}


def unsafe_output(name: str, call: ast.Call) -> Iterator[str]:
    """Yield what a call does with text from outside that none may do."""
    called, options = ast.unparse(call.func), {each.arg: ast.unparse(each.value) for each in call.keywords}
    is_constant = all(isinstance(argument, ast.Constant) for argument in call.args)
    if called in _PRINTING and name not in _SCREENS:
        yield "prints past the screen"
    if called in ("typer.echo", "typer.confirm") and not is_constant and name != "cli/main.py":
        yield "shows text that is not a constant"
    makes_text = called in ("TextColumn", "super().__init__") and name == "report/screen.py"
    if makes_text and options.get("markup") != "False":
        yield "leaves markup on"
    if called == "Markup" and not is_constant and name != "report/pages.py":
        yield "makes markup of a value"
    if called == "Environment" and name in _PAGES and options.get("finalize") != "visible_value":
        yield "shows values as they are"


def test_text_from_outside_is_never_markup_and_is_shown_at_one_place() -> None:
    """A name such as `[link=...]`, or one with ESC in it, may come from any file and reach any output."""
    found = []
    for _, path in modules():
        name, text, imported = path.relative_to(PACKAGE).as_posix(), path.read_text(), set(imports(path))
        if "rich.markup" in imported or "from_markup" in text:
            found.append(f"{name} reads markup")
        if name not in _SCREENS and imported & _RICH:
            found.append(f"{name} shows text without ShownText or ShownTable")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call):
                found += [f"{name}:{node.lineno} {what}" for what in unsafe_output(name, node)]
    assert found == []
