"""The door through which each HTTP request to Sage passes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from sagerecon.model.errors import NoAnswerError


class Door(Protocol):
    """Books requests in the call budget of a company before they are sent, one after another."""

    def book(self) -> None:
        """Book the next request; wait first where the call budget has no room for it.

        Raises:
            PausedError: the wait is longer than the command may sleep; nothing was booked.
            StoreError: another process has locked the company; nothing may be sent.
        """
        ...

    def book_without_waiting(self) -> bool:
        """Book the next request and return True, or return False where that has to wait."""
        ...

    def confirm(self) -> None:
        """Check, after a wait, that the booked request may still be sent.

        Raises:
            StoreError: another process has locked the company; nothing may be sent.
        """
        ...

    def answered(self, *, has_answer: bool = True) -> None:
        """Count the booked request from now; `has_answer` is False where no answer came."""
        ...

    def refund(self) -> None:
        """Remove the booked request, which was certainly not sent."""
        ...


@contextmanager
def counted(door: Door) -> Iterator[None]:
    """Count the booked request from the end of the block, or refund it where the block sent nothing."""
    try:
        yield
    except NoAnswerError as error:
        door.answered(has_answer=error.has_answer) if error.sent else door.refund()
        raise
    except Exception:
        door.answered()
        raise
    door.answered()
