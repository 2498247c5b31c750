"""Where nobody outside Sage knows how it behaves, or sources disagree: what the rehearsal plays.

Each point is a switch with its choices; the first is what Sage publishes, or the stricter one where it
publishes nothing.
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
    """One open point; the first of its choices is played unless told otherwise."""

    name: str
    choices: tuple[str, ...]
    about: str


SWITCHES = (
    Switch(
        "change_filter", ("updated_or_created_since", "updated_from"), "what the filter for changes is called"
    ),
    Switch("duplicate_status", ("422", "409"), "the status where a value has already been taken"),
    Switch("next_link", ("present", "absent"), "whether a page says where the next one is"),
    Switch("retry_after", ("absent", "seconds", "date"), "whether a 429 says how long to wait, and how"),
    Switch("idempotency", ("honoured", "ignored"), "whether idempotency_id is honoured"),
    Switch("limits", ("standard", "published"), "whether a company has limits beside those of the app"),
    Switch(
        "same_id_other_body",
        ("replay", "refuse", "write"),
        "what a used idempotency_id with another body does",
    ),
    Switch(
        "repeated_refusal", ("judged", "replayed"), "whether a refusal is remembered under its idempotency_id"
    ),
    Switch("refused_calls", ("counted", "free"), "whether a call that got a 429 counts against the limits"),
    Switch(
        "old_refresh_token", ("refuse", "grace", "revoke"), "what a refresh token that is not the newest does"
    ),
)

#: How every refused duplicate is worded.
_TAKEN = "has already been taken."

_CHANGES = (
    Filter("updated_from", "datetime", "changed or created at this moment or later"),
    Filter("updated_to", "datetime", "changed or created at this moment or earlier"),
)


def read_plays(texts: Iterable[str]) -> dict[str, str]:
    """The choices written as `retry_after=date`.

    Raises:
        ProjectError: there is no such switch, or it has no such choice.
    """
    plays = {}
    for text in texts:
        name, _, value = text.partition("=")
        check_play(name.strip(), value.strip())
        plays[name.strip()] = value.strip()
    return plays


def check_play(name: str, value: str) -> None:
    """Nothing, where the switch has this choice.

    Raises:
        ProjectError: there is no such switch, or it has no such choice.
    """
    known = {switch.name: switch for switch in SWITCHES}
    if name not in known:
        hint = suggestion(name, known) or f"There are {', '.join(known)}."
        raise ProjectError(f"Nothing called '{name}' can be played.", hint)
    if value not in known[name].choices:
        raise ProjectError(
            f"{name} cannot be '{value}': {known[name].about}.", f"Choose {' or '.join(known[name].choices)}."
        )


def usual(name: str) -> str:
    """What is played where nothing was said."""
    return next(switch.choices[0] for switch in SWITCHES if switch.name == name)


def as_played(catalog: Catalog, plays: Mapping[str, str]) -> Catalog:
    """The catalog of a Sage whose filter for changes may have the other name."""
    if plays.get("change_filter") != "updated_from":
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


def altered(reply: Reply, plays: Mapping[str, str]) -> Reply:
    """The answer as this Sage would give it."""
    if plays.get("duplicate_status") == "409" and reply.status == 422 and _is_duplicate(reply):
        return replace(reply, status=409)
    if plays.get("next_link") == "absent" and reply.status == 200 and b'"$next"' in reply.body:
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
