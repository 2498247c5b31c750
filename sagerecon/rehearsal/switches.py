"""Switches for behaviour of Sage that is not documented, or on which sources disagree.

The first choice of each switch is what Sage publishes, or the stricter one where it publishes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sagerecon.model.catalog import Catalog, Filter, Kind
from sagerecon.model.errors import ProjectError
from sagerecon.model.suggestion import suggestion
from sagerecon.rehearsal.reply import JSON, Reply, json_bytes


@dataclass(frozen=True, slots=True)
class Switch:
    """One open question about Sage's behaviour; the first choice is the default."""

    name: str
    choices: tuple[str, ...]
    about: str


SWITCHES = (
    Switch("change_filter", ("updated_or_created_since", "updated_from"), "the name of the change filter"),
    Switch("duplicate_status", ("422", "409"), "the status of an answer that refuses a duplicate value"),
    Switch("next_link", ("present", "absent"), "whether a page links to the next one"),
    Switch(
        "retry_after",
        ("absent", "seconds", "date"),
        "whether a 429 has a Retry-After header, and in which form",
    ),
    Switch("idempotency", ("honoured", "ignored"), "whether idempotency_id is honoured"),
    Switch("limits", ("standard", "published"), "whether a company has limits besides those of the app"),
    Switch(
        "same_id_other_body",
        ("replay", "refuse", "write"),
        "what happens when an idempotency_id is reused with another body",
    ),
    Switch(
        "repeated_refusal", ("judged", "replayed"), "whether a refusal is replayed for its idempotency_id"
    ),
    Switch(
        "refused_calls", ("counted", "free"), "whether a call answered with 429 counts against the limits"
    ),
    Switch(
        "old_refresh_token",
        ("refuse", "grace", "revoke"),
        "what happens when a refresh token that is not the newest is used",
    ),
)

#: End of the message of every refused duplicate.
_TAKEN = "has already been taken."

_CHANGES = (
    Filter("updated_from", "datetime", "changed or created at this moment or later"),
    Filter("updated_to", "datetime", "changed or created at this moment or earlier"),
)


def read_switches(texts: Iterable[str]) -> dict[str, str]:
    """Parse choices written as `retry_after=date`.

    Raises:
        ProjectError: there is no such switch, or it has no such choice.
    """
    switches = {}
    for text in texts:
        name, _, value = text.partition("=")
        check_switch(name.strip(), value.strip())
        switches[name.strip()] = value.strip()
    return switches


def check_switch(name: str, value: str) -> None:
    """Check that the switch exists and has this choice.

    Raises:
        ProjectError: there is no such switch, or it has no such choice.
    """
    known = {switch.name: switch for switch in SWITCHES}
    if name not in known:
        hint = suggestion(name, known) or f"Switches: {', '.join(known)}."
        raise ProjectError(f"There is no switch '{name}'.", hint)
    if value not in known[name].choices:
        raise ProjectError(
            f"The switch {name} ({known[name].about}) has no choice '{value}'.",
            f"Choose one of: {', '.join(known[name].choices)}.",
        )


def default_choice(name: str) -> str:
    """Return the default choice of a switch."""
    return next(switch.choices[0] for switch in SWITCHES if switch.name == name)


def with_change_filter(catalog: Catalog, switches: Mapping[str, str]) -> Catalog:
    """Return the catalog with the change filter named as the switches say."""
    if switches.get("change_filter") != "updated_from":
        return catalog
    names = {each.name: each for each in _CHANGES}
    api = replace(catalog.api, filters={**catalog.api.filters, **names})
    return replace(catalog, api=api, kinds={name: _renamed(kind) for name, kind in catalog.kinds.items()})


def _renamed(kind: Kind) -> Kind:
    if not kind.changed_since:
        return kind
    kept = (name for name in kind.filters if name not in (kind.changed_since, kind.deleted_since))
    filters = (*kept, *(each.name for each in _CHANGES))
    return replace(kind, filters=filters, changed_since=_CHANGES[0].name, deleted_since="")


def apply_switches(reply: Reply, switches: Mapping[str, str]) -> Reply:
    """Return the answer as a Sage with these switches would give it."""
    if switches.get("duplicate_status") == "409" and reply.status == 422 and _is_duplicate(reply):
        return replace(reply, status=409)
    if switches.get("next_link") == "absent" and reply.status == 200 and b'"$next"' in reply.body:
        return _without_next(reply)
    return reply


def _is_duplicate(reply: Reply) -> bool:
    return all(str(error["$message"]).endswith(_TAKEN) for error in json.loads(reply.body))


def _without_next(reply: Reply) -> Reply:
    if reply.headers.get("Content-Type") != JSON:
        return reply
    document = json.loads(reply.body)
    if not isinstance(document, dict) or "$next" not in document:
        return reply
    return replace(reply, body=json_bytes({name: document[name] for name in document if name != "$next"}))
