"""The one door to the API."""

from __future__ import annotations

import requests

from sagerecon.model.call import Answer, Call
from sagerecon.model.clock import Clock
from sagerecon.sage.tokens import TokenSource


class SageClient:
    """Makes calls to one business, one at a time."""

    def __init__(
        self, base_url: str, business: str, tokens: TokenSource, session: requests.Session, clock: Clock
    ) -> None:
        raise NotImplementedError

    def ready(self) -> int:
        """When the bearer token ends that the next call will use, refreshed first where that was due.

        The runner commits it with the intent: nobody re-sends for a frozen worker before it.
        """
        raise NotImplementedError

    def call(self, call: Call) -> Answer:
        """What Sage answered, refusals and errors included.

        Raises:
            NoAnswerError: no usable answer; `sent` says whether the request may have reached Sage.
            AuthorizationError: the sign-in has ended.
            WrongBusinessError: the answer echoed another business.
        """
        raise NotImplementedError


class ReadingClient:
    """A client that can change nothing."""

    def __init__(self, client: SageClient) -> None:
        raise NotImplementedError

    def ready(self) -> int:
        """As `SageClient.ready`."""
        raise NotImplementedError

    def call(self, call: Call) -> Answer:
        """As `SageClient.call`, for GET alone."""
        raise NotImplementedError
