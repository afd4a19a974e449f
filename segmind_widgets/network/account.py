"""Ask for the balance of an account. The request is free, so it also checks a key."""

from __future__ import annotations

from segmind_widgets.errors import InputError, NotAcceptable, NotFound, Rejected, ServerError
from segmind_widgets.network.endpoints import Endpoint
from segmind_widgets.network.retry import send_with_retries
from segmind_widgets.types import Credits


def fetch_credits(endpoint: Endpoint) -> Credits:
    """Return the balance of the endpoint's account.

    Raises:
        InputError: the provider does not report a balance.
        SegmindError: the service refused or did not answer.
    """
    call = endpoint.provider.credits_call()
    if call is None:
        raise InputError(f"{endpoint.provider.title} does not report a balance.")
    try:
        return endpoint.provider.parse_credits(send_with_retries(endpoint.transport, call))
    except (NotFound, Rejected, NotAcceptable, ServerError) as error:
        hint = "Asking for the balance is free, and changes nothing. Try again later."
        raise error.with_hint(hint) from error.__cause__
