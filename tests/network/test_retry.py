"""When a call is sent again, and the wait between."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from segmind_widgets import errors
from segmind_widgets.errors import SegmindError
from segmind_widgets.network import retry
from segmind_widgets.network.retry import retry_delay, send_with_retries
from segmind_widgets.network.transport import Transport
from segmind_widgets.providers import Segmind
from segmind_widgets.secret import Secret
from segmind_widgets.types import Call, Reply
from tests.wire import answer, refused, reset, wire

KEY = "SG_0123456789abcdef"
GET = Call("GET", "https://a")
PAID = Call("POST", "https://a", billed=True)
FREE = Call("POST", "https://a")
UNREACHABLE = errors.Unreachable("x")
LOST = errors.ReplyLost("x")


@pytest.mark.parametrize(
    ("call", "outcome", "times"),
    [
        (GET, UNREACHABLE, 8),
        (PAID, UNREACHABLE, 2),
        (FREE, UNREACHABLE, 2),
        (GET, LOST, 8),
        (FREE, LOST, 0),
        (PAID, errors.SubmitUnknown("x"), 0),
        (GET, errors.ForeignHost("x"), 0),
        (GET, errors.KeyMissing("x"), 0),
        (GET, Reply(429), 8),
        (PAID, Reply(429), 8),
        (GET, Reply(500), 1),
        (PAID, Reply(500), 0),
        (FREE, Reply(500), 0),
        (GET, Reply(502), 8),
        (PAID, Reply(502), 0),
        (FREE, Reply(502), 1),
        (GET, Reply(503), 8),
        (PAID, Reply(503), 0),
        (FREE, Reply(503), 1),
        (GET, Reply(504), 8),
        (PAID, Reply(504), 0),
        *((call, Reply(status), 0) for call in (GET, PAID) for status in (200, 400, 401, 404, 422)),
    ],
)
def test_what_is_sent_again_and_how_often(
    call: Call, outcome: Reply | SegmindError, times: int
) -> None:
    pauses = [retry_delay(call, outcome, tries) for tries in range(12)]
    assert [pause is not None for pause in pauses] == [n < times for n in range(12)]
    waits = [pause for pause in pauses if pause is not None]
    assert waits == sorted(waits)
    assert all(0.5 <= wait <= 30 for wait in waits)


def test_a_429_is_obeyed() -> None:
    assert retry_delay(PAID, Reply(429, {"retry-after": "7"}), 0) == 7
    assert retry_delay(GET, Reply(429, {"retry-after": "0"}), 3) == 0.5


@pytest.mark.parametrize("call", [GET, FREE])
def test_a_503_is_obeyed(call: Call) -> None:
    assert retry_delay(call, Reply(503, {"retry-after": "70"}), 0) == 70
    assert retry_delay(call, Reply(503, {"retry-after": "0"}), 0) == 1
    assert retry_delay(call, Reply(503, {"x-rate-limit-reset-at-utc": "70"}), 0) == 1


# one call, for whoever waits for it


def sender(url: str) -> Transport:
    return Transport(Segmind({"SEGMIND_API_URL": url}), lambda: Secret("SG_0123456789abcdef"))


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float | None]:
    """What `exchange` waited, without waiting."""
    found: list[float | None] = []

    monkeypatch.setattr(retry, "pause", found.append)
    return found


def test_an_exchange_repeats_as_the_rules_say(waits: list[float | None]) -> None:
    with wire(answer(503), reset(read=True), answer(200, b'{"credits": 1}')) as server:
        reply = send_with_retries(
            sender(server.url), Call("GET", f"{server.url}/v1/get-user-credits")
        )
        assert reply.status == 200
        assert len(server.received) == 3
    assert waits == [1.0, 2.0]


def test_an_exchange_gives_a_refusal_as_it_is_and_raises_a_loss(waits: list[float | None]) -> None:
    with wire(answer(401, b"{}")) as server:
        assert send_with_retries(sender(server.url), Call("GET", server.url)).status == 401
    url = refused()
    with pytest.raises(errors.Unreachable):
        send_with_retries(sender(url), Call("POST", url, {}))
    assert waits == [1.0, 2.0]


def test_a_question_is_not_repeated_for_ever(
    waits: list[float | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody answers: somebody who asks for the credits is told so after some fifteen seconds."""
    real = time.monotonic
    clock = SimpleNamespace(monotonic=lambda: real() + sum(filter(None, waits)))
    monkeypatch.setattr(retry, "time", clock)
    url = refused()
    with pytest.raises(errors.Unreachable, match="the connection was refused"):
        send_with_retries(sender(url), Call("GET", f"{url}/v1/get-user-credits"))
    assert waits == [1.0, 2.0, 4.0, 8.0]
    waits.clear()
    with wire(answer(429, b"", {"Retry-After": "60"})) as server:
        to = sender(server.url)
        assert send_with_retries(to, Call("GET", server.url)).status == 429
        with pytest.raises(errors.RateLimited, match="allows the next request in 60 s"):
            send_with_retries(to, Call("GET", server.url))
        assert len(server.received) == 1
    assert waits == []
