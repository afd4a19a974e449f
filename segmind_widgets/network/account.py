"""Ask for the balance of accounts. The request is free, so it also checks a key."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from segmind_widgets.background import run_in_background
from segmind_widgets.errors import (
    InputError,
    NotAcceptable,
    NotFound,
    Rejected,
    SegmindError,
    ServerError,
)
from segmind_widgets.network.endpoints import Endpoint
from segmind_widgets.network.retry import GET_DEADLINE, send_with_retries
from segmind_widgets.types import Credits
from segmind_widgets.waiting import wait_for


def fetch_credits(endpoint: Endpoint, deadline: float = GET_DEADLINE) -> Credits:
    """Return the balance of the endpoint's account; ask again for at most `deadline` seconds.

    Raises:
        InputError: the provider does not report a balance.
        SegmindError: the service refused or did not answer.
    """
    call = endpoint.provider.credits_call()
    if call is None:
        raise InputError(f"{endpoint.provider.title} does not report a balance.")
    call = replace(call, timeout=min(call.timeout, deadline))
    try:
        reply = send_with_retries(endpoint.transport, call, deadline)
        return endpoint.provider.parse_credits(reply)
    except (NotFound, Rejected, NotAcceptable, ServerError) as error:
        hint = "Asking for the balance is free, and changes nothing. Try again later."
        raise error.with_hint(hint) from error.__cause__


class Balances:
    """The balances of several accounts, asked for side by side.

    Args:
        chosen: the endpoint of cells.
        others: those of the other providers that have a key; not asked where the sandbox is chosen.
        deadline: seconds until an account is not asked again.
    """

    def __init__(self, chosen: Endpoint, others: Sequence[Endpoint], deadline: float) -> None:
        self.chosen, self.others = chosen, others
        self.asked = [chosen] if chosen.sandbox else [chosen, *others]
        self._answers: dict[str, Credits | SegmindError] = {}
        self._deadline = deadline
        self._is_complete = threading.Event()
        for endpoint in self.asked:
            run_in_background(partial(self._ask, endpoint))

    def wait(self, seconds: float) -> bool:
        """Wait until all have answered; return whether they have."""
        return wait_for(self._is_complete.wait, seconds)

    def answer(self, endpoint: Endpoint) -> Credits | SegmindError | None:
        """Return the balance of an account, or the error; None where there is no answer yet."""
        return self._answers.get(endpoint.option)

    def _ask(self, endpoint: Endpoint) -> None:
        try:
            self._answers[endpoint.option] = fetch_credits(endpoint, self._deadline)
        except SegmindError as error:
            self._answers[endpoint.option] = error
        if len(self._answers) == len(self.asked):
            self._is_complete.set()
