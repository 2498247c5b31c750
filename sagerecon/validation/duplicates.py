"""Drafts that share a key: which of them counts, and why the others are not sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from sagerecon.model.code import Code
from sagerecon.model.draft import DUPLICATE_RULE, Draft, LeftOut, Quarantined, node_document
from sagerecon.model.finding import Finding
from sagerecon.model.key import Key, NaturalKey
from sagerecon.model.value import fingerprint
from sagerecon.validation.rule import described, place_of


def set_apart(
    drafts: Sequence[Draft], counts: Callable[[Quarantined], bool]
) -> Iterator[tuple[Draft, Quarantined | LeftOut | Draft]]:
    """Yield each draft that shares a key with another, with what becomes of it.

    Where exactly one of them counts it stays, and the others are left out; else all are quarantined.

    Args:
        counts: whether a record was decided to be the one that counts, as it would be quarantined.
    """
    found = _findings(drafts)
    for group in _groups(drafts):
        keys = {draft.key for draft in group}
        content = fingerprint(sorted(_content(draft) for draft in group)) if len(keys) == len(group) else ""
        aside = [(draft, quarantined(draft, found[id(draft)], content)) for draft in group]
        chosen = [draft for draft, outcome in aside if content and counts(outcome)]
        for draft, outcome in aside:
            if len(chosen) != 1:
                yield draft, outcome
            else:
                yield draft, draft if draft is chosen[0] else _left_out(draft, chosen[0])


def keys_of(draft: Draft) -> list[Key]:
    """Return the draft key of a draft, and each of its natural keys."""
    return [draft.key, *(NaturalKey(field, value) for field, value in draft.identity.items())]


def quarantined(
    draft: Draft, findings: Sequence[Finding], duplicates: str = "", orphan: Draft | None = None
) -> Quarantined:
    """Return the outcome of a draft that is set aside, with its reasons.

    Args:
        duplicates: the fingerprint of all drafts that share its identity.
        orphan: the draft, where it could be sent if Sage held what it refers to.
    """
    return Quarantined(
        kind=draft.kind,
        key=draft.key,
        findings=tuple(findings),
        origins=draft.origins,
        amount=draft.amount,
        label=draft.label,
        duplicates=duplicates,
        orphan=orphan,
    )


def _left_out(draft: Draft, counted: Draft) -> LeftOut:
    return LeftOut(
        kind=draft.kind,
        key=draft.key,
        rule=DUPLICATE_RULE,
        reason=f"decided that {counted.key} counts",
        origins=draft.origins,
        amount=draft.amount,
        label=draft.label,
        merged_into=counted.key,
    )


def _content(draft: Draft) -> str:
    return fingerprint([draft.kind, draft.key, dict(draft.identity), node_document(draft.body)])


def _groups(drafts: Sequence[Draft]) -> list[list[Draft]]:
    """Return the drafts in groups: each shares a key with another one of its group, directly or not."""
    group_of = {id(draft): [draft] for draft in drafts}
    for sharing in _by_key(drafts).values():
        first = group_of[id(sharing[0])]
        for draft in sharing[1:]:
            other = group_of[id(draft)]
            if other is not first:
                first += other
                group_of.update(dict.fromkeys(map(id, other), first))
    return list({id(group): group for group in group_of.values()}.values())


def _findings(drafts: Sequence[Draft]) -> Mapping[int, Sequence[Finding]]:
    """Return the findings of drafts that share a key with another, by `id()` of the draft."""
    found: dict[int, list[Finding]] = {}
    reported: set[frozenset[int]] = set()
    for (kind, key), sharing in _by_key(drafts).items():
        group = frozenset(id(draft) for draft in sharing)
        if len(sharing) < 2 or group in reported:
            continue
        reported.add(group)
        have_own_keys = len({draft.key for draft in sharing}) == len(sharing)  # else no decision can name one
        decide = " Or decide which of them counts: sagerecon decide list" if have_own_keys else ""
        for draft in sharing:
            others = ", ".join(str(o.origins[0]) for o in sharing if o is not draft and o.origins)
            found.setdefault(id(draft), []).append(
                Finding(
                    Code.DUPLICATE_KEY,
                    place_of(draft),
                    f"{described(draft)} has the same {kind} key as another record ({key}; see {others}).",
                    f"Give each its own key, or leave one out by a named rule.{decide}",
                )
            )
    return found


def _by_key(drafts: Sequence[Draft]) -> Mapping[tuple[str, Key], list[Draft]]:
    """Return the drafts by kind and key, under their draft key and each of their natural keys."""
    by_key: dict[tuple[str, Key], list[Draft]] = {}
    for draft in drafts:
        for key in keys_of(draft):
            by_key.setdefault((draft.kind, key), []).append(draft)
    return by_key
