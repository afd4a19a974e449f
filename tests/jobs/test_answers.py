"""Every code, as a reply to each submit and each poll: the end, what is sent, what is paid.

A scripted server bills each POST that it accepts; a POST with a known Idempotency-Key is not
accepted again. Nothing waits: pauses are only looked at.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from segmind_widgets import errors
from segmind_widgets.client import SegmindClient
from segmind_widgets.jobs import job as job_module
from segmind_widgets.jobs import submit_steps as runner_module
from segmind_widgets.jobs.answers import KEY_LIFE, MAX_REPEATS, next_repeat, poll_pause
from segmind_widgets.jobs.job import Job
from segmind_widgets.jobs.runner import JobRunner
from segmind_widgets.network.transport import Transport
from segmind_widgets.providers import PROVIDERS
from segmind_widgets.providers._submits import TABLE, Action, answer_of
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.secret import Secret
from segmind_widgets.storage.store import Store
from segmind_widgets.types import Call, Reply, RunRequest, Status
from tests.wire import Received, Wire

CODES = (
    *(400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 413, 415, 418, 422, 425, 451, 499),
    *(500, 501, 502, 503, 504, 507, 511, 520, 522, 524, 525, 529, 530, 599),
)
BODIES = {"own": b'{"error": "words"}', "page": b"<html><h1>Sign in</h1></html>", "empty": b""}
KEY = "SG_0123456789abcdef"
REQUESTS = {
    "v1": ("segmind", RunRequest("m", {"prompt": "a"}, api="v1")),
    "v2": ("segmind", RunRequest("m", {"prompt": "a"})),
    "workflow": ("segmind", RunRequest("65c9c7f641c340d7ef2f7134-v1", {}, "workflow")),
    "apimart": ("apimart", RunRequest("m", {"prompt": "a"})),
}


class Service:
    """The server: `fault` is (code, body) of the next `times` requests of the faulty `method`."""

    def __init__(self) -> None:
        self.wire = Wire(self._serve)
        self.reset()

    def reset(
        self, method: str = "", fault: tuple[int, bytes] = (200, b""), times: int = 0
    ) -> None:
        self.method, self.fault, self.times = method, fault, times
        self.accepts = True
        self.id = f"req-{uuid.uuid4().hex}"
        self.paid: list[str] = []
        self.requests: list[Received] = []

    @property
    def posts(self) -> list[Received]:
        return [request for request in self.requests if request.method == "POST"]

    def _serve(self, connection: Any, server: Wire) -> None:
        request = server.read(connection)
        self.requests.append(request)
        status, body = self._answer(request)
        head = f"HTTP/1.1 {status} Word\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode() + body)

    def _answer(self, request: Received) -> tuple[int, bytes]:
        faulty = self.times > 0 and request.method == self.method
        lists = "request-history?" in request.path
        if faulty and not lists:
            self.times -= 1
            if self.accepts and request.method == "POST":
                self._bill(request)
            return self.fault
        if request.method == "POST":
            self._bill(request)
            poll = {"poll_url": f"{self.wire.url}/workflows/request/{self.id}"}
            return 200, json.dumps({**self._state("QUEUED"), **poll}).encode()
        if lists:
            return 200, json.dumps({"data": self._history(request)}).encode()
        return 200, json.dumps(self._state("PROCESSING")).encode()

    def _state(self, word: str) -> dict[str, str]:
        return {"status": word, "request_id": self.id, "id": self.id}

    def _bill(self, request: Received) -> None:
        key = request.headers.get("idempotency-key", f"post {len(self.paid)}")
        if key not in self.paid:
            self.paid.append(key)

    def _history(self, request: Received) -> list[dict[str, Any]]:
        if not (self.paid and "page=1&" in request.path):
            return []
        when = datetime.now(timezone.utc).isoformat()
        facts = {"request_id": self.id, "model_status": "PROCESSING", "model_created": when}
        return [{**facts, "request_body": {"prompt": "a"}}]


class Bench:
    """One store and one server for all cases."""

    def __init__(self, service: Service, home: Path) -> None:
        self.service, self.store = service, Store(home)
        urls = {name: service.wire.url for kind in PROVIDERS.values() for name in kind.settings}
        self.providers = {name: kind(urls) for name, kind in PROVIDERS.items()}
        self.transports = {
            name: Transport(provider, lambda: Secret(KEY))
            for name, provider in self.providers.items()
        }

    def runner(self, name: str, call: Call | None = None, **options: Any) -> JobRunner:
        kind, request = REQUESTS[name]
        provider = self.providers[kind]
        status = {"status": "submitting", "kind": request.kind, "target": request.target}
        where = {"provider": kind, "place": "here", "sandbox": False}
        key = self.store.add(inputs=dict(request.inputs), **where, **status)
        job = Job(id=key, model=request.target)
        call = call or provider.submit(request)
        return JobRunner(job, provider, self.transports[kind], self.store, key, call, **options)

    def close(self) -> None:
        for transport in self.transports.values():
            transport.close()
        self.service.wire.close()
        self.store.close()


@pytest.fixture(autouse=True)
def _show_every_update(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_module, "UPDATE", 0.0)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    one = Bench(Service(), tmp_path_factory.mktemp("answers"))
    yield one
    one.close()


def until_it_polls(runner: JobRunner) -> None:
    """Step until the submit has an end, or the job is polled."""
    for _ in range(40):
        if runner.step() is None or runner.job.status is Status.PROCESSING:
            return
    raise AssertionError(f"it does not end: {runner.job.status} {runner.job.message}")


def expected(name: str, bench: Bench, reply: Reply) -> Action:
    kind, request = REQUESTS[name]
    provider = bench.providers[kind]
    return TABLE[provider.submit_service(provider.submit(request))][answer_of(reply)]


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("name", REQUESTS)
def test_a_submit_that_was_accepted_is_paid_once(bench: Bench, name: str, body: str) -> None:
    """Whatever the code that hides it, it is found, asked for with the same key, or unknown."""
    for code in CODES:
        action = expected(name, bench, Reply(code, {}, BODIES[body]))
        if action is Action.FAIL:
            continue
        bench.service.reset("POST", (code, BODIES[body]), 1)
        runner = bench.runner(name)
        until_it_polls(runner)
        job, posts = runner.job, bench.service.posts
        assert len(bench.service.paid) == 1, code
        assert len(posts) == (2 if name == "apimart" else 1), code
        assert len({(post.body, post.headers.get("idempotency-key")) for post in posts}) == 1
        if name != "workflow":
            assert (job.status, job.id) == (Status.PROCESSING, bench.service.id), code
        elif action is Action.LOOK_UP:
            assert job.status is Status.UNKNOWN, code
            assert "not billed" not in f"{job.error} {job.error.hint}".lower()
        else:
            assert (code, job.status) == (500, Status.FAILED)


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("name", REQUESTS)
def test_a_submit_that_was_not_accepted_is_sent_again_only_by_the_table(
    bench: Bench, name: str, body: str
) -> None:
    for code in CODES:
        action = expected(name, bench, Reply(code, {}, BODIES[body]))
        bench.service.reset("POST", (code, BODIES[body]), 99)
        bench.service.accepts = False
        runner = bench.runner(name)
        until_it_polls(runner)
        sent, job = len(bench.service.posts), runner.job
        ends = {
            Action.LOOK_UP: (Status.UNKNOWN, 1),
            Action.LOOK_UP_OR_FAIL: (Status.FAILED, 1),
            Action.LOOK_UP_OR_REPEAT: (Status.FAILED, 2),
            Action.SAME_KEY: (Status.UNKNOWN, 2 if code == 409 else 4),
        }
        other_form = (name, code) == ("workflow", 401) and body != "page"
        other_form = other_form or ((name, code, body) == ("v2", 404, "own"))
        end = ends.get(action, (Status.FAILED, 2 if other_form else 1))
        assert (job.status, sent) == end, (code, action)


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("name", ["v2", "workflow", "apimart"])
def test_no_answer_to_a_poll_ends_the_watching(bench: Bench, name: str, body: str) -> None:
    for code in (200, 302, 429, *CODES):
        stops = code == 401 or (code == 403 and body == "own")
        if body == "own" and (code == 200 or (code == 422 and name != "apimart")):
            continue  # a state: with 422 Segmind says that a job failed
        bench.service.reset()
        runner = bench.runner(name)
        assert runner.step() is not None
        bench.service.reset("GET", (code, BODIES[body]), 99)
        pauses = [runner.step() for _ in range(8)]
        row = bench.store.job(runner._key)
        assert not Status(row["status"]).final, code
        assert row["next"], code
        if stops:
            assert None in pauses, code
            assert f"%segmind_login {runner._provider.name}" in runner.job.error.hint
            assert row["error"], code
            continue
        assert None not in pauses, code
        waited = [pause for pause in pauses if pause]  # the other form is tried at once
        assert waited == sorted(waited), code
        assert runner.job.id in runner.job.message, code
        assert "continues" in runner.job.message, code
        assert not re.search("billed|Change", runner.job.message), code
        bench.service.reset()
        runner.step()
        assert (runner.job.status, runner.job.message) == (Status.PROCESSING, ""), code
        runner.watch_end = 0.0
        assert runner.step() is None
        assert isinstance(runner.job.error, errors.StillRunning)


def test_the_limit_of_watching_names_the_last_answer(bench: Bench) -> None:
    bench.service.reset()
    runner = bench.runner("v2")
    runner.step()
    bench.service.reset("GET", (418, b'{"error": "a teapot"}'), 99)
    runner.step()
    runner.watch_end = 0.0
    assert runner.step() is None
    assert "HTTP 418: a teapot" in runner.job.error.message
    assert "a teapot" in bench.store.job(runner._key)["error"]


@pytest.mark.parametrize("header", ["7", "120"])
def test_a_wait_that_an_answer_names_is_kept(bench: Bench, header: str) -> None:
    for code in (429, 503):
        reply = Reply(code, {"retry-after": header})
        assert poll_pause(1, reply) == float(header)
        assert poll_pause(7, reply) == max(60.0, float(header))


def test_a_repeat_has_an_end() -> None:
    call = Call("POST", "https://a", {}, headers={"Idempotency-Key": "k"}, billed=True)
    moment = datetime.now(timezone.utc)
    sent = moment.isoformat()
    made = [call]
    while again := next_repeat(made[-1], sent):
        made.append(again)
    assert [one.repeats for one in made] == [*range(MAX_REPEATS + 1)]
    assert {json.dumps([one.json, dict(one.headers)]) for one in made} == {
        json.dumps([call.json, dict(call.headers)])
    }
    old = (moment - KEY_LIFE - timedelta(seconds=1)).isoformat()
    assert next_repeat(call, old) is None
    assert next_repeat(call, sent, KEY_LIFE.total_seconds()) is None
    assert next_repeat(call, None) is None


# the same key, by whoever asks again


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "REPEAT_PAUSES", (0.0, 0.0, 0.0))


@pytest.mark.parametrize("way", ["resume", "the same cell", "another kernel"])
def test_a_lost_reply_is_asked_for_with_the_same_key(
    sandbox: Sandbox, client: SegmindClient, no_pauses: None, way: str
) -> None:
    sandbox.faults.add("POST /v1/images/generations", "reset_after", times=5)
    inputs = {"prompt": "a lamp"}
    options: dict[str, Any] = {"provider": "apimart"}
    job = client.submit("gemini-3-pro-image-preview", inputs, **options)
    assert job.wait(30).status is Status.UNKNOWN
    assert len(sandbox.log.requests("POST")) == 4
    if way == "the same cell":
        again = client.submit("gemini-3-pro-image-preview", inputs, **options)
    else:
        key = job.id
        if way == "another kernel":
            client.close()
        again = client.resume(key)
    assert again.wait(30).status is Status.COMPLETED, again.error
    posts = sandbox.log.requests("POST")
    assert len(posts) == 6
    assert len(sandbox.log.billed_posts) == 1
    assert len({post.headers["idempotency-key"] for post in posts}) == 1
    fresh = client.submit("gemini-3-pro-image-preview", inputs, **options)
    assert fresh.wait(30).status is Status.COMPLETED
    assert len(sandbox.log.billed_posts) == 2, "what has a result is a new request"


def test_after_five_repeats_it_stays_unknown(
    sandbox: Sandbox, client: SegmindClient, no_pauses: None
) -> None:
    sandbox.faults.add("POST /v1/images/generations", "late_504", times=None)
    inputs = {"prompt": "a lamp"}
    job = client.submit("gemini-3-pro-image-preview", inputs, provider="apimart")
    assert job.wait(30).status is Status.UNKNOWN
    key = job.id
    assert client.resume(key).wait(30).status is Status.UNKNOWN
    for _ in range(2):
        assert client.resume(key).wait(30).status is Status.UNKNOWN
    assert len(sandbox.log.requests("POST")) == 1 + MAX_REPEATS
    assert len(sandbox.log.billed_posts) == 1


def test_a_batch_run_again_pays_for_no_row_that_may_be_billed(
    sandbox: Sandbox, client: SegmindClient, no_pauses: None
) -> None:
    sandbox.faults.add("POST /workflows/.*", "late_504", times=None)
    rows = [{}]
    for _ in range(3):
        batch = client.map("65c9c7f641c340d7ef2f7134-v1", rows, kind="workflow", name="w")
        batch.wait(30)
        assert batch.failed == 1
    assert len(sandbox.log.requests("POST")) == 1
