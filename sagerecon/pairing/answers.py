"""The answers that a user may give to a standing, and what each makes a plan do."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from sagerecon.model.count import counted, with_article
from sagerecon.pairing.consequences import PROPOSALS, Proposal
from sagerecon.pairing.standing import Standing


class DecisionAnswer(Enum):
    """What was decided about a record. The value is what `decisions.yaml` holds."""

    LEAVE_OUT = "leave_out"  #: do not write it
    ADOPT = "adopt"  #: the entity in Sage is this record
    KEEP_APART = "keep_apart"  #: the entities in Sage are other ones; create this record
    KEEP = "keep"  #: leave Sage as it is
    REPLACE = "void_and_post_again"  #: delete the entity, and create it as the source has it now
    PUSH = "push"  #: Sage gets what the source has
    ACCEPT = "accept"  #: what Sage holds is right
    FIELDS = "field_by_field"  #: of each field it is said which side is right
    REVERSE = "reverse"  #: delete it in Sage
    LATER = "later"  #: leave it, and name it again
    SAME_RECORD = "same_record"  #: the earlier record and this one are the same
    TWO_RECORDS = "two_records"  #: the earlier record is another one; create this one
    WRITE_AGAIN = "write_again"  #: create it once more
    THIS_ONE = "this_one"  #: of several, the one that is named counts
    OURS_BY_HAND = "ours_by_hand"  #: a person entered it for the move, such as a correction
    THEIRS = "theirs"  #: it belongs to others, and is no business of the move


#: The name of each standing that can be decided on, as `decisions.yaml` and the command line spell it.
STANDING_NAMES: Mapping[Standing, str] = {
    Standing.NEW: "new",
    Standing.ALREADY_IN_SAGE: "already_in_sage",
    Standing.SOURCE_CHANGED: "source_changed",
    Standing.EDITED_IN_SAGE: "edited_in_sage",
    Standing.BOTH_CHANGED: "both_changed",
    Standing.GONE_FROM_SOURCE: "gone",
    Standing.RENAMED_IN_SOURCE: "renamed",
    Standing.DELETED_IN_SAGE: "deleted",
    Standing.MISSING_IN_SAGE: "missing",
    Standing.DUPLICATE_IN_SOURCE: "duplicate_in_source",
    Standing.DUPLICATE_IN_SAGE: "duplicate_in_sage",
    Standing.UNKNOWN_IN_SAGE: "unknown_in_sage",
}

#: The standings by the name that files and people give them.
STANDINGS: Mapping[str, Standing] = {name: standing for standing, name in STANDING_NAMES.items()}

#: What a plan does by each answer that a standing allows.
CONSEQUENCES: Mapping[Standing, Mapping[DecisionAnswer, Proposal]] = {
    Standing.NEW: {DecisionAnswer.LEAVE_OUT: Proposal.SETTLED},
    Standing.ALREADY_IN_SAGE: {
        DecisionAnswer.ADOPT: Proposal.ADOPT,
        DecisionAnswer.KEEP_APART: Proposal.CREATE,
        DecisionAnswer.LEAVE_OUT: Proposal.SETTLED,
    },
    Standing.SOURCE_CHANGED: {
        DecisionAnswer.KEEP: Proposal.SETTLED,
        DecisionAnswer.REPLACE: Proposal.REPLACE,
        DecisionAnswer.PUSH: Proposal.UPDATE,
    },
    Standing.EDITED_IN_SAGE: {
        DecisionAnswer.PUSH: Proposal.PUSH,
        DecisionAnswer.ACCEPT: Proposal.SETTLED,
        DecisionAnswer.FIELDS: Proposal.PUSH,
    },
    Standing.BOTH_CHANGED: {
        DecisionAnswer.PUSH: Proposal.PUSH,
        DecisionAnswer.ACCEPT: Proposal.SETTLED,
        DecisionAnswer.FIELDS: Proposal.PUSH,
    },
    Standing.GONE_FROM_SOURCE: {
        DecisionAnswer.KEEP: Proposal.SETTLED,
        DecisionAnswer.REVERSE: Proposal.REVERSE,
        DecisionAnswer.LATER: Proposal.KEEP,
    },
    Standing.RENAMED_IN_SOURCE: {
        DecisionAnswer.SAME_RECORD: Proposal.RENAME,
        DecisionAnswer.TWO_RECORDS: Proposal.CREATE,
    },
    Standing.DELETED_IN_SAGE: {
        DecisionAnswer.WRITE_AGAIN: Proposal.WRITE_AGAIN,
        DecisionAnswer.ADOPT: Proposal.ADOPT,
        DecisionAnswer.ACCEPT: Proposal.SETTLED,
    },
    Standing.MISSING_IN_SAGE: {
        DecisionAnswer.WRITE_AGAIN: Proposal.WRITE_AGAIN,
        DecisionAnswer.ADOPT: Proposal.ADOPT,
        DecisionAnswer.ACCEPT: Proposal.SETTLED,
    },
    Standing.DUPLICATE_IN_SOURCE: {DecisionAnswer.THIS_ONE: Proposal.CREATE},
    Standing.DUPLICATE_IN_SAGE: {
        DecisionAnswer.THIS_ONE: Proposal.ADOPT,
        DecisionAnswer.KEEP_APART: Proposal.CREATE,
        DecisionAnswer.LEAVE_OUT: Proposal.SETTLED,
    },
    Standing.UNKNOWN_IN_SAGE: {
        DecisionAnswer.OURS_BY_HAND: Proposal.SETTLED,
        DecisionAnswer.THEIRS: Proposal.SETTLED,
    },
}

#: Answers that need a name or a list of fields beside them, so that they are given for one record at a time.
FOR_ONE = frozenset({DecisionAnswer.FIELDS, DecisionAnswer.THIS_ONE})

#: Answers by which an entity is deleted in Sage. One that was edited there is not.
DELETIONS = frozenset({DecisionAnswer.REVERSE, DecisionAnswer.REPLACE})

#: Answers by which an entity in Sage is the record.
ADOPTIONS = frozenset({DecisionAnswer.ADOPT, DecisionAnswer.THIS_ONE})

#: The calls that an answer takes for each record. Where many are looked for by a listing, it may be one more
#: for each page.
CALLS: Mapping[DecisionAnswer, Mapping[str, int]] = {
    DecisionAnswer.REVERSE: {"look": 1, "deletion": 1},
    DecisionAnswer.REPLACE: {"look": 1, "deletion": 1, "creation": 1},
    DecisionAnswer.WRITE_AGAIN: {"creation": 1},
    DecisionAnswer.PUSH: {"look": 1, "update": 1},
    DecisionAnswer.ADOPT: {"look": 1},
}


#: Answers by which many records are looked at by a listing where that takes fewer calls.
_LISTED = frozenset({DecisionAnswer.PUSH, DecisionAnswer.ADOPT})


def price(answer: DecisionAnswer, records: int) -> str:
    """Return the calls that an answer takes: `48 calls (a look, a deletion: 2 a record)`; empty for none."""
    calls = CALLS.get(answer, {})
    if not calls:
        return ""
    each = sum(calls.values())
    rate = f": {each:,} a record" if records > 1 else ""
    most = "at most " if records > 1 and answer in _LISTED else ""
    names = ", ".join(map(with_article, calls))
    return f"{most}{counted(each * records, 'call')} ({names}{rate})"


def answers(standing: Standing) -> tuple[DecisionAnswer, ...]:
    """Return the answers that a standing allows, in the order in which they are offered."""
    return tuple(CONSEQUENCES.get(standing, ()))


def apart(standing: Standing) -> DecisionAnswer:
    """Return the answer by which a record is none of those that it may be; one is created for it.

    Raises:
        KeyError: the standing has none.
    """
    others = {DecisionAnswer.TWO_RECORDS, DecisionAnswer.KEEP_APART, DecisionAnswer.WRITE_AGAIN}
    return next(answer for answer in answers(standing) if answer in others)


def awaits_decision(standing: Standing) -> bool:
    """Return whether a record, or an entity without one, is left alone and named until it is decided on."""
    is_named = PROPOSALS[standing] in (Proposal.WAIT, Proposal.KEEP, Proposal.ADOPT)
    return is_named or standing is Standing.UNKNOWN_IN_SAGE


def proposal(standing: Standing, answer: DecisionAnswer | None) -> Proposal:
    """Return what a plan does about a record: by the decision about it, or without one.

    Raises:
        KeyError: the standing does not allow the answer.
    """
    return PROPOSALS[standing] if answer is None else CONSEQUENCES[standing][answer]
