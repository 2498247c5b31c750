"""A mapping ready to run: records in, drafts out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sagerecon.mapping.frame import Frame, Read, RefusalError, plain_text
from sagerecon.mapping.recipe import Recipe, Rule
from sagerecon.model.code import Code
from sagerecon.model.comparison import Comparison
from sagerecon.model.draft import Change, Draft, LeftOut, Outcome, Quarantined
from sagerecon.model.finding import Finding
from sagerecon.model.key import draft_key
from sagerecon.model.place import Place
from sagerecon.model.record import Record


@dataclass(frozen=True, slots=True)
class CompiledMapping:
    """One mapping file, checked; what it does with a record depends on nothing but the record."""

    name: str
    file: str
    dataset: str
    key: tuple[str, ...]  #: the columns of the source key
    kind: str
    priority: int
    comparisons: Mapping[str, Comparison]  #: by dotted field path
    recipe: Recipe

    def outcomes(self, record: Record) -> Iterator[Outcome]:
        """What becomes of the record: one outcome, or none where `where` fails.

        A quarantined record names all its faults, each with the source's place; the mapping's is in the hint.
        """
        recipe, frame = self.recipe, Frame(record.values)
        if recipe.where is not None and not _ask(recipe.where, frame, "source.where", recipe.place):
            if frame.faults:
                yield self._quarantined(record, frame)
            return
        rule = next((r for r in recipe.leave_out if _ask(r.when, frame, r.name, r.place)), None)
        made = self._left_out(record, frame, rule) if rule is not None else self._draft(record, frame)
        yield self._quarantined(record, frame) if frame.faults else made

    def _left_out(self, record: Record, frame: Frame, rule: Rule) -> LeftOut:
        merged = _ask(rule.merged_into, frame, rule.name, rule.place) if rule.merged_into is not None else ""
        return LeftOut(
            self.kind,
            draft_key(self.name, record.key),
            rule.name,
            rule.reason,
            record.origins,
            self._amount(frame),
            self._label(frame, record),
            merged or "",
        )

    def _draft(self, record: Record, frame: Frame) -> Draft:
        """The draft; where the frame has faults afterwards, it must not be used."""
        recipe = self.recipe
        for rule in recipe.quarantine:
            if _ask(rule.when, frame, rule.name, rule.place):
                refusal = RefusalError(Code.QUARANTINED_BY_RULE, rule.reason, f"Rule {rule.name}.")
                frame.refuse(refusal, "", rule.place)
        body = recipe.body.read(frame) or {}
        if recipe.checks:
            self._check(frame, body)
        identity = self._identity(frame, body)
        if recipe.choices:
            self._state_choices(frame, body)
        return Draft(
            self.kind,
            draft_key(self.name, record.key),
            body,
            identity,
            record.origins,
            recipe.place,
            recipe.on_existing,
            self._amount(frame),
            tuple(frame.changes),
            self._label(frame, record),
            self.priority,
        )

    def _check(self, frame: Frame, body: Mapping[str, Any]) -> None:
        frame.fields = dict(body)
        for check in self.recipe.checks:
            if not _ask(check.holds, frame, check.name, check.place):
                message = check.reason or f"the check {check.name} does not hold: {check.text}"
                frame.refuse(RefusalError(Code.CHECK_FAILED, message), "", check.place)

    def _identity(self, frame: Frame, body: Mapping[str, Any]) -> dict[str, str]:
        identity: dict[str, str] = {}
        for field, read in self.recipe.identity.items():
            stated = body.get(field) if read is None else _ask(read, frame, field, self.recipe.place)
            if stated is not None and stated != "":
                identity[field] = plain_text(stated)
            elif not frame.faults:
                refusal = RefusalError(
                    Code.NO_IDENTITY, "it is blank, and the record is known by it", "Fill it in."
                )
                frame.refuse(refusal, field, self.recipe.place)
        return identity

    def _state_choices(self, frame: Frame, body: Mapping[str, Any]) -> None:
        for choice in self.recipe.choices:
            if not _ask(choice.when, frame, choice.field, choice.place):
                continue
            before = _ask(choice.before, frame, choice.field, choice.place) if choice.before else None
            after = plain_text(body.get(choice.field))
            change = Change(choice.field, plain_text(before), after, choice.reason, choice.place)
            frame.changes.append(change)

    def _amount(self, frame: Frame) -> Any:
        read = self.recipe.amount
        return _ask(read, frame, "amount", self.recipe.place) if read is not None else None

    def _label(self, frame: Frame, record: Record) -> str:
        if self.recipe.label is None:
            return record.key
        try:
            return plain_text(self.recipe.label(frame)) or record.key
        except RefusalError:  # a label is for people; a record is not set aside for it
            return record.key

    def _quarantined(self, record: Record, frame: Frame) -> Quarantined:
        label, amount = self._label(frame, record), self._amount(frame)
        source = record.origins[0] if record.origins else Place(record.dataset)
        findings = dict.fromkeys(_finding(*fault, label, source) for fault in frame.faults)
        key = draft_key(self.name, record.key)
        return Quarantined(self.kind, key, tuple(findings), record.origins, amount, label)


def _ask(read: Read, frame: Frame, path: str, place: Place) -> Any:
    """The value, or None where the record does not allow it; then the fault is remembered."""
    try:
        return read(frame)
    except RefusalError as error:
        frame.refuse(error, path, place)
        return None


def _finding(error: RefusalError, path: str, place: Place, label: str, source: Place) -> Finding:
    where = f"{label}: {path}" if path else label
    hint = f"{error.hint} ({place})" if error.hint else f"See {place}."
    return Finding(error.code, source, f"{where}: {error.message}.", hint)
