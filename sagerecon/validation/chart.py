"""Check that every account with a balance has a row in the account crosswalk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.money import grouped
from sagerecon.model.place import NOWHERE
from sagerecon.model.record import Record


def accounts_are_mapped(
    balances: Iterable[Record], target: Callable[[str], str | None], crosswalk: str
) -> Iterator[Finding]:
    """Yield a finding for each account that has a balance and no row in the crosswalk."""
    for record in balances:
        code, amount = str(record.values["account"]), record.values["amount"]
        if isinstance(amount, Decimal) and amount and target(code) is None:
            name = str(record.values["name"] or "")
            called = f"{code} ({name})" if name and name != code else code
            yield Finding(
                Code.ACCOUNT_WITHOUT_RULE,
                record.origins[0] if record.origins else NOWHERE,
                f"account {called} has a balance of {grouped(amount)} and no row in crosswalk {crosswalk}.",
                "Add a row with its account in Sage.",
            )
