"""The table of submits: every code and every kind of body has one meaning, and the docs have it."""

from __future__ import annotations

import pytest

from segmind_widgets.errors import SubmitUnknown
from segmind_widgets.providers import PROVIDERS, Provider
from segmind_widgets.providers._submits import TABLE, Action, Answer, Service, answer_of, markdown
from segmind_widgets.types import Call, Reply, RunRequest

OWN, PAGE = b'{"error": "no"}', b"<html><h1>Sign in</h1></html>"
HIDING = {408, 409, 499, 504, *range(520, 525), 529}
CODES = [*range(400, 600)]
REQUESTS = {
    "v1": ("segmind", RunRequest("m", {"prompt": "a"}, api="v1")),
    "v2": ("segmind", RunRequest("m", {"prompt": "a"}, api="v2")),
    "workflow": ("segmind", RunRequest("65c9c7f641c340d7ef2f7134-v1", {}, "workflow")),
    "apimart": ("apimart", RunRequest("m", {"prompt": "a"})),
}


def submit_of(name: str) -> tuple[Provider, Call]:
    kind, request = REQUESTS[name]
    provider = PROVIDERS[kind]()
    return provider, provider.submit(request)


def test_each_code_has_its_answer() -> None:
    for code in CODES:
        expected = (
            Answer.HIDDEN
            if code in HIDING
            else Answer.RATE_LIMIT
            if code == 429
            else Answer.REFUSAL
            if code < 500
            else {500: Answer.SERVER_ERROR, 502: Answer.GATEWAY, 503: Answer.GATEWAY}.get(
                code, Answer.HIDDEN
            )
        )
        assert answer_of(Reply(code, {}, OWN)) is expected, code


def test_a_redirect_hides_what_became_of_the_request() -> None:
    for body in (b"", OWN, PAGE):
        assert {answer_of(Reply(code, {}, body)) for code in range(300, 400)} == {Answer.HIDDEN}


@pytest.mark.parametrize("headers", [{}, {"content-type": "text/html; charset=utf-8"}])
def test_a_page_with_any_code_hides_what_became_of_the_request(headers: dict[str, str]) -> None:
    for body in (PAGE, b"\n  <!DOCTYPE html>", b"sign in" if headers else PAGE):
        assert {answer_of(Reply(code, headers, body)) for code in CODES} == {Answer.HIDDEN}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_provider_reads_a_hidden_reply_as_unknown_and_tries_no_other_form(name: str) -> None:
    provider, call = submit_of(name)
    hidden = [(code, PAGE) for code in CODES] + [(code, OWN) for code in sorted(HIDING)]
    hidden += [(code, b"") for code in range(300, 400)]
    for code, body in hidden:
        with pytest.raises(SubmitUnknown) as raised:
            provider.parse(call, Reply(code, {}, body))
        assert raised.value.status == code
        assert "not billed" not in f"{raised.value} {raised.value.hint}".lower()


def test_each_submit_has_its_column() -> None:
    found = {}
    for name in REQUESTS:
        provider, call = submit_of(name)
        found[name] = provider.submit_service(call)
    history, nothing, key = Service.HISTORY, Service.NOTHING, Service.KEY
    assert found == {"v1": history, "v2": history, "workflow": nothing, "apimart": key}


def test_the_table_says_what_follows_each_answer() -> None:
    assert {service: set(rows) for service, rows in TABLE.items()} == {
        service: set(Answer) for service in Service
    }
    assert markdown().count("\n") == 1 + len(Answer)
    repeating = {Action.SAME_KEY, Action.LOOK_UP_OR_REPEAT, Action.WAIT}
    repeated = {
        (service, answer)
        for service, rows in TABLE.items()
        for answer, action in rows.items()
        if action in repeating
    }
    lost = (Answer.HIDDEN, Answer.SERVER_ERROR, Answer.GATEWAY, Answer.LOST)
    assert repeated == {(service, Answer.RATE_LIMIT) for service in Service} | {
        (Service.HISTORY, Answer.GATEWAY),
        *((Service.KEY, answer) for answer in lost),
    }
