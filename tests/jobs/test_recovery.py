"""A request is found again in a history of many pages, and taken for no other."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmind_widgets.errors import SegmindError
from segmind_widgets.jobs.history_search import HistorySearch, agree
from segmind_widgets.providers import Segmind
from segmind_widgets.storage.store import Store
from segmind_widgets.types import HistoryEntry, Reply, Status

SENT = datetime(2025, 1, 31, 23, 59, tzinfo=timezone.utc)
PROVIDER = Segmind()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path)
    yield opened
    opened.close()


def sent(store: Store, **more: Any) -> str:
    row: dict[str, Any] = {
        "provider": "segmind", "place": "https://a", "sandbox": False, "kind": "model",
        "target": "flux-dev", "inputs": {"prompt": "a"}, "status": "submitting",
        "sent": SENT.isoformat(timespec="milliseconds"),
    }  # fmt: skip
    return store.add(**{**row, **more})


def past(name: str, seconds: float = 1, **more: Any) -> dict[str, Any]:
    row = {
        "request_id": name, "model_name": "flux-dev", "model_status": "COMPLETED",
        "model_created": (SENT + timedelta(seconds=seconds)).isoformat(),
        "request_body": {"prompt": "a"}, "generation_url": f"https://a/{name}.png",
        "credits_deduction": 0.04,
    }  # fmt: skip
    return {**row, **more}


def page(*rows: Any) -> Reply:
    return Reply(200, {}, json.dumps({"data": rows}).encode())


def test_the_question_names_the_model_and_both_days(store: Store) -> None:
    call = HistorySearch(
        PROVIDER, store, sent(store, target="https://www.segmind.com/models/x-1")
    ).call
    assert call is not None
    asked = parse_qs(urlsplit(call.url).query)
    assert asked["model_name"] == ["x-1"]
    assert (asked["from_date"], asked["to_date"]) == (["2025-01-31"], ["2025-02-01"])
    assert (call.method, call.billed) == ("GET", False)


def found_in(search: HistorySearch, rows: Sequence[dict[str, Any]], size: int) -> tuple[str, int]:
    """The id that a search takes from a history of so many rows a page, and the pages it read."""
    count = 0
    while (call := search.call) is not None:
        number = int(parse_qs(urlsplit(call.url).query)["page"][0])
        state = search.read(page(*rows[(number - 1) * size : number * size]))
        count += 1
        if state:
            return state.id or "", count
    return "", count


@given(
    moments=st.lists(st.floats(-5000, 5000).map(lambda one: round(one, 3)), max_size=120),
    same=st.lists(st.integers(0, 119), max_size=4),
    size=st.sampled_from([1, 2, 5]),
    is_descending=st.booleans(),
)
def test_the_nearest_fitting_request_is_taken_wherever_it_stands(
    tmp_path_factory: pytest.TempPathFactory,
    moments: list[float],
    same: list[int],
    size: int,
    is_descending: bool,
) -> None:
    opened = Store(tmp_path_factory.mktemp("home"))
    moments = sorted(moments, reverse=True)
    rows = [
        past(f"r{n}", moment, request_body={"prompt": "a" if n in same else "b"})
        for n, moment in enumerate(moments)
    ]
    rows = rows if is_descending else rows[::-1]
    fitting = [(abs(moments[n]), f"r{n}") for n in same if n < len(moments)]
    fitting = [(d, name) for d, name in fitting if -120 <= moments[int(name[1:])] <= 900]
    name, count = found_in(HistorySearch(PROVIDER, opened, sent(opened)), rows, size)
    opened.close()
    if is_descending or len(rows) <= 20 * size:
        within = sum(-120 <= moment <= 900 for moment in moments)
        if is_descending and (within > 18 * size or (size == 1 and len(rows) > 20)):
            return  # only the newest 20 pages of the span are read
        assert (abs(moments[int(name[1:])]) if name else None) == min(
            (distance for distance, _ in fitting), default=None
        )
        if is_descending:
            assert size == 1 or count <= within / size + 4 + 2 * math.log2(len(rows) / size + 2)


def test_a_request_of_this_morning_is_found_behind_thousands_of_the_same_day(
    store: Store,
) -> None:
    rows = [past(f"r{n}", 30_000 - 3 * n, request_body={"prompt": f"{n}"}) for n in range(10_500)]
    row = sent(store, inputs={"prompt": "10000"})
    name, count = found_in(HistorySearch(PROVIDER, store, row), rows, 100)
    assert name == "r10000"
    assert count < 20


def test_a_request_of_a_moment_ago_is_found_on_the_first_pages(store: Store) -> None:
    rows = [past(f"r{n}", 5 - n / 50, request_body={"prompt": f"{n}"}) for n in range(10_500)]
    search = HistorySearch(PROVIDER, store, sent(store, inputs={"prompt": "240"}))
    assert found_in(search, rows, 100) == ("r240", 3)
    assert list(search._entries) == ["r240"], "the others are not kept in memory"


def test_all_pages_are_read_before_the_nearest_is_taken(store: Store) -> None:
    search = HistorySearch(PROVIDER, store, sent(store))
    pages = [
        page(past("far", 300), past("twice", 2)),
        page(past("twice", 2, generation_url="https://a/2.png"), past("more", 1, request_body={
            "prompt": "a", "seed": 1})),
        page(),
    ]  # fmt: skip
    urls = []
    for reply in pages:
        assert search.call
        urls.append(search.call.url)
        state = search.read(reply)
        assert (state is None) == (reply is not pages[-1])
    assert [parse_qs(urlsplit(url).query)["page"] for url in urls] == [["1"], ["2"], ["3"]]
    assert search.call is None
    assert state
    assert (state.id, state.status, state.cost) == ("twice", Status.COMPLETED, 0.04)
    assert [output.url for output in state.outputs] == ["https://a/twice.png", "https://a/2.png"]


def test_an_old_request_is_looked_for_once_and_a_new_one_again(store: Store) -> None:
    assert HistorySearch(PROVIDER, store, sent(store)).next_round() is None
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    search = HistorySearch(PROVIDER, store, sent(store, sent=now))
    assert search.read(page()) is None
    waits = []
    while (wait := search.next_round()) is not None:
        waits.append(wait)
        assert search.call
    assert waits == sorted(waits)
    assert 10 < sum(waits) < 60


def test_a_row_has_one_request_and_a_request_one_row(store: Store) -> None:
    one, two = sent(store), sent(store)
    assert store.adopt(one, "req-1")
    assert store.adopt(one, "req-1")
    assert not store.adopt(two, "req-1")
    search = HistorySearch(PROVIDER, store, two)
    search.read(page(past("req-1")))
    assert search.read(page()) is None


def test_a_text_is_asked_for_where_the_history_has_no_file(store: Store) -> None:
    search = HistorySearch(PROVIDER, store, sent(store))
    search.read(page(past("req-1", generation_url=None)))
    state = search.read(page())
    assert state
    assert state.next == PROVIDER.find("req-1")


def test_workflows_have_no_history(store: Store) -> None:
    assert HistorySearch(PROVIDER, store, sent(store, kind="workflow")).call is None


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ({}, {"seed": 1}, True),
        ({"seed": 1}, {}, False),
        ({"seed": 1}, {"seed": 2}, False),
        ({"seed": -1}, {"seed": 815}, True),
        ({"seed": -1}, {}, False),
        ({"n": 3}, {"n": 3.0}, True),
        ({"n": [1, {"a": "b"}]}, {"n": [1, {"a": "b"}], "m": 0}, True),
        ({"n": [1, 2]}, {"n": [2, 1]}, False),
        ({"image": "<a.png, sha256 00ff>"}, {"image": "iVBOR"}, True),
        ({"image": "<a.png, sha256 00ff>"}, {"image": ""}, False),
        ({"prompt": "<a.png"}, {"prompt": "b"}, False),
        ({"prompt": "x" * 300}, {"prompt": "x" * 100 + "… (300 characters)"}, True),
        ({"prompt": "x" * 300}, {"prompt": "x" * 200}, False),
        ({"prompt": "abc"}, {"prompt": "a…"}, False),
    ],
)
def test_inputs_agree(ours: dict[str, Any], theirs: dict[str, Any], same: bool) -> None:
    assert agree(ours, theirs) is same


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
NAMES = ("request_id", "model_status", "model_created", "request_body", "generation_url", "error",
         "credits_deduction")  # fmt: skip
ROWS = st.lists(JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, JSON)), max_size=4)


@given(st.fixed_dictionaries({"data": ROWS}) | JSON)
def test_any_json_is_a_list_of_requests_or_a_named_error(value: Any) -> None:
    try:
        found = PROVIDER.parse_history(Reply(200, {}, json.dumps(value).encode()))
    except SegmindError:
        return
    assert all(isinstance(one, HistoryEntry) and one.id and one.state.status for one in found)


@given(st.binary(max_size=200), st.sampled_from([200, 401, 404, 429, 500, 502]))
def test_any_bytes_are_a_named_error(body: bytes, status: int) -> None:
    with suppress(SegmindError):
        assert isinstance(PROVIDER.parse_history(Reply(status, {}, body)), list)


def test_what_may_be_a_twins_is_left_to_it_while_it_waits_for_its_id(store: Store) -> None:
    now = datetime.now(timezone.utc)
    when = now.isoformat(timespec="milliseconds")
    mine, twin = (sent(store, sent=when) for _ in "ab")
    sent(store, sent=when, inputs={"prompt": "b"})
    both = page(past("a", model_created=when), past("b", model_created=when)), page()
    search = HistorySearch(PROVIDER, store, mine)
    assert [search.read(reply) for reply in both] == [None, None]
    store.update(twin, id="a")  # its reply has come
    assert search.next_round()
    _, state = (search.read(reply) for reply in both)
    assert state
    assert state.id == "b"


def test_the_last_look_takes_what_there_is(store: Store) -> None:
    when = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    mine, _ = (sent(store, sent=when) for _ in "ab")
    search = HistorySearch(PROVIDER, store, mine)
    pages = page(past("a", model_created=when)), page()
    rounds = 0
    while (state := [search.read(reply) for reply in pages][-1]) is None:
        assert search.next_round(), "it gave up"
        rounds += 1
    assert rounds > 1
    assert state.id == "a"


@pytest.mark.parametrize(("ahead", "found"), [(600, True), (-600, True), (0, False), (None, False)])
def test_a_clock_that_is_wrong_is_made_up_for(
    store: Store, ahead: float | None, found: bool
) -> None:
    """The request was written down there by their clock, and here by ours."""
    now = datetime.now(timezone.utc)
    key = sent(store, sent=now.isoformat(timespec="milliseconds"))
    theirs = now + timedelta(seconds=ahead or -600)
    dated = now + timedelta(seconds=ahead or 0)
    headers = {"date": "soon" if ahead is None else format_datetime(dated, usegmt=True)}
    search = HistorySearch(PROVIDER, store, key)
    rows = page(past("a", model_created=theirs.isoformat()))
    states = [search.read(replace(reply, headers=headers)) for reply in (rows, page())]
    assert (states[-1] is not None) == found


def test_of_two_the_one_with_the_very_seed_is_meant(store: Store) -> None:
    """-1 may be kept as the seed that was used, or as it was sent: then that is the request."""
    when = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    key = sent(store, sent=when, inputs={"prompt": "a", "seed": -1})
    used, kept = (
        past(name, model_created=when, request_body={"prompt": "a", "seed": seed})
        for name, seed in (("a", 7), ("b", -1))
    )
    for rows, found in (((used,), "a"), ((used, kept), "b")):
        search = HistorySearch(PROVIDER, store, key)
        state = [search.read(reply) for reply in (page(*rows), page())][-1]
        assert state
        assert state.id == found
