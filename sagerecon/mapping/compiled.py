"""A compiled mapping, which turns records into drafts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sagerecon.documents.document import Node
from sagerecon.mapping.crosswalk import Crosswalk
from sagerecon.mapping.recipe import Recipe, Rule, with_hint
from sagerecon.mapping.record_context import Reader, RecordContext, RefusalError, plain_text
from sagerecon.mapping.scope import PART
from sagerecon.model.code import Code
from sagerecon.model.comparison import Comparison
from sagerecon.model.draft import Change, Draft, LeftOut, Outcome, Quarantined
from sagerecon.model.finding import Finding
from sagerecon.model.key import draft_key
from sagerecon.model.place import NOWHERE, Place
from sagerecon.model.record import Record


@dataclass(frozen=True, slots=True)
class FieldSource:
    """The columns that a field was made from, and its place in the mapping; no place if it is not mapped."""

    columns: tuple[str, ...] = ()
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class CompiledMapping:
    """One checked mapping file. The outcome of a record depends on that record alone."""

    name: str
    file: str
    dataset: str
    key: tuple[str, ...]  #: the columns of the source key
    kind: str
    priority: int
    comparisons: Mapping[str, Comparison]  #: by dotted field path
    recipe: Recipe
    tests: Node | None = None  #: the name of the file with its tests
    crosswalks: tuple[Crosswalk, ...] = ()  #: those that its transforms name
    #: The fields whose references it shortens, with what the change is listed under: the field, or a let.
    shortened: Mapping[str, str] = field(default_factory=dict)

    def effective_days(self, target: str) -> frozenset[date]:
        """Return the days on which a row of its crosswalks begins or ceases to give `target`."""
        return frozenset(day for table in self.crosswalks for day in table.effective_days(target))

    def made_of(self, record: Record) -> Iterator[tuple[Record, Outcome]]:
        """Yield each outcome of a record, with the record; with its part where the mapping splits it."""
        for part in self._parts(record):
            for outcome in self.outcomes(part):
                yield part, outcome

    def _parts(self, record: Record) -> Iterator[Record]:
        """Yield the record once for each part that it is split into; itself where it is not split.

        A record of which no part is made is not split, so that its outcome is a finding.
        """
        context, found = RecordContext(record.values), False
        for part in self.recipe.split:
            if part.when is None or _read_or_refuse(part.when, context, "split", part.place):
                found = True
                key = f"{record.key}|{part.name}"
                yield replace(record, key=key, values={**record.values, PART: part.name})
        if not found or context.faults:
            yield record

    def _is_not_split(self, record: Record, context: RecordContext) -> bool:
        """Return whether a record that is to be split makes no part; the fault is recorded."""
        if not self.recipe.split or PART in record.values:
            return False
        for part in self.recipe.split:
            if part.when is not None:
                _read_or_refuse(part.when, context, "split", part.place)
        if not context.faults:
            hint = "Add a part for it, or leave the record out by a rule."
            refusal = RefusalError(Code.NO_PART, "no part of split applies", hint)
            context.refuse(refusal, "", self.recipe.split[0].place)
        return True

    def outcomes(self, record: Record) -> Iterator[Outcome]:
        """Yield the outcome of the record, or nothing where `source.where` is false.

        A record that the mapping splits is one of the parts that `made_of` makes of it.

        A quarantined record has all its faults, each at its place in the source; the hint has the place in
        the mapping.
        """
        recipe, context = self.recipe, RecordContext(record.values)
        if recipe.where is not None and not _read_or_refuse(
            recipe.where, context, "source.where", recipe.place
        ):
            if context.faults:
                yield self._quarantine(record, context)
            return
        rule = next((r for r in recipe.leave_out if _read_or_refuse(r.when, context, r.name, r.place)), None)
        if rule is not None:
            made: Outcome = self._leave_out(record, context, rule)
        elif self._is_not_split(record, context):
            made = self._quarantine(record, context)
        else:
            made = self._make_draft(record, context)
        yield self._quarantine(record, context) if context.faults else made

    def source_of(self, record: Record, path: str) -> FieldSource:
        """Return the columns of the record that a field of its draft is made from, in the order of reading.

        Args:
            path: the field, such as `main_address.city`. For a field inside a list, the source of the whole
                list is returned; for one that is not mapped, that of the object it is in, if any.
        """
        path = path.partition("[")[0]
        while path:
            if path in self.recipe.readers:
                read, place = self.recipe.readers[path]
                row = _TracedRow(record.values)
                with suppress(RefusalError):
                    read(RecordContext(row))
                return FieldSource(tuple(row.columns), place)
            path = path.rpartition(".")[0]
        return FieldSource()

    def _leave_out(self, record: Record, context: RecordContext, rule: Rule) -> LeftOut:
        merged = (
            _read_or_refuse(rule.merged_into, context, rule.name, rule.place)
            if rule.merged_into is not None
            else ""
        )
        return LeftOut(
            kind=self.kind,
            key=draft_key(self.name, record.key),
            rule=rule.name,
            reason=with_hint(rule.reason, rule.hint),
            origins=record.origins,
            amount=self._amount(context),
            label=self._label(context, record),
            merged_into=merged or "",
        )

    def _make_draft(self, record: Record, context: RecordContext) -> Draft:
        """Return the draft; the caller must discard it where `context` has faults afterwards."""
        recipe = self.recipe
        for rule in recipe.quarantine:
            if _read_or_refuse(rule.when, context, rule.name, rule.place):
                hint = f"Rule {rule.name}: {rule.hint}" if rule.hint else f"Rule {rule.name}."
                refusal = RefusalError(Code.QUARANTINED_BY_RULE, rule.reason, hint)
                context.refuse(refusal, "", rule.place)
        body = recipe.body.read(context) or {}
        if recipe.checks:
            self._check(context, body)
        identity = self._identity(context, body)
        if recipe.choices:
            self._record_choices(context, body)
        return Draft(
            kind=self.kind,
            key=draft_key(self.name, record.key),
            body=body,
            identity=identity,
            origins=record.origins,
            place=recipe.place,
            on_existing=recipe.on_existing,
            amount=self._amount(context),
            changes=tuple(context.changes),
            label=self._label(context, record),
            priority=self.priority,
        )

    def _check(self, context: RecordContext, body: Mapping[str, Any]) -> None:
        context.fields = dict(body)
        for check in self.recipe.checks:
            if not _read_or_refuse(check.holds, context, check.name, check.place):
                message = check.reason or f"check {check.name} failed: {check.text}"
                context.refuse(RefusalError(Code.CHECK_FAILED, message, check.hint), "", check.place)

    def _identity(self, context: RecordContext, body: Mapping[str, Any]) -> dict[str, str]:
        identity: dict[str, str] = {}
        for name, read in self.recipe.identity.items():
            stated = (
                body.get(name) if read is None else _read_or_refuse(read, context, name, self.recipe.place)
            )
            if stated is not None and stated != "":
                identity[name] = plain_text(stated)
            elif not context.faults:
                refusal = RefusalError(
                    Code.NO_IDENTITY, "the identity field is blank", "Fill it in in the source."
                )
                context.refuse(refusal, name, self.recipe.place)
        return identity

    def _record_choices(self, context: RecordContext, body: Mapping[str, Any]) -> None:
        for choice in self.recipe.choices:
            if not _read_or_refuse(choice.when, context, choice.field, choice.place):
                continue
            before = (
                _read_or_refuse(choice.before, context, choice.field, choice.place) if choice.before else None
            )
            after = plain_text(body.get(choice.field))
            change = Change(
                field=choice.field,
                before=plain_text(before),
                after=after,
                rule=choice.reason,
                place=choice.place,
            )
            context.changes.append(change)

    def _amount(self, context: RecordContext) -> Any:
        read = self.recipe.amount
        return _read_or_refuse(read, context, "amount", self.recipe.place) if read is not None else None

    def _label(self, context: RecordContext, record: Record) -> str:
        if self.recipe.label is None:
            return record.key
        try:
            return plain_text(self.recipe.label(context)) or record.key
        except RefusalError:  # a label is for display only; it must not quarantine a record
            return record.key

    def _quarantine(self, record: Record, context: RecordContext) -> Quarantined:
        amount = self._amount(context)  # before the findings are read: it may add one
        label = self._label(context, record)
        source = record.origins[0] if record.origins else Place(record.dataset)
        findings = dict.fromkeys(_finding(*fault, label, source) for fault in context.faults)
        return Quarantined(
            kind=self.kind,
            key=draft_key(self.name, record.key),
            findings=tuple(findings),
            origins=record.origins,
            amount=amount,
            label=label,
        )


class _TracedRow(dict[str, Any]):
    """A row that notes which of its columns are read."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        super().__init__(row)
        self.columns: dict[str, None] = {}

    def get(self, name: str, default: Any = None) -> Any:
        self.columns[name] = None
        return super().get(name, default)


def _read_or_refuse(read: Reader, context: RecordContext, path: str, place: Place) -> Any:
    """Return the value, or record the fault and return None where the record cannot give it."""
    try:
        return read(context)
    except RefusalError as error:
        context.refuse(error, path, place)
        return None


def _finding(error: RefusalError, path: str, place: Place, label: str, source: Place) -> Finding:
    where = f"{label}: {path}" if path else label
    hint = f"{error.hint} ({place})" if error.hint else f"See {place}."
    return Finding(error.code, source, f"{where}: {error.message}.", hint)
