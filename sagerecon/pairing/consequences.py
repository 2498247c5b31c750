"""What follows from a standing: what a plan does without a decision, and the verdict of a reconciliation."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from sagerecon.pairing.standing import Standing


class Proposal(Enum):
    """What a plan does about a record. The second group follows from decisions only."""

    CREATE = "create"
    ADOPT = "adopt"  #: if Sage's entity is equal; else wait
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


class VerdictName(Enum):
    """The verdict on a record. The value is what people read."""

    VERIFIED = "verified"
    VERIFIED_OR_DIFFERS = "verified or differs"  #: by a comparison with the entity that is adopted
    NOT_YET_WRITTEN = "not yet written"
    SOURCE_CHANGED = "changed in the source"
    EDITED = "edited in Sage"
    BOTH_CHANGED = "both changed"
    GONE = "gone from the source"
    RENAMED = "renamed"
    DELETED = "deleted in Sage"
    MISSING = "missing in Sage"
    DUPLICATE = "duplicate"
    SYSTEM = "system"
    PRE_EXISTING = "there before"
    UNKNOWN = "unknown in Sage"
    QUARANTINED = "quarantined"
    LEFT_OUT = "left out"
    NOT_READ = "not read"


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

VERDICTS: Mapping[Standing, VerdictName] = {
    Standing.NEW: VerdictName.NOT_YET_WRITTEN,
    Standing.ALREADY_IN_SAGE: VerdictName.VERIFIED_OR_DIFFERS,
    Standing.UNCHANGED: VerdictName.VERIFIED,
    Standing.SOURCE_CHANGED: VerdictName.SOURCE_CHANGED,
    Standing.EDITED_IN_SAGE: VerdictName.EDITED,
    Standing.BOTH_CHANGED: VerdictName.BOTH_CHANGED,
    Standing.CONVERGED: VerdictName.VERIFIED,
    Standing.GONE_FROM_SOURCE: VerdictName.GONE,
    Standing.RENAMED_IN_SOURCE: VerdictName.RENAMED,
    Standing.DELETED_IN_SAGE: VerdictName.DELETED,
    Standing.MISSING_IN_SAGE: VerdictName.MISSING,
    Standing.DUPLICATE_IN_SOURCE: VerdictName.DUPLICATE,
    Standing.DUPLICATE_IN_SAGE: VerdictName.DUPLICATE,
    Standing.SYSTEM: VerdictName.SYSTEM,
    Standing.THERE_BEFORE: VerdictName.PRE_EXISTING,
    Standing.UNKNOWN_IN_SAGE: VerdictName.UNKNOWN,
    Standing.QUARANTINED: VerdictName.QUARANTINED,
    Standing.LEFT_OUT: VerdictName.LEFT_OUT,
    Standing.NOT_READ: VerdictName.NOT_READ,
}
