"""The files' origin, and the log that tells who sent a key there."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import picture


@pytest.fixture
def url(segmind, sandbox):
    return (
        segmind.post("/v1/seedream-4.5", json={"prompt": "x", "seed": 1})
        and (segmind.get("/inference-request/request-history").json()["data"][0]["generation_url"])
    )


def test_origins_differ(sandbox):
    origins = {sandbox.url(name) for name in ("segmind", "apimart", "files")}
    assert len(origins) == 3


def test_a_key_is_not_needed_and_is_noted(url, segmind, sandbox, anyone):
    assert anyone.get(url).content == picture(1)
    assert segmind.get(url).content == picture(1)
    first, second = sandbox.log.requests(service="files")
    assert (first.key_seen, second.key_seen) == (False, True)
    assert "x-api-key" not in second.headers


@pytest.mark.parametrize(
    ("asked", "code", "part"),
    [
        ("bytes=0-3", 206, slice(0, 4)),
        ("bytes=4-", 206, slice(4, None)),
        ("bytes=-5", 206, slice(-5, None)),
        ("bytes=0-999999", 200, slice(None)),
        ("bytes=9-3", 200, slice(None)),
        ("bytes=a-b", 200, slice(None)),
        ("chapters=1-2", 200, slice(None)),
    ],
)
def test_ranges_for_players(url, anyone, asked, code, part):
    reply = anyone.get(url, headers={"Range": asked})
    assert (reply.status_code, reply.content) == (code, picture(1)[part])
    assert reply.headers["content-length"] == str(len(reply.content))
    if code == 206:
        assert reply.headers["content-range"].endswith(f"/{len(picture(1))}")


def test_head_has_the_length_only(url, anyone):
    reply = anyone.head(url)
    assert (reply.status_code, reply.content) == (200, b"")
    assert reply.headers["content-length"] == str(len(picture(1)))
    assert reply.headers["content-type"] == "image/png"


def test_unknown_file_is_404_and_posting_is_405(anyone):
    assert anyone.get("/outputs/none.png").status_code == 404
    assert anyone.post("/outputs/none.png", data=b"x").status_code == 405


def test_records_tell_what_was_sent(segmind, sandbox):
    run = {"prompt": "x"}
    segmind.post("/v2/seedream-4.5?a=1", json=run, headers={"User-Agent": "me"})
    segmind.get("/v1/get-user-credits")
    post, get = sandbox.log
    assert (post.service, post.method, post.path) == ("segmind", "POST", "/v2/seedream-4.5")
    assert (post.query, post.json, post.size) == ("a=1", run, 15)
    assert (post.status, post.billed, post.key_seen) == (200, True, True)
    assert post.headers["user-agent"] == "me"
    assert (get.billed, get.json, get.size) == (False, None, 0)
    assert post.time < get.time
    assert sandbox.requests("GET") == [get]
    assert sandbox.requests(path_contains="seedream") == [post]
    assert len(sandbox.log) == 2


def test_large_json_is_measured_but_not_kept(segmind, sandbox):
    segmind.post("/v2/seedream-4.5", json={"prompt": "x" * 2_000_000})
    [record] = sandbox.log
    assert record.size > 2_000_000
    assert record.json is None
    assert record.billed


def test_waiting_tells_what_was_seen_instead(segmind, sandbox):
    segmind.get("/v1/get-user-credits")
    assert sandbox.wait_for(lambda log: len(log) == 1) == list(sandbox.log)
    with pytest.raises(TimeoutError, match="GET /v1/get-user-credits → 200"):
        sandbox.wait_for(lambda log: log.billed_posts, timeout=0.05)
