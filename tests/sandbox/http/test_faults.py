"""Scripted failures, as a client meets them on the wire."""

from __future__ import annotations

import json
import threading
import time

import pytest
import requests

from segmind_widgets.sandbox import Fault
from segmind_widgets.sandbox.http.faults import KINDS, Faults

RUN = {"prompt": "a red boat"}
SUBMIT = "/v2/seedream-4.5"


def submit(segmind, **options):
    return segmind.post(SUBMIT, json=RUN, **options)


def billed(sandbox):
    return len(sandbox.billed_posts)


def test_code_in_the_services_own_words_once(segmind, sandbox):
    sandbox.faults.add("POST /v2/.*", 503)
    reply = submit(segmind)
    assert (reply.status_code, reply.json()) == (503, {"error": "Service Unavailable"})
    assert reply.headers["x-sandbox"] == "segmind-widgets"
    assert submit(segmind).status_code == 200
    assert billed(sandbox) == 1
    assert [record.fault for record in sandbox.log] == ["503", ""]


def test_code_with_headers_and_body(segmind, sandbox):
    sandbox.faults.add("POST /v2/.*", 429, headers={"Retry-After": "3"}, body="slow down")
    sandbox.faults.add("POST /v2/.*", 400, body={"detail": [{"loc": ["body", "x"]}]})
    reply = submit(segmind)
    assert (reply.status_code, reply.text, reply.headers["retry-after"]) == (429, "slow down", "3")
    reply = submit(segmind)
    assert (reply.status_code, reply.json()) == (400, {"detail": [{"loc": ["body", "x"]}]})


def test_code_of_apimart_has_its_form(apimart, sandbox):
    sandbox.faults.add("GET /v1/balance", 500)
    assert apimart.get("/v1/balance").json()["error"]["type"] == "server_error"


@pytest.mark.parametrize(("kind", "bills"), [("reset_before", 0), ("reset_after", 1)])
def test_resets_give_no_reply_but_may_bill(segmind, sandbox, kind, bills):
    sandbox.faults.add("POST /v2/.*", kind)
    with pytest.raises(requests.ConnectionError, match=r"reset|aborted"):
        submit(segmind)
    assert billed(sandbox) == bills
    [record] = sandbox.requests("POST")
    assert (record.status, record.json, record.fault) == (None, RUN, kind)
    assert submit(segmind).status_code == 200


def test_silence_outlasts_the_client_and_has_billed(segmind, sandbox):
    sandbox.faults.add("POST /v2/.*", "silence")
    with pytest.raises(requests.ReadTimeout):
        submit(segmind, timeout=0.1)
    assert billed(sandbox) == 1
    sandbox.wait_for(lambda log: log[0].status == 200)  # the client is gone: it ends


def test_silence_ends_when_released(segmind, sandbox):
    sandbox.faults.add("GET /v1/get-user-credits", "silence")
    replies = []
    asking = threading.Thread(
        target=lambda: replies.append(segmind.get("/v1/get-user-credits").json())
    )
    asking.start()
    sandbox.wait_for(lambda log: log.requests("GET"))
    asking.join(0.1)
    assert replies == []
    sandbox.faults.release()
    asking.join(10)
    assert replies == [{"credits": 10.0, "free-credits": 0.0}]


def test_what_is_still_being_answered_is_released_too(start, calling):
    sandbox = start(speed=10)  # a v1 run takes a while
    sandbox.faults.add("POST /v1/.*", "silence")
    replies = []
    asking = threading.Thread(
        target=lambda: replies.append(
            calling(sandbox).post("/v1/fast-flux-schnell", json=RUN, timeout=10).status_code
        )
    )
    asking.start()
    sandbox.wait_for(lambda log: log.requests("POST"))
    sandbox.faults.clear()
    asking.join(15)
    assert replies == [200]


def test_silence_of_some_seconds(segmind, sandbox):
    sandbox.faults.add("GET .*", "silence", seconds=0.2)
    start = time.monotonic()
    assert segmind.get("/v1/get-user-credits").status_code == 200
    assert time.monotonic() - start >= 0.2


def test_cut_body_is_shorter_than_promised(segmind, sandbox, anyone):
    url = _result(segmind)
    sandbox.faults.add("GET /outputs/.*", "cut")
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        anyone.get(url)
    assert anyone.get(url).content.startswith(b"\x89PNG")
    sandbox.faults.add("POST /v2/.*", "cut")
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        submit(segmind)
    assert billed(sandbox) == 2


def test_slow_drip_comes_whole(segmind, sandbox, anyone):
    url = _result(segmind)
    whole = anyone.get(url).content
    sandbox.faults.add("GET /outputs/.*", "slow_drip", seconds=0.3)
    start = time.monotonic()
    assert anyone.get(url).content == whole
    assert time.monotonic() - start >= 0.25


def test_an_endless_reply_lasts_until_it_is_released_or_the_client_goes(segmind, sandbox):
    sandbox.faults.add("GET .*", "endless", times=2, seconds=0.005)
    with segmind.get("/v1/get-user-credits", stream=True, timeout=5) as reply:
        assert reply.status_code == 200
        assert reply.raw.read(10) == b" " * 10
    with segmind.get("/v1/get-user-credits", stream=True, timeout=5) as reply:
        assert reply.raw.read(1) == b" "
        sandbox.faults.release()
        with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
            list(reply.iter_content(10))
    assert segmind.get("/v1/get-user-credits").status_code == 200


def test_replies_that_cannot_be_read(segmind, sandbox):
    for kind in ("bad_json", "not_utf8", "empty"):
        sandbox.faults.add("POST /v2/.*", kind)
        reply = submit(segmind)
        assert reply.status_code == 200
        with pytest.raises((json.JSONDecodeError, UnicodeDecodeError)):
            json.loads(reply.content)
    assert reply.content == b""
    assert billed(sandbox) == 3


def test_html_502_and_redirect_process_nothing(segmind, sandbox):
    sandbox.faults.add("POST /v2/.*", "html_502")
    reply = submit(segmind)
    assert (reply.status_code, reply.headers["content-type"]) == (502, "text/html")
    assert "<h1>502 Bad Gateway</h1>" in reply.text
    sandbox.faults.add("POST /v2/.*", "redirect")
    reply = submit(segmind, allow_redirects=False)
    assert reply.status_code == 307
    assert reply.headers["location"] == f"{sandbox.url('files')}{SUBMIT}"
    assert billed(sandbox) == 0


def test_a_late_504_hides_a_run_that_goes_on(segmind, sandbox):
    sandbox.faults.add("POST /v2/.*", "late_504")
    reply = submit(segmind)
    assert (reply.status_code, reply.headers["content-type"]) == (504, "text/html")
    assert "<h1>504 Gateway Timeout</h1>" in reply.text
    assert billed(sandbox) == 1


def test_a_key_that_follows_a_redirect_is_seen(segmind, sandbox):
    sandbox.faults.add("GET /v1/get-user-credits", "redirect")
    segmind.get("/v1/get-user-credits")
    [stray] = sandbox.log.requests(service="files")
    assert stray.key_seen
    sandbox.faults.add("GET .*", "redirect", location="http://127.0.0.1:9/x")
    reply = segmind.get("/v1/get-user-credits", allow_redirects=False)
    assert reply.headers["location"] == "http://127.0.0.1:9/x"


def test_wrong_type_has_the_right_body(segmind, sandbox, anyone):
    url = _result(segmind)
    sandbox.faults.add("GET /outputs/.*", "wrong_type")
    reply = anyone.get(url)
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert reply.content.startswith(b"\x89PNG")
    kind = {"Content-Type": "application/json"}
    sandbox.faults.add("GET /outputs/.*", "wrong_type", headers=kind)
    assert anyone.get(url).headers["content-type"] == "application/json"


def test_expired_records_and_files(segmind, apimart, sandbox, anyone):
    url = _result(segmind)
    sandbox.faults.add("GET /outputs/.*", "expired")
    assert anyone.get(url).status_code == 404
    assert anyone.get(url).status_code == 200
    job = submit(segmind).json()["request_id"]
    sandbox.faults.add("GET /v2/requests/.*", "expired")
    reply = segmind.get(f"/v2/requests/{job}")
    assert (reply.status_code, reply.json()) == (404, {"error": f"Request {job} not found"})
    run = {"model": "gemini-3-pro-image-preview", "prompt": "x"}
    task = apimart.post("/v1/images/generations", json=run).json()["data"][0]["task_id"]
    sandbox.faults.add("GET /v1/tasks/.*", "expired")
    assert apimart.get(f"/v1/tasks/{task}").status_code == 404


def test_times_and_after_are_counted_for_each(start, calling):
    faults = [Fault("GET .*", 500, times=2, after=1), Fault("GET .*credits", 502, times=None)]
    segmind = calling(start(faults=faults))
    codes = [segmind.get("/v1/get-user-credits").status_code for _ in range(5)]
    assert codes == [502, 500, 500, 502, 502]


def test_clear_forgets_them(segmind, sandbox):
    sandbox.faults.add("GET .*", 500, times=None)
    assert segmind.get("/v1/get-user-credits").status_code == 500
    sandbox.faults.clear()
    assert segmind.get("/v1/get-user-credits").status_code == 200


def test_match_is_of_the_whole_line():
    faults = Faults([Fault("POST /v2", 500)])
    assert faults.take("POST /v2/x") is None
    assert faults.take("POST /v2") is not None


def test_faults_may_be_added_by_many_threads_at_once():
    faults = Faults()
    threads = [
        threading.Thread(target=lambda: [faults.add("GET /", 500) for _ in range(50)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = 0
    while faults.take("GET /"):
        taken += 1
    assert taken == 400


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("POST /v2/.*=503", Fault("POST /v2/.*", 503)),
        (
            "GET /a=silence,times=always,seconds=2.5",
            Fault("GET /a", "silence", None, seconds=2.5),
        ),
        ("GET /a=job_failed,words=No,after=2", Fault("GET /a", "job_failed", after=2, words="No")),
    ],
)
def test_text_form(text, fault):
    assert Fault.parse(text) == fault


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("POST /v2/.*", "PATTERN=KIND"),
        ("GET /=explode", "is not a failure"),
        ("GET /=99", "is not a failure"),
        ("GET /=500,often=2", "'often' is not an option"),
        ("GET /=500,times=many", "invalid literal"),
    ],
)
def test_text_form_refuses_with_a_reason(text, words):
    with pytest.raises(ValueError, match=words):
        Fault.parse(text)


def test_bad_pattern_and_missing_kind_are_refused_at_once():
    with pytest.raises(Exception, match=r"unterminated|missing"):
        Fault("GET /(", 500)
    with pytest.raises(ValueError, match="kind is missing"):
        Faults().add("GET /")
    assert {"reset_before", "reset_after", "silence", "cut", "bad_json"} <= set(KINDS)


def _result(segmind):
    submitted = submit(segmind).json()
    segmind.until(submitted["status_url"], "COMPLETED")
    return segmind.get(submitted["response_url"]).json()["output"]
