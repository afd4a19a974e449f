"""Credits, the rate limit, expiry of requests, and the history that outlives them."""

from __future__ import annotations

import datetime

import pytest

from segmind_widgets.sandbox.state.account import Account, RateLimit

RUN = {"prompt": "a red boat"}


def finished(segmind, **inputs):
    submitted = segmind.post("/v2/seedream-4.5", json={**RUN, **inputs}).json()
    segmind.until(submitted["status_url"], "COMPLETED")
    return submitted


def test_credits_go_down_with_what_is_completed(segmind, sandbox):
    assert segmind.get("/v1/get-user-credits").json() == {"credits": 10.0, "free-credits": 0.0}
    finished(segmind)
    assert segmind.get("/v1/get-user-credits").json()["credits"] == 9.96
    assert [record.path for record in sandbox.billed_posts] == ["/v2/seedream-4.5"]


def test_cost_is_reserved_while_the_job_runs(start, calling):
    sandbox = start(speed=1, credits=0.05)
    segmind = calling(sandbox)
    assert segmind.post("/v2/seedream-4.5", json=RUN).status_code == 200
    reply = segmind.post("/v2/seedream-4.5", json=RUN)
    assert reply.status_code == 406
    said = reply.json()["error"]
    assert said.startswith("Insufficient credits")
    assert "0.01" in said
    assert "0.04" in said
    assert len(sandbox.billed_posts) == 1


def test_a_failed_job_is_given_back(segmind, sandbox):
    sandbox.faults.add("POST /v2/.*", "job_failed", words="Too many cats.")
    submitted = segmind.post("/v2/seedream-4.5", json=RUN).json()
    for address in ("status_url", "response_url"):
        reply = segmind.until(submitted[address], "FAILED")
        assert reply.status_code == 422
        assert reply.json()["error"] == "Too many cats."
        assert "cost" not in reply.json()["metrics"]
    assert segmind.get(submitted["poll_url"]).json()["status"] == "FAILED"
    assert sandbox.credits == 10


def test_a_failed_v1_run_is_500_and_given_back(segmind, sandbox):
    sandbox.faults.add("POST /v1/.*", "job_failed", words="Too many cats.")
    reply = segmind.post("/v1/seedream-4.5", json=RUN)
    assert (reply.status_code, reply.json()) == (500, {"error": "Too many cats."})
    assert sandbox.credits == 10


def test_reserving_never_goes_below_zero():
    account = Account(1.0)
    assert account.reserve(0.7)
    assert not account.reserve(0.4)
    account.give_back(0.7)
    assert account.reserve(1.0)
    account.spend(1.0)
    assert (account.balance, account.used) == (0.0, 1.0)


def test_rate_limit_counts_posts_and_says_when(start, calling):
    sandbox = start(rate_limit=2)
    segmind = calling(sandbox)
    for _ in range(2):
        assert segmind.post("/v2/seedream-4.5", json=RUN).status_code == 200
    reply = segmind.post("/v2/seedream-4.5", json=RUN)
    assert reply.status_code == 429
    assert "Rate limit" in reply.json()["error"]
    assert 50 <= int(reply.headers["retry-after"]) <= 60
    reset = reply.headers["x-rate-limit-reset-at-utc"].replace("Z", "+00:00")
    wait = datetime.datetime.fromisoformat(reset) - datetime.datetime.now(datetime.timezone.utc)
    assert 50 <= wait.total_seconds() <= 60
    assert segmind.get("/v1/get-user-credits").status_code == 200
    assert calling(sandbox, "apimart").post("/v1/images/generations", json={}).status_code == 400
    assert len(sandbox.billed_posts) == 2


def test_rate_limit_ends_with_its_window():
    limit = RateLimit(1, seconds=0.0)
    assert limit.take() == 0
    assert limit.take() == 0
    limit = RateLimit(1, seconds=60)
    assert limit.take() == 0
    assert 59 < limit.take() <= 60


def test_expired_request_is_404_but_in_the_history(start, calling):
    sandbox = start(request_life=0.0)
    segmind = calling(sandbox)
    reply = segmind.post("/v1/seedream-4.5", json={**RUN, "seed": 4})
    job = reply.headers["x-request-id"]
    for path in (f"/v2/requests/{job}", f"/v2/requests/{job}/status", f"/v1/requests/{job}"):
        answer = segmind.get(path)
        assert (answer.status_code, answer.json()) == (404, {"error": f"Request {job} not found"})
    row = segmind.get(f"/inference-request/request-history/{job}").json()
    assert row["request_id"] == job
    assert row["model_name"] == "seedream-4.5"
    assert row["model_status"] == "COMPLETED"
    assert row["credits_deduction"] == 0.04
    assert row["request_body"] == {**RUN, "seed": 4}
    assert row["latency_ms"] > 0
    assert row["error"] is None
    assert segmind.get(row["generation_url"]).content == reply.content


def test_history_lists_a_row_an_output_newest_first(segmind, sandbox):
    first = finished(segmind)["request_id"]
    submitted = segmind.post("/v2/flux-schnell", json={**RUN, "samples": 2}).json()
    segmind.until(submitted["status_url"], "COMPLETED")
    sandbox.faults.add("POST .*", "job_failed", words="No.")
    failed = segmind.post("/v2/nano-banana", json=RUN).json()
    segmind.until(failed["status_url"], "FAILED")
    body = segmind.get("/inference-request/request-history").json()
    rows = body["data"]
    second = submitted["request_id"]
    assert [row["request_id"] for row in rows] == [failed["request_id"], second, second, first]
    assert [row["credits_deduction"] for row in rows] == [0, 0.008, 0.008, 0.04]
    assert rows[0]["error"] == "No."
    assert rows[1]["generation_url"] != rows[2]["generation_url"]
    assert (body["page"], body["per_page"], body["total"]) == (1, 20, 4)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("model_name=flux", 1),
        ("status=COMPLETED", 2),
        ("status=FAILED", 0),
        ("per_page=1", 1),
        ("per_page=1&page=3", 0),
        ("from_date=2999-01-01", 0),
        ("to_date=2001-01-01", 0),
    ],
)
def test_history_is_filtered_and_paged(segmind, query, count):
    finished(segmind)
    segmind.post("/v1/flux-schnell", json=RUN)
    body = segmind.get(f"/inference-request/request-history?{query}").json()
    assert len(body["data"]) == count


@pytest.mark.parametrize("query", ["per_page=101", "page=0", "page=x", "from_date=yesterday"])
def test_history_refuses_bad_queries(segmind, query):
    reply = segmind.get(f"/inference-request/request-history?{query}")
    assert reply.status_code == 400
    assert reply.json()["error"].startswith(f"'{query.partition('=')[0]}'")


def test_history_shortens_long_inputs(segmind):
    segmind.post("/v1/seedream-4.5", json={"prompt": "x" * 50_000})
    [row] = segmind.get("/inference-request/request-history").json()["data"]
    assert len(row["request_body"]["prompt"]) < 200
    assert "50000 characters" in row["request_body"]["prompt"]


def test_history_knows_running_ones(start, calling):
    segmind = calling(start(speed=1))
    submitted = segmind.post("/v2/seedream-4.5", json=RUN).json()
    row = segmind.get(f"/inference-request/request-history/{submitted['request_id']}").json()
    assert (row["model_status"], row["generation_url"]) == ("PENDING", None)
    assert segmind.get("/inference-request/request-history/none").status_code == 404
