"""The tables of the store. Instants are integer milliseconds, documents canonical JSON text.

The types are those that SQLite and PostgreSQL share.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Connection, Index, MetaData, Table, Text, event

#: Increased when a table changes; a store of another version is refused, never guessed at.
SCHEMA_VERSION = 11

METADATA = MetaData()

#: In the column `adopted` of a step: 0 for an entity that was created, 1 for one that was adopted because it
#: was equal, and this for one that was decided to be the record, whatever it held.
ADOPTED_BY_DECISION = 2


def _key(name: str) -> Column[str]:
    return Column(name, Text, primary_key=True)


def _text(name: str, default: str = "") -> Column[str]:
    return Column(name, Text, nullable=False, server_default=default)


def _number(name: str, *, primary_key: bool = False) -> Column[int]:
    if primary_key:
        return Column(name, BigInteger, primary_key=True, autoincrement=False)
    return Column(name, BigInteger, nullable=False, server_default="0")


#: Facts about the store itself: its schema version and its identity.
FACTS = Table("store_facts", METADATA, _key("name"), _text("value"))

#: One row for each run. A load has the key of its plan, so that the plan is used only once; a reading plan
#: may be run again. `sequence` is the order in which runs began; clocks may step back.
RUNS = Table(
    "runs",
    METADATA,
    _key("business"),
    _key("run"),
    _number("sequence"),
    _text("plan"),
    _text("question"),
    _text("holder"),
    _number("continued_at"),
    _text("purpose"),
    _text("state"),
    _number("started_at"),
    _number("finished_at"),
    _number("steps"),
    _number("planned_calls"),
    _number("attempts"),
    _text("snapshot"),
    _text("mappings"),
)

#: One row for each step that has begun: its intent, its state and its outcome.
STEPS = Table(
    "steps",
    METADATA,
    _key("business"),
    _key("run"),
    _number("number", primary_key=True),
    _text("action"),
    _text("kind"),
    _text("key"),
    _text("state"),
    _text("method"),
    _text("path"),
    _text("body"),
    _text("idempotency_id"),
    _number("epoch"),
    _number("first_sent_at"),
    _number("sent_at"),
    _number("expires_at"),
    _number("failures"),
    _number("pages"),
    _number("adopted"),
    _number("recorded_at"),
    _text("answer"),
    _text("findings"),
    _text("step"),
    _number("total"),
    _number("was_in_doubt"),
)


# Few steps are in doubt at a time; without this index a run of 100,000 steps searched all of them. As text,
# because both databases share the syntax; an Index with `postgresql_where` imports the PostgreSQL dialect.
@event.listens_for(STEPS, "after_create")
def _index_steps_in_doubt(_: Table, connection: Connection, **__: object) -> None:
    connection.exec_driver_sql("CREATE INDEX steps_in_doubt ON steps (business) WHERE state = 'sent'")


Index("steps_by_key", STEPS.c.business, STEPS.c.kind, STEPS.c.key)

#: Draft key -> entity, with the step that wrote or adopted it.
ID_MAP = Table(
    "id_map",
    METADATA,
    _key("business"),
    _key("kind"),
    _key("key"),
    _text("sage_id"),
    _text("content"),
    _text("run"),
    _number("number"),
)
Index("id_map_by_sage_id", ID_MAP.c.business, ID_MAP.c.kind, ID_MAP.c.sage_id)

#: Natural key -> entities. Where several have the same key, no step adopts one of them.
NATURAL_KEYS = Table(
    "natural_keys",
    METADATA,
    _key("business"),
    _key("kind"),
    _key("field"),
    _key("value"),
    _key("sage_id"),
    _text("run"),
    _number("number"),
    _number("was_read"),
)

#: Entities found by reading steps.
HELD = Table(
    "held",
    METADATA,
    _key("business"),
    _key("run"),
    _number("number", primary_key=True),
    _key("sage_id"),
    _number("position"),
    _text("kind"),
    _text("body"),
)

#: The latest calls of a company, in a ring: slot = sequence mod size. `call` is a random name, by which the
#: witness records the call too; empty for one that an earlier version booked.
CALLS = Table(
    "calls",
    METADATA,
    _key("business"),
    _number("slot", primary_key=True),
    _number("sequence"),
    _number("at"),
    _text("call"),
)

#: The state of a company's ring. `last_at` is the newest receive time, so that a clock which steps back
#: does not open a window. Until `closed_until` Sage accepts no calls; `refusals` counts its 429s in a row.
#: `clock_ahead` is the time by which the machine's clock was ahead of Sage's at the last answer; it is
#: negative where the clock was behind.
LEDGERS = Table(
    "ledgers",
    METADATA,
    _key("business"),
    _number("sequence"),
    _number("size"),
    _number("last_at"),
    _number("rate_limited"),
    _number("closed_until"),
    _number("refusals"),
    _number("clock_ahead"),
)

#: Answered calls, how many of them were answered 429, and bytes, by minute since 1970.
TRAFFIC = Table(
    "traffic",
    METADATA,
    _key("business"),
    _number("minute", primary_key=True),
    _number("calls"),
    _number("rate_limited"),
    _number("bytes"),
)

#: Requests to Sage by run and UTC day since 1970, counted when they are booked and when they are answered.
RUN_CALLS = Table(
    "run_calls",
    METADATA,
    _key("business"),
    _key("run"),
    _number("day", primary_key=True),
    _number("sent"),
    _number("answered"),
    _number("rate_limited"),
)

#: The process that works on a company. `generation` counts the starts of runs, and fences out a holder whose
#: lock has expired; `writes` counts the requests to create or change a record,
#: and `replays` is what was learnt about the idempotency of its business.
COMPANY_LOCKS = Table(
    "company_locks",
    METADATA,
    _key("business"),
    _text("holder"),
    _number("generation"),
    _number("until"),
    _number("writes"),
    _text("replays"),
)

#: Records that Sage may hold already: the ids, the entities as they were compared, and the reason as text.
SUSPECTS = Table(
    "suspects",
    METADATA,
    _key("business"),
    _key("kind"),
    _key("key"),
    _text("sage_ids"),
    _text("reason"),
    _text("entities"),
    _text("content"),
    _number("seen_at"),
    _number("by_key"),
)

#: When the store had to be trusted without a witness, numbered by company. Up to `known_until` it knows what
#: was written to Sage; 0 where it does not know that either.
MEMORY_GAPS = Table(
    "memory_gaps",
    METADATA,
    _key("business"),
    _number("number", primary_key=True),
    _number("known_until"),
    _number("lost"),
    _number("began_at"),
)

#: The readings by which a kind was compared with the store: since the gap with this number it is known.
COMPARED_KINDS = Table(
    "compared_kinds",
    METADATA,
    _key("business"),
    _key("kind"),
    _key("run"),
    _number("gap"),
)

#: Encrypted tokens.
GRANTS = Table(
    "grants",
    METADATA,
    _key("name"),
    _number("generation"),
    _text("sealed"),
    _number("refresh_sent_at"),
    _text("lease_holder"),
    _number("lease_until"),
)

#: Verdicts of reconciliations, by id of the difference.
VERDICTS = Table(
    "verdicts",
    METADATA,
    _key("business"),
    _key("id"),
    _text("fingerprint"),
    _text("state"),
    _text("first_run"),
    _text("last_run"),
)

#: Reconciliations: the runs that read Sage for each, the reading of the one before, what it compared with
#: (`source`) and its result (`document`), both as JSON. The long lists of the result are rows of their own.
RECONCILIATIONS = Table(
    "reconciliations",
    METADATA,
    _key("business"),
    _number("number", primary_key=True),
    _text("reading"),
    _text("deletions"),
    _text("before"),
    _number("at"),
    _text("source"),
    _text("document"),
)

#: The rows of the long lists in the result of the last reconciliation, as JSON. `list` numbers the lists.
RESULT_ROWS = Table(
    "result_rows",
    METADATA,
    _key("business"),
    _number("reconciliation", primary_key=True),
    _number("list", primary_key=True),
    _number("position", primary_key=True),
    _text("document"),
)

#: The verdict on each record in the last reconciliation that judged it; the reason as JSON.
RECORD_VERDICTS = Table(
    "record_verdicts",
    METADATA,
    _key("business"),
    _key("kind"),
    _key("key"),
    _number("reconciliation"),
    _text("verdict"),
    _text("reason"),
    _text("may_be", "[]"),
)

#: The readings that each reconciliation is based on: what was asked, when, and whether it was read whole.
READINGS = Table(
    "readings",
    METADATA,
    _key("business"),
    _number("reconciliation", primary_key=True),
    _number("position", primary_key=True),
    _number("of_deletions"),
    _text("kind"),
    _text("key"),
    _text("query"),
    _text("as_at"),
    _number("started_at"),
    _number("ended_at"),
    _number("pages"),
    _number("entities"),
    _number("whole"),
    _text("why_incomplete"),
)
