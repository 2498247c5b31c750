"""A door that books every request, and lists what became of each."""

from __future__ import annotations

from collections.abc import Callable


class OpenDoor:
    """Satisfies `model.door.Door`; `events` lists `booked`, `answered`, `lost` and `refunded`."""

    def __init__(self, room: int = 1_000_000) -> None:
        self.events: list[str] = []
        self.room = room  #: bookings without a wait
        self.confirmed: Callable[[], object] = lambda: None  #: called when a request is confirmed

    def book(self) -> None:
        self.events.append("booked")
        self.room -= 1

    def book_without_waiting(self) -> bool:
        if self.room < 1:
            return False
        self.book()
        return True

    def confirm(self) -> None:
        self.confirmed()

    def answered(self, *, has_answer: bool = True) -> None:
        self.events.append("answered" if has_answer else "lost")

    def refund(self) -> None:
        self.events.append("refunded")
