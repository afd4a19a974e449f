"""Errors from replies in every form, and the time to wait."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmind_widgets import errors
from segmind_widgets.errors import SegmindError
from segmind_widgets.providers._errors import from_reply, retry_after
from segmind_widgets.providers._reasons import words

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": "bad"}, errors.Rejected),
        (400, {"error": "Prompt was flagged by content moderation"}, errors.Moderated),
        (401, {"error": "Unauthorized"}, errors.Unauthorized),
        (402, {"error": "pay"}, errors.InsufficientCredits),
        (403, {"error": "no"}, errors.Forbidden),
        (404, {"error": "Request abc not found"}, errors.NotFound),
        (405, "<html><h1>405 Not Allowed</h1></html>", errors.MethodNotAllowed),
        (406, {"error": "Insufficient credits"}, errors.InsufficientCredits),
        (406, "", errors.InsufficientCredits),
        (406, {"error": "Not Acceptable"}, errors.InsufficientCredits),
        (406, {"error": "Not enough balance in your account"}, errors.InsufficientCredits),
        (406, {"error": "You have exceeded your quota."}, errors.InsufficientCredits),
        (406, {"error": "wrong content type"}, errors.NotAcceptable),
        (406, {"error": "Invalid Content-Type header"}, errors.NotAcceptable),
        (406, {"error": "`steps` must be at most 8"}, errors.Rejected),
        (406, {"error": "'white_balance' must be between 0 and 1"}, errors.Rejected),
        (406, {"error": "The white balance must be between 0 and 1"}, errors.Rejected),
        (406, {"error": "Insufficient resolution of the image"}, errors.Rejected),
        (406, {"error": "NSFW content detected"}, errors.Moderated),
        (406, {"error": "Team spend limit exceeded"}, errors.TeamLimit),
        (406, {"error": "Your team has used up its monthly budget"}, errors.TeamLimit),
        (406, {"error": "Team credits limit reached"}, errors.TeamLimit),
        (406, {"error": "Spending limit reached for this workspace."}, errors.TeamLimit),
        (403, {"error": "Member limit of the organization was exceeded"}, errors.TeamLimit),
        (403, {"error": "Your team may not use this model"}, errors.Forbidden),
        (402, {"error": "team budget exceeded"}, errors.TeamLimit),
        (400, {"error": "the spending limit must be a number"}, errors.Rejected),
        (410, {"error": "retired"}, errors.ModelRetired),
        (413, "too large", errors.TooLarge),
        (415, {"error": "unsupported"}, errors.Rejected),
        (418, "", errors.Rejected),
        (422, {"error": "steps must be at most 8"}, errors.Rejected),
        (422, {"error": "NSFW content detected"}, errors.Moderated),
        (429, {"error": "Too many requests"}, errors.RateLimited),
        (500, {"error": "boom"}, errors.ServerError),
        (500, {"error": {"message": "build_request_failed: bad size"}}, errors.Rejected),
        (501, "", errors.ServerError),
        (502, "<html>Bad gateway", errors.GatewayError),
        (503, "", errors.GatewayError),
        (504, "", errors.GatewayError),
        (599, "", errors.ServerError),
        (1001, {"message": "odd"}, errors.ServerError),
    ],
)
def test_each_code_has_a_class_of_its_own(
    status: int, body: object, kind: type[SegmindError]
) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    error = from_reply(status, {"x-request-id": "r-1"}, text.encode())
    assert type(error) is kind
    assert error.status == status
    assert error.request_id == "r-1"
    assert error.body == text
    assert f"HTTP {status}" in str(error)
    assert "r-1" in str(error)
    assert "<" not in error.message


@pytest.mark.parametrize(
    ("body", "said", "field"),
    [
        ('{"error": "no"}', "no", None),
        ('{"message": "no"}', "no", None),
        ('{"detail": "no"}', "no", None),
        ('{"error_description": "no"}', "no", None),
        ('{"fail_reason": "no"}', "no", None),
        ('{"error": "", "message": "no"}', "no", None),
        ('{"error": {"message": "no", "type": "t"}}', "no", None),
        ('{"error": {"message": "no", "param": "size"}}', "no", "size"),
        ('{"error_message": ["a", {"message": "b"}]}', "a; b", None),
        ('{"error": "\'steps\' is too large"}', "'steps' is too large", "steps"),
        ('{"error": "field `size` is bad"}', "field `size` is bad", "size"),
        (
            '{"detail": [{"loc": ["body", "steps"], "msg": "big"}, {"loc": ["seed"], "msg": "x"}]}',
            "steps: big; seed: x",
            "steps",
        ),
        ('{"detail": [{"msg": "no place"}]}', "no place", None),
        ('"just text"', "just text", None),
        ('{"error": "cut', '{"error": "cut', None),
        ("plain  words\n here", "plain words here", None),
        ("<html><style>p{}</style><p>Bad &amp; worse</p>", "Bad & worse", None),
        ("", "", None),
        ("null", "", None),
        ("[]", "", None),
        ("17", "", None),
    ],
)
def test_words_are_found_in_every_form_of_body(body: str, said: str, field: str | None) -> None:
    assert words(body) == (said, field)


def test_words_of_an_absurdly_nested_body() -> None:
    assert words("[" * 100_000)[1] is None


def test_an_empty_or_broken_body_still_gives_a_sentence() -> None:
    assert from_reply(404, {}, b"").message == (
        "The service answered 404 Not Found without a message."
    )
    assert from_reply(599, {}, b"").message.startswith("The service answered 599")
    assert from_reply(400, {}, b"\xff\xfe bad").message == "\ufffd\ufffd bad"


def test_a_long_body_is_cut() -> None:
    error = from_reply(500, {}, b"x" * 10_000)
    assert len(error.body) == 2000
    assert len(error.message) == 500


@given(
    st.integers(300, 599),
    st.one_of(st.binary(), st.text().map(str.encode), st.builds(json.dumps, st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(
            st.sampled_from(["error", "message", "detail", "loc", "msg", "param"]), inner
        ),
    )).map(str.encode)),
    st.dictionaries(
        st.sampled_from(["retry-after", "x-rate-limit-reset-at-utc", "x-request-id"]), st.text()
    ),
)  # fmt: skip
def test_any_reply_becomes_an_error(status: int, body: bytes, headers: dict[str, str]) -> None:
    error = from_reply(status, headers, body)
    assert isinstance(error, SegmindError)
    assert error.message
    assert str(error)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("1.5", 1.5),
        ("0", 0.0),
        (format_datetime(NOW + timedelta(seconds=30), usegmt=True), 30.0),
        ("2026-03-01T12:00:45Z", 45.0),
        ("2026-03-01T14:00:45+02:00", 45.0),
        ("2026-03-01 12:00:45", 45.0),
        (str(int(NOW.timestamp()) + 20), 20.0),
        (str((int(NOW.timestamp()) + 20) * 1000), 20.0),  # milliseconds
        ("2020-01-01T00:00:00Z", 0.0),
        ("9999-12-31T00:00:00Z", 86_400.0),
        ("99999999999999999999", 86_400.0),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("name", ["retry-after", "x-rate-limit-reset-at-utc"])
def test_the_wait_is_read_in_every_form(name: str, value: str, seconds: float | None) -> None:
    assert retry_after({name: value}, NOW) == (None if seconds is None else pytest.approx(seconds))


def test_an_unreadable_retry_after_leaves_the_other_header() -> None:
    headers = {"retry-after": "soon", "x-rate-limit-reset-at-utc": "2026-03-01T12:00:09Z"}
    assert retry_after(headers, NOW) == 9.0
    assert from_reply(429, {"retry-after": "3"}, b"").retry_after == 3.0  # type: ignore[attr-defined]


@given(st.text())
def test_any_header_gives_a_bearable_wait_or_none(value: str) -> None:
    wait = retry_after({"retry-after": value}, NOW)
    assert wait is None or 0 <= wait <= 86_400


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("server_error", "server_error"),
        *((value, None) for value in (None, 7, "", "SG_5a8f0c1d2e3b4a59", "a" * 41, ["x"], "a\nb")),
    ],
)
def test_a_type_is_a_word(value: object, kind: str | None) -> None:
    body = json.dumps({"error": {"message": "no", "type": value}}).encode()
    error = from_reply(400, {}, body)
    assert error.type == kind
    assert str(error) == (f"no (HTTP 400, {kind})" if kind else "no (HTTP 400)")
