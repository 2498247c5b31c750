"""What the file of a saved rehearsal holds, as a JSON Schema; the books check their own part."""

from __future__ import annotations

from typing import Any

from sagerecon.model.clock import LAST_INSTANT

#: Draws of random faults that a rehearsal repeats when it is loaded.
_MOST_DRAWS = 10_000_000

_TEXT = {"type": "string"}
_FLAG = {"type": "boolean"}
_COUNT = {"type": "integer", "minimum": 0, "maximum": LAST_INSTANT}
_SEED = {"type": ["integer", "string"]}


def _object(**properties: Any) -> dict[str, Any]:
    """Return the schema of an object with all of these properties, and none besides."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _map(values: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": values}


_PAIRS = _list({"type": "array", "prefixItems": [_COUNT, _COUNT], "minItems": 2, "maxItems": 2})
_CONSENT = _object(client_id=_TEXT, user_id=_TEXT, business_id=_TEXT, scope=_TEXT)
_FIRST_ANSWER = _object(kind=_TEXT, content=_TEXT, status=_COUNT, body=_TEXT, answered_at=_COUNT, asked=_TEXT)
_CODE = _object(consent=_CONSENT, redirect_uri=_TEXT, challenge=_TEXT, method=_TEXT, expires_at=_COUNT)
_FAULT = _object(
    nth=_COUNT,
    method=_TEXT,
    path=_TEXT,
    times=_COUNT,
    trouble=_TEXT,
    status={"type": "integer", "minimum": 100, "maximum": 599},
    milliseconds=_COUNT,
    seen=_COUNT,
)
_SEEDED = _object(
    seed=_SEED,
    per_thousand=_map(_COUNT),
    path=_TEXT,
    drawn={"type": "integer", "minimum": 0, "maximum": _MOST_DRAWS},
)

STATE = _object(
    sagerecon=_TEXT,
    seed=_SEED,
    saved_at=_TEXT,
    latency=_COUNT,
    calls=_COUNT,
    spoiled=_list(_TEXT),
    retry_after=_TEXT,
    plays=_map(_TEXT),
    faults={
        "anyOf": [{"type": "null"}, _object(scheduled=_list(_FAULT)), _object(seeded=_SEEDED)],
    },
    ids=_map(_COUNT),
    authorization=_object(
        reuse=_TEXT,
        apps=_list(_object(client_id=_TEXT, client_secret=_TEXT, name=_TEXT, redirect_uri=_TEXT)),
        codes=_map(_CODE),
        grants=_map(
            _object(
                consent=_CONSENT,
                refresh=_TEXT,
                refresh_expires_at=_COUNT,
                previous=_TEXT,
                rotated_at=_COUNT,
            )
        ),
        access=_map({"type": "array", "prefixItems": [_CONSENT, _COUNT], "minItems": 2, "maxItems": 2}),
    ),
    limits=_object(
        profile=_TEXT,
        counts_refused=_FLAG,
        companies=_map(
            _object(
                minute=_PAIRS,
                day=_PAIRS,
                foreign=_list(_COUNT),
                foreign_made=_COUNT,
                foreign_refused=_COUNT,
            )
        ),
        apps=_map(_object(day=_PAIRS, bytes=_PAIRS)),
    ),
    idempotency=_object(
        is_honoured=_FLAG,
        other_body=_TEXT,
        replays_errors=_FLAG,
        first=_map(_map(_FIRST_ANSWER)),
    ),
    membership=_object(
        members=_list(
            _object(
                id=_TEXT,
                displayed_as=_TEXT,
                initials=_TEXT,
                roles=_map(_TEXT),
                lead=_TEXT,
                locale=_TEXT,
                changed_at=_COUNT,
            )
        ),
        businesses=_list({"type": "object"}),
        lapsed=_list(_TEXT),
    ),
)
