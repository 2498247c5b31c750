"""What follows from a standing: what a plan does without a decision, and the verdict of a reconciliation."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from sagerecon.pairing.standing import Standing


class Proposal(Enum):
    """What a plan does about a record. The second group follows from decisions only."""

    CREATE = "create"
    ADOPT = "adopt"  #: an equal entity, or by decision another one; without a decision that one waits
    UPDATE = "update"  #: the changed fields, if Sage allows
    SKIP = "skip"  #: nothing is to be done
    KEEP = "keep"  #: leave it in Sage, and name it
    WAIT = "wait"  #: leave the record and its dependants alone until a decision is made, and name it
    NOTHING = "nothing"  #: leave it alone; its standing is all there is to report

    RENAME = "rename"  #: the new key takes over the entity of the earlier one; nothing is sent
    PUSH = "push"  #: send the fields on which Sage differs
    REVERSE = "reverse"  #: delete it in Sage
    REPLACE = "replace"  #: delete it in Sage, and create it again
    WRITE_AGAIN = "write_again"  #: create it once more, since Sage no longer holds it
    SETTLED = "settled"  #: send nothing, and do not ask again


class Verdict(Enum):
    """What was found for a record; each record has exactly one. The value is what people read.

    ROUNDING and MAPPING_CHANGED are finer than any standing: a reconciliation finds them by field.
    """

    VERIFIED = "verified"  #: Sage holds what the source says today
    ROUNDING = "rounding"  #: only amounts differ, by rounding or within a named tolerance
    MISSING = "missing in Sage"  #: written, not found, and Sage does not report it as deleted
    DELETED = "deleted in Sage"  #: written, and deleted or voided there since
    EDITED = "edited in Sage"  #: Sage differs from what was written; the source does not
    EXTRA = "extra in Sage"  #: of a kind we write, created after the run began, and not by us
    DUPLICATE = "duplicate"  #: two records with one identity or entity, or two entities for one record
    SOURCE_CHANGED = "changed in source since"
    MAPPING_CHANGED = "mapping changed"  #: the mapping or a parameter changed, and not the source
    BOTH_CHANGED = "both changed"  #: source and Sage have both changed since the record was written
    GONE = "gone from the source"  #: written, and not in the source now or left out since
    RENAMED = "renamed in the source"  #: not written, and it may be a record written under another key
    QUARANTINED = "quarantined"
    NOT_YET_WRITTEN = "not yet written"
    ALREADY_IN_SAGE = "already in Sage"  #: not written by us, and an entity in Sage may be it
    LEFT_OUT = "left out"  #: by a named rule
    NOT_READ = "not read"  #: its kind was not read whole
    SYSTEM = "system"  #: made by Sage itself along with a record of ours
    THERE_BEFORE = "there before"  #: in Sage before the first run


PROPOSALS: Mapping[Standing, Proposal] = {
    Standing.NEW: Proposal.CREATE,
    Standing.ALREADY_IN_SAGE: Proposal.ADOPT,
    Standing.UNCHANGED: Proposal.SKIP,
    Standing.SOURCE_CHANGED: Proposal.UPDATE,
    Standing.EDITED_IN_SAGE: Proposal.KEEP,
    Standing.BOTH_CHANGED: Proposal.WAIT,
    Standing.CONVERGED: Proposal.SKIP,
    Standing.GONE_FROM_SOURCE: Proposal.KEEP,
    Standing.RENAMED_IN_SOURCE: Proposal.WAIT,
    Standing.DELETED_IN_SAGE: Proposal.WAIT,
    Standing.MISSING_IN_SAGE: Proposal.WAIT,
    Standing.DUPLICATE_IN_SOURCE: Proposal.WAIT,
    Standing.DUPLICATE_IN_SAGE: Proposal.WAIT,
    Standing.SYSTEM: Proposal.NOTHING,
    Standing.THERE_BEFORE: Proposal.NOTHING,
    Standing.UNKNOWN_IN_SAGE: Proposal.NOTHING,
    Standing.QUARANTINED: Proposal.NOTHING,
    Standing.LEFT_OUT: Proposal.NOTHING,
    Standing.NOT_READ: Proposal.NOTHING,
}

VERDICTS: Mapping[Standing, Verdict] = {
    Standing.NEW: Verdict.NOT_YET_WRITTEN,
    Standing.ALREADY_IN_SAGE: Verdict.ALREADY_IN_SAGE,
    Standing.UNCHANGED: Verdict.VERIFIED,
    Standing.SOURCE_CHANGED: Verdict.SOURCE_CHANGED,
    Standing.EDITED_IN_SAGE: Verdict.EDITED,
    Standing.BOTH_CHANGED: Verdict.BOTH_CHANGED,
    Standing.CONVERGED: Verdict.VERIFIED,
    Standing.GONE_FROM_SOURCE: Verdict.GONE,
    Standing.RENAMED_IN_SOURCE: Verdict.RENAMED,
    Standing.DELETED_IN_SAGE: Verdict.DELETED,
    Standing.MISSING_IN_SAGE: Verdict.MISSING,
    Standing.DUPLICATE_IN_SOURCE: Verdict.DUPLICATE,
    Standing.DUPLICATE_IN_SAGE: Verdict.DUPLICATE,
    Standing.SYSTEM: Verdict.SYSTEM,
    Standing.THERE_BEFORE: Verdict.THERE_BEFORE,
    Standing.UNKNOWN_IN_SAGE: Verdict.EXTRA,
    Standing.QUARANTINED: Verdict.QUARANTINED,
    Standing.LEFT_OUT: Verdict.LEFT_OUT,
    Standing.NOT_READ: Verdict.NOT_READ,
}
