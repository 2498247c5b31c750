"""Reading `sagerecon.yaml` into a Project, with every error at its line."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from sagerecon.documents import package
from sagerecon.documents.document import Node, read_document
from sagerecon.documents.package import schema
from sagerecon.documents.schema import check_schema
from sagerecon.model.address import host_of
from sagerecon.model.code import Code
from sagerecon.model.errors import ProjectError, ProjectFileError
from sagerecon.model.finding import Finding
from sagerecon.model.money import decimal
from sagerecon.model.place import Place
from sagerecon.model.suggestion import suggestion
from sagerecon.model.value import Scalar
from sagerecon.project.consent import Consent
from sagerecon.project.hosts import allowed_host, sage_hosts
from sagerecon.project.named_files import NamedFiles, named_files
from sagerecon.project.private_files import is_there, read_text
from sagerecon.project.project import FILE, STATE, Business, Limits, Project, TieOutSource, state_folder
from sagerecon.project.state import read_business
from sagerecon.project.user_settings import read_user_settings


@dataclass(frozen=True, slots=True)
class ProjectDraft:
    """What could be read of a project file with errors: the parts that are broken have usual values."""

    project: Project
    findings: tuple[Finding, ...]
    broken: frozenset[str]  #: the keys with errors


def read_project(folder: Path, allow_hosts: Collection[str] = (), environment: str = "") -> Project:
    """Return the project in `folder`.

    Args:
        allow_hosts: the hosts to which the user allows this command to send tokens and data, besides those
            of the user's settings.
        environment: whose settings count; those of the file alone where it is empty.

    Raises:
        ProjectError: the folder has no project file, it cannot be read, or a host of `allow_hosts` is none.
        ProjectFileError: the file has errors, or names a host or folder to which the user has not consented;
            every finding is attached.
    """
    draft = read_project_with_faults(folder, allow_hosts, environment)
    if draft.findings:
        raise ProjectFileError(draft.findings)
    return draft.project


def read_project_with_faults(
    folder: Path, allow_hosts: Collection[str] = (), environment: str = ""
) -> ProjectDraft:
    """Return the project in `folder`, as far as its file has no errors; arguments as `read_project`.

    Raises:
        ProjectError: the folder has no project file, it cannot be read, it has no such environment, or a host
            of `allow_hosts` is none.
    """
    folder = folder.resolve()
    try:
        str(folder).encode()
    except UnicodeEncodeError as error:  # neither the store nor the snapshot can be opened in it
        raise ProjectError(f"The name of the folder {folder} is not UTF-8.", "Rename the folder.") from error
    path = folder / FILE
    if not is_there(path):
        raise ProjectError(
            f"There is no {FILE} in {folder}.",
            "Name the project's folder with --project, or create a project with: sagerecon init",
        )
    root, findings = read_document(read_text(path, FILE, follow=False), FILE)
    is_yaml = not findings
    findings = findings or check_schema(root, schema("project"))
    if environment and is_yaml:
        root = _in_environment(root, environment)
        findings = findings or check_schema(root, schema("project"))
    findings += _date_findings(root) if is_yaml else ()
    broken = frozenset(_broken(root, findings))
    root = _with_usual_values(root, broken)
    settings = read_user_settings()
    named, faults = named_files(root, folder, (folder, *settings.data_folders))
    findings += faults
    data = _resolved(folder / root["data"].text, root["data"].place, findings) or folder
    consent = Consent(settings, tuple(map(allowed_host, allow_hosts)), folder)
    project = _project(root, folder, named, data, consent, environment)
    findings += [*_check(project, root), *_without_consent(project, root, consent)]
    return ProjectDraft(project, tuple(findings), broken)


#: What takes the place of a part that is required, and missing or broken, while the rest is checked.
_USUAL = {
    "company": "?",
    "data": ".",
    "cut_over": "2000-01-01",
    "business": {"country": "", "currency": ""},
    "mappings": (),
}


def _broken(root: Node, findings: Iterable[Finding]) -> Iterator[str]:
    """Yield the keys of a project file that have an error inside them, or are required and missing."""
    at = {finding.place for finding in findings}
    yield from (key for key in _USUAL if key not in root)
    for key, node in root.children().items():
        if not at.isdisjoint(node.places()):
            yield key


def _with_usual_values(root: Node, broken: Collection[str]) -> Node:
    """Return a project file without its broken parts, and with usual values for those that are required."""
    whole = {key: node for key, node in root.children().items() if key not in broken}
    usual = {key: _node(value, root.place) for key, value in _USUAL.items() if key not in whole}
    return replace(root, value={**whole, **usual})


def _node(value: Any, place: Place) -> Node:
    children = {key: _node(child, place) for key, child in value.items()} if isinstance(value, dict) else None
    return Node(value if children is None else children, place)


def _date_findings(root: Node) -> Iterator[Finding]:
    """Yield a finding for each date of a project file that the calendar does not have."""
    business = root.get("business")
    for node in (root.get("cut_over"), root.get("as_at"), business.get("lockdown") if business else None):
        if node is not None and node.text:
            try:
                date.fromisoformat(node.text)
            except ValueError:
                message = f"'{node.text}' is not a date."
                yield Finding(Code.NOT_A_DATE, node.place, message, "Write it as 2027-03-31.")


def _in_environment(root: Node, environment: str) -> Node:
    """Return a project file with the settings of an environment, which replace its own key by key.

    Raises:
        ProjectError: there is no such environment.
    """
    environments = root["environments"].children() if "environments" in root else {}
    if environment not in environments:
        known = (
            f"There are: {', '.join(environments)}." if environments else "Declare it under environments:."
        )
        hint = suggestion(environment, environments) or known
        raise ProjectError(f"{FILE} has no environment '{environment}'.", hint)
    return _replaced(root, environments[environment])


def _replaced(node: Node, other: Node) -> Node:
    """Return a node with the keys of another in the place of its own; what both have as keys is joined."""
    children = dict(node.children())
    for name, child in other.children().items():
        own = children.get(name)
        children[name] = _replaced(own, child) if own is not None and own.children() else child
    return replace(node, value=children)


def _project(
    root: Node, folder: Path, named: NamedFiles, data: Path, consent: Consent, environment: str
) -> Project:
    settings = consent.settings
    get = root.plain().get
    cut_over = date.fromisoformat(get("cut_over"))
    business = get("business")
    sage = get("sage", {})
    parameters: dict[str, Scalar] = {
        **get("parameters", {}),
        "cut_over": cut_over,
        "base_currency": business["currency"],
    }
    return Project(
        folder=folder,
        company=get("company"),
        data=data,
        data_folders=(data, *settings.data_folders),
        sources_file=named.sources,
        mapping_files=named.mappings,
        warnings=named.warnings,
        crosswalk_files=named.crosswalks,
        test_files=named.tests,
        block_files=named.blocks,
        overlay_files=named.overlays,
        environment=environment,
        cut_over=cut_over,
        as_at=date.fromisoformat(get("as_at", str(cut_over))),
        parameters={**parameters, "as_at": date.fromisoformat(get("as_at", str(cut_over)))},
        business=Business(
            id=business.get("id") or read_business(state_folder(folder, environment)),
            country=business["country"],
            edition=business.get("edition", "plus"),
            currency=business["currency"],
            tax_registered=business.get("tax_registered", True),
            multi_currency=business.get("multi_currency", False),
            lockdown=date.fromisoformat(business["lockdown"]) if "lockdown" in business else None,
        ),
        limits=Limits(**get("budget", {})),
        address=_sandbox(sage.get("address", "").rstrip("/")),
        client_id=sage.get("client_id", ""),
        store_url=get("store", f"sqlite:///{state_folder(folder, environment) / 'store.sqlite'}"),
        consent=consent,
        sql_seconds=settings.sql_seconds,
        stop_when_blocked=decimal(get("stop_when_blocked", "5%").removesuffix("%")),
        control_accounts=get("control_accounts", {}),
        tie_outs={
            name: TieOutSource(**node.plain(), place=node.place)
            for name, node in (root["tie_outs"].children() if "tie_outs" in root else {}).items()
        },
    )


def _check(project: Project, root: Node) -> Iterator[Finding]:
    """Yield what the schema cannot see: a state folder that is a link, and an early as-at date."""
    if project.state.is_symlink():
        yield Finding(
            Code.OUTSIDE_FOLDER,
            Place(STATE),
            f"the project's own folder is a link to {project.state.readlink()}.",
            "Remove the link; the folder is made again.",
        )
    if project.cut_over == date.max:
        message = f"'{project.cut_over}' has no day after it, on which the books in Sage could begin."
        yield Finding(Code.NOT_A_DATE, root["cut_over"].place, message, "Write it as 2027-03-31.")
    if project.as_at < project.cut_over:
        yield Finding(
            Code.AS_AT_TOO_EARLY,
            root["as_at"].place,
            f"as_at {project.as_at} is before the cut-over {project.cut_over}.",
            "Set as_at to the cut-over date or later.",
        )


def _without_consent(project: Project, root: Node, consent: Consent) -> Iterator[Finding]:
    """Yield a finding for each host and folder outside the project that the user has not allowed."""
    yield from consent.folder_findings(project.data, root["data"].place, "The data folder")
    if "store" in root:
        yield from _store_findings(project.store_url, root["store"].place, consent)
    if project.address:
        place = root["sage"]["address"].place
        yield from consent.host_findings(host_of(project.address), place, "Tokens and the company's data")


def _sandbox(address: str) -> str:
    """Return the address of a sandbox, or "" where it is Sage's own, whose addresses the catalog has."""
    host = host_of(address)
    return "" if host and host in sage_hosts(package.catalog().api) else address


def _store_findings(url: str, place: Place, consent: Consent) -> Iterator[Finding]:
    """Yield a finding where the address of a store is none, or leads where the user has not consented."""
    from sagerecon.store.address import (  # noqa: PLC0415 - few projects name a store, and check opens none
        StoreAddressError,
        store_address,
    )

    try:
        address = store_address(url)
    except StoreAddressError as error:
        hint = "Write it as sqlite:///path/store.sqlite, or leave it out for the project's own folder."
        yield Finding(Code.NOT_AN_ADDRESS, place, f"'store' is not the address of a store: {error}.", hint)
        return
    is_file = address.get_backend_name() == "sqlite"
    file = Path(str(address.database)).absolute().resolve() if is_file else None
    yield from consent.store_findings(url, file, place)


def _resolved(path: Path, place: Place, findings: list[Finding]) -> Path | None:
    """Return where a path leads; None, with a finding, where it leads nowhere."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):  # Python's own for a circle of links, and for a NUL
        message = f"'{path.name}' is no folder: its links lead in a circle, or its name holds a NUL."
        findings.append(Finding(Code.UNREADABLE, place, message, "Name another folder."))
        return None
