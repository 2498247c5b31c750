"""A short run of requests by chance; `make fuzz` is the long one."""

from __future__ import annotations

from fuzzing import fuzz


def test_no_answer_is_a_fault_or_other_than_described() -> None:
    outcome = fuzz(220)
    assert outcome.findings == {}
    assert outcome.requests > 150
    assert outcome.statuses[201] > 0 and outcome.statuses[200] > 50
