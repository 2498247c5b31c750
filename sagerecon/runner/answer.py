"""Reads Sage's answer to a failed call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sagerecon.model.call import Answer

#: Statuses of an answer that says that there is no such entity.
ABSENT = frozenset({404, 410})


def error_text(answer: Answer) -> str:
    """Return Sage's own messages in the answer, each with its field; the status where there are none."""
    items = answer.body if isinstance(answer.body, list) else [answer.body]
    messages = [_message(item) for item in items if isinstance(item, Mapping)]
    return "; ".join(message for message in messages if message) or f"status {answer.status}"


def _message(item: Mapping[str, Any]) -> str:
    message, source = str(item.get("$message", "")).rstrip("."), str(item.get("$source", ""))
    return f"{source}: {message}" if source and source != "base" else message
