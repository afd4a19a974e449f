"""Whatever a service answers is a state or a named error, and holds no key.

The replies are the recorded ones (`tests/providers/replies/`) with something changed in them, so
that they come near to what a service may say some day; those of pure chance are beside the
providers' tests.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from segmind_widgets.catalog.listings import parse_directory, parse_parameters
from segmind_widgets.errors import SegmindError
from segmind_widgets.network.transport import Transport
from segmind_widgets.providers import PROVIDERS, Provider
from segmind_widgets.providers._errors import from_reply
from segmind_widgets.secret import Secret
from segmind_widgets.types import Call, JobState, Model, Reply
from tests.providers.recorded import call_in, check, outcome, recorded, reply_in

KEY = "SG_0123456789abcdef"
MANY = settings(max_examples=250)
PROVIDED: dict[str, Provider] = {name: kind() for name, kind in PROVIDERS.items()}
TRANSPORTS = {name: Transport(provider, lambda: Secret(KEY)) for name, provider in PROVIDED.items()}
RECORDS = {
    name: [json.loads(path.read_text("utf-8")) for path in recorded(name)] for name in PROVIDED
}
CALLS = {
    name: [call_in(record, next(iter(PROVIDED[name].urls.values()))) for record in RECORDS[name]]
    for name in PROVIDED
}
ACCOUNT: list[Any] = [  # replies of calls that are no job's
    {"urls": ["https://storage.segmind.com/assets/1.png"]},
    {"file_urls": ["https://images.segmind.com/assets/1.png"], "message": "File uploaded"},
    {"credits": 1.0, "free-credits": 0.02},
    {"url": "https://upload.apimart.ai/f/1.png", "bytes": 9, "created_at": 1743436800},
    {"error": {"message": "unsupported image type", "type": "invalid_request_error"}},
    {"detail": [{"loc": ["body", "steps"], "msg": "value is too large", "type": "value_error"}]},
    {"error": {"message": "n is too large", "param": "n", "code": "invalid_value"}},
    {"success": True, "remain_balance": 9.5, "used_balance": 0.5, "unlimited_quota": False},
    {"success": False, "message": "invalid token"},
    {
        "data": [
            {
                "id": "m",
                "category": "image",
                "parameters": {
                    "input_schema": {
                        "required": ["prompt"],
                        "properties": {
                            "prompt": {"type": "string", "maxLength": 9},
                            "image_urls": {"type": "array", "items": {"type": "object"}},
                            "n": {"type": "integer", "minimum": 1, "enum": [1, {"value": 2}]},
                        },
                    }
                },
            }
        ]
    },
    {
        "data": [
            {
                "request_id": "r",
                "model_name": "m",
                "model_status": "COMPLETED",
                "model_created": "2026-01-01T00:00:00+00:00",
                "credits_deduction": 0.04,
                "request_body": {"prompt": "a"},
                "generation_url": "https://a.example/1.png",
                "error": None,
            }
        ],
        "page": 1,
        "per_page": 100,
        "total": 1,
    },
]
ODD = st.sampled_from(
    ["", KEY, f"Bearer {KEY}", "\ud83d", "https://a.example/x y", "http://[", "file:///etc/passwd",
     "data:image/png;base64,A", "COMPLETED", "failed", "NaN", "1e999", "-1", "9" * 400, "[" * 200,
     '{"a": ["https://a.example/1.png"]}', "\x00", "<b>no</b>"]
)  # fmt: skip
LETTERS = st.text(max_size=12) | st.text("a\ud83d\udc31 {", max_size=6)  # JSON has half characters
SCALARS = ODD | LETTERS | st.none() | st.booleans() | st.integers() | st.floats()
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(LETTERS, inner, max_size=3),
    max_leaves=6,
)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["content-type", "x-request-id", "x-cost", "x-seed-value", "x-remaining-credits",
         "retry-after", "x-rate-limit-reset-at-utc"]
    ),
    st.text(max_size=20)
    | ODD.filter(str.isascii)
    | st.sampled_from(["application/json", "text/html; charset=x", "image/png", "0", "Mon, 99"]),
)  # fmt: skip
STATUSES = st.sampled_from([200] * 6 + [201, 204, 304, 400, 401, 402, 404, 405, 406, 410, 413, 422,
                                        429, 499, 500, 502, 503, 504, 599])  # fmt: skip


def endpoints(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value inside, and to the whole."""
    inside = value.items() if isinstance(value, dict) else []
    inside = enumerate(value) if isinstance(value, list) else inside
    return [at, *(way for key, inner in inside for way in endpoints(inner, (*at, key)))]


def changed(value: Any, way: tuple[Any, ...], change: Callable[[Any], Any]) -> Any:
    """A copy in which the value at the end of the way is another; a list's may be gone."""
    if not way:
        return change(value)
    value = copy.copy(value)
    value[way[0]] = changed(value[way[0]], way[1:], change)
    return value


@st.composite
def mutated(draw: st.DrawFn, value: Any) -> Any:
    """The value with up to three things changed."""
    for _ in range(draw(st.integers(1, 3))):
        way = draw(st.sampled_from(endpoints(value)))
        other = draw(VALUES)
        value = changed(
            value,
            way,
            draw(
                st.sampled_from(
                    [
                        lambda _, other=other: other,
                        lambda old: [old],
                        lambda old: [old, old],
                        json.dumps,
                        str,
                        lambda old: {"value": old},
                        lambda old, other=other: (
                            {**old, "error": other} if isinstance(old, dict) else other
                        ),
                        lambda old, other=other: (
                            dict(list(old.items())[1:]) if isinstance(old, dict) else other
                        ),
                        lambda old: f"{old}{KEY}" if isinstance(old, str) else old,
                    ]
                )
            ),
        )
    return value


@st.composite
def bodies(draw: st.DrawFn, reply: Reply | None, value: Any = None) -> bytes:
    """A recorded body with changes in its JSON, or in its bytes."""
    if reply is not None:
        try:
            value = json.loads(reply.body)
        except ValueError:
            value = None
    body = reply.body if reply is not None else b""
    if value is not None:
        body = json.dumps(draw(mutated(value))).encode()
    if draw(st.integers(0, 3)):
        return body
    start = draw(st.integers(0, len(body)))
    end = draw(st.integers(start, len(body)))
    return body[:start] + draw(st.binary(max_size=9)) + draw(st.sampled_from([body[end:], b""]))


@st.composite
def exchanges(draw: st.DrawFn, name: str) -> tuple[Call, Reply]:
    """A call of a job, and an answer to it, or to another one."""
    record = draw(st.sampled_from(RECORDS[name]))
    call = call_in(record, next(iter(PROVIDED[name].urls.values())))
    call = draw(st.sampled_from([call] * 9 + CALLS[name]))
    reply = reply_in(record)
    status = draw(st.sampled_from([reply.status] * 3) | STATUSES)
    headers = {**reply.headers, **draw(HEADERS)}
    return call, arrived(name, Reply(status, headers, draw(bodies(reply)), call.url))


def arrived(name: str, reply: Reply) -> Reply:
    """As the transport hands it on."""
    sender = TRANSPORTS[name]
    headers = {header: sender._hide_key(value) for header, value in reply.headers.items()}
    return Reply(reply.status, headers, sender._without_key(reply.body), reply.url)


def keep(found: Any) -> None:
    """It can be written down and shown, and nobody learns the key from it."""
    text = repr(vars(found) if isinstance(found, SegmindError) else found) + str(found)
    assert KEY not in text
    for part in texts(found):
        part.encode()  # else neither sqlite nor a browser would take it
    if isinstance(found, SegmindError):
        assert type(found) is not SegmindError, "an error has a name"
        assert found.message
        assert found._render_traceback_()


def texts(found: Any) -> list[str]:
    """Every text in a state or an error."""
    if isinstance(found, str):
        return [found]
    if isinstance(found, (list, tuple)):
        return [text for inner in found for text in texts(inner)]
    if isinstance(found, dict):
        return [text for pair in found.items() for inner in pair for text in texts(inner)]
    if isinstance(found, SegmindError):
        return [str(found), *texts(vars(found))]
    if hasattr(found, "__dataclass_fields__"):
        return texts(dict(vars(found)))
    return []


@given(exchanges("segmind"))
@MANY
def test_any_answer_of_segmind_is_a_state_or_a_named_error(exchange: tuple[Call, Reply]) -> None:
    _is_state("segmind", *exchange)


@given(exchanges("apimart"))
@MANY
def test_any_answer_of_apimart_is_a_state_or_a_named_error(exchange: tuple[Call, Reply]) -> None:
    _is_state("apimart", *exchange)


def _is_state(name: str, call: Call, reply: Reply) -> None:
    found = outcome(lambda: PROVIDED[name].parse(call, reply))
    assert isinstance(found, (JobState, SegmindError))
    check(found)
    keep(found)
    if isinstance(found, JobState) and found.next:
        assert found.next.method == "GET" or found.next.billed == call.billed
    if isinstance(found, JobState) and found.error:
        check(found.error)
        keep(found.error)


@given(st.sampled_from(list(PROVIDED)), st.sampled_from(ACCOUNT), STATUSES, HEADERS, st.data())
@MANY
def test_any_answer_about_files_credits_models_and_the_past(
    name: str, value: Any, status: int, headers: dict[str, str], data: st.DataObject
) -> None:
    provider = PROVIDED[name]
    reply = arrived(name, Reply(status, headers, data.draw(bodies(None, value)), "https://a/b"))
    for parse in (
        lambda: provider.parse_upload(reply, 1),
        lambda: provider.parse_credits(reply),
        lambda: provider.parse_models(reply),
        lambda: provider.parse_history(reply),
    ):
        keep(outcome(parse))


@given(st.integers(100, 999), HEADERS, st.sampled_from(ACCOUNT), st.data())
@MANY
def test_any_refusal_has_a_name_and_words(
    status: int, headers: dict[str, str], value: Any, data: st.DataObject
) -> None:
    reply = arrived("segmind", Reply(status, headers, data.draw(bodies(None, value))))
    error = from_reply(reply.status, reply.headers, reply.body)
    assert error.status == status
    assert error.field is None or isinstance(error.field, str)
    keep(error)


@given(mutated(ACCOUNT[-2]["data"][0]))
@MANY
def test_any_record_of_a_model_is_a_model_or_none(record: Any) -> None:
    if isinstance(record, dict):
        found = parse_parameters(record)
        assert found is None or isinstance(found, Model)


ROW = (
    "| Flux | flux | Paints \\| draws | Text to Image | $0.01 | 2.5s | [API](/models/flux/api) |\n"
)
PARTS = st.sampled_from(["|", "\\|", "\n", "#", "$", "s", "-", "flux", "/models/a/", "1e9", "NaN"])


@given(st.lists(st.just(ROW) | PARTS | st.text(max_size=5), max_size=30).map("".join))
@MANY
def test_any_directory_is_a_list_of_models(text: str) -> None:
    for model in parse_directory(text):
        assert model.slug
        assert model.cost is None or model.cost >= 0
        assert model.seconds is None or model.seconds >= 0
