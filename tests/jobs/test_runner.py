"""One job from call to call, step by step, against real replies: what is on disk, and when."""

from __future__ import annotations

import io
import json
import logging
import os
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from segmind_widgets import errors
from segmind_widgets.assets.recipes import read
from segmind_widgets.jobs import job as jobs
from segmind_widgets.jobs import run_state as module
from segmind_widgets.jobs.job import Job
from segmind_widgets.jobs.runner import (
    JobRunner,
    assets_from_row,
    call_from_row,
    outputs_from_row,
    traits_from_row,
)
from segmind_widgets.network.rate_limit import RateLimit
from segmind_widgets.network.transport import Transport
from segmind_widgets.providers import Segmind
from segmind_widgets.secret import Secret
from segmind_widgets.storage.store import Store
from segmind_widgets.types import Call, Output, RunRequest, Status, UsualTime
from tests.gateways import secure
from tests.wire import Script, Wire, answer, raw, refused, reset, silent, wire

KEY = "SG_0123456789abcdef"


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (4, 4)).save(out, "PNG")
    return out.getvalue()


def says(status: str, code: int = 200, **more: Any) -> Script:
    body = {"status": status, "request_id": "req-1", **more}
    return answer(code, json.dumps(body).encode())


class Bench:
    """A job, its store and its watch, all real, and a server to script."""

    def __init__(self, server: Wire, home: Path) -> None:
        self.server = server
        names = ("SEGMIND_API_URL", "SEGMIND_STORAGE_URL", "SEGMIND_CONSOLE_URL")
        self.provider = Segmind(dict.fromkeys(names, server.url))
        self.store = Store(home)
        self.transport = Transport(
            self.provider,
            lambda: Secret(KEY),
            new_file=lambda: self.store.new_file("incoming", uuid.uuid4().hex, 0, ".part"),
        )
        self.key = self.store.add(
            provider="segmind", place=server.url, sandbox=False, kind="model", target="m",
            inputs={"prompt": "a"}, status="submitting",
        )  # fmt: skip
        self.job = Job(id=self.key, model="m", inputs={"prompt": "a"})

    def runner(self, api: Any = "v2", **more: Any) -> JobRunner:
        call = self.provider.submit(RunRequest("m", {"prompt": "a"}, api=api))
        return self.of(call, **more)

    def of(self, call: Call | None, **more: Any) -> JobRunner:
        return JobRunner(
            self.job, self.provider, self.transport, self.store, self.key, call, **more
        )

    @property
    def row(self) -> dict[str, Any]:
        """As another kernel would read it."""
        other = Store(self.store.home)
        try:
            return other.job(self.key)
        finally:
            other.close()

    def paths(self) -> list[str]:
        return [f"{request.method} {request.path}" for request in self.server.received]


Make = Callable[..., Bench]

HISTORY = "/inference-request/request-history"


def history(*rows: dict[str, Any]) -> Script:
    """A page of the request history."""
    return answer(200, json.dumps({"data": rows}).encode())


def past(request_id: str, *, url: str = "", minutes: float = 0, **more: Any) -> dict[str, Any]:
    """A row of it: what the bench's jobs send, `minutes` from now."""
    when = datetime.now(timezone.utc) + timedelta(minutes=minutes)
    facts = {"model_name": "m", "model_status": "COMPLETED", "credits_deduction": 0.04}
    body = {"request_body": more.pop("inputs", {"prompt": "a", "seed": 7})}
    created = {"model_created": when.isoformat()}
    return {"request_id": request_id, "generation_url": url, **facts, **body, **created, **more}


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    monkeypatch.setattr(jobs, "UPDATE", 0.0)  # every update is told at once
    made: list[Bench] = []

    def make(*scripts: Script) -> Bench:
        made.append(Bench(Wire(*scripts), tmp_path / "journal"))
        return made[-1]

    yield make
    for one in made:
        one.transport.close()
        one.server.close()
        one.store.close()


def finish(runner: JobRunner, steps: int = 30) -> None:
    """Every step at once, without the waits between them."""
    for _ in range(steps):
        if runner.step() is None:
            return
    raise AssertionError("it does not end")


# the way of a job


def test_row_and_id_are_on_disk_before_the_first_poll_and_files_before_they_show(
    bench: Make,
) -> None:
    with wire(answer(200, picture(), {"Content-Type": "image/png"})) as files:
        one = bench(
            says("QUEUED"),
            says("PROCESSING"),
            says("COMPLETED"),
            says("COMPLETED", output=f"{files.url}/a.png", metrics={"cost": 0.04}, seed="7"),
        )
        runner = one.runner()
        assert runner.is_submit
        assert not runner.slow

        wait = runner.step()  # the submit
        assert one.paths() == ["POST /v2/m"]
        assert one.row["id"] == one.job.id == "req-1"
        assert call_from_row(one.row) == one.provider.find("req-1")
        assert wait is not None
        assert wait >= 0.5
        assert not runner.is_submit

        runner.step()
        assert one.row["status"] == "processing"
        assert runner.step() == 0.0  # completed: its result at once
        assert runner.step() == 0.0
        assert one.paths()[-1] == "GET /v2/requests/req-1"
        assert one.row["status"] == "downloading"
        assert [output.url for output in outputs_from_row(one.row)] == [f"{files.url}/a.png"]
        assert one.row["next"] is None
        assert not one.job.outputs
        assert not files.received
        assert runner.slow

        seen: list[Any] = []
        one.job.observe(lambda change: seen.append((one.row, change.new)), "outputs")
        assert runner.step() is None
        [(row, [asset])] = seen  # the moment it showed, it was on disk and in the journal
        recipe, pixels = read(asset), picture()[33:]
        assert (recipe.id, recipe.cost, recipe.seed) == ("req-1", 0.04, 7)
        assert asset.path.read_bytes().endswith(pixels)
        assert asset.path.suffix == ".png"
        assert [found.path for found in assets_from_row(row)] == [asset.path]
    assert (row["status"], row["cost"], row["seed"]) == ("completed", 0.04, 7)
    assert row["seconds"] > 0
    assert (one.job.status, one.job.progress, one.job.error) == (Status.COMPLETED, 1.0, None)
    assert one.job.done
    assert not list(one.store.home.rglob("*.part"))


def test_a_v1_result_is_written_before_the_journal_says_so(bench: Make) -> None:
    one = bench(answer(200, picture(), {"content-type": "image/png", "x-request-id": "r-1"}))
    runner = one.runner("v1")
    assert runner.slow
    assert runner.step() == 0.0
    [output] = outputs_from_row(one.row)
    assert output.url is not None
    assert output.url.startswith("file:")
    [path] = one.store.home.rglob("*.png")
    assert path.read_bytes() == picture()
    assert runner.step() is None
    assert one.job.outputs[0].path == path
    assert one.job.id == "r-1"


def test_a_failed_job_says_why(bench: Make) -> None:
    one = bench(says("QUEUED"), says("FAILED", 422, error="CUDA out of memory"))
    finish(one.runner())
    assert (one.job.status, one.row["status"], one.row["next"]) == (Status.FAILED, "failed", None)
    assert isinstance(one.job.error, errors.JobFailed)
    assert "CUDA" in one.row["error"]


def test_a_cancelled_job(bench: Make) -> None:
    one = bench(says("QUEUED"), says("CANCELLED"))
    finish(one.runner())
    assert (one.job.status, one.row["status"]) == (Status.CANCELLED, "cancelled")
    assert isinstance(one.job.error, errors.JobCancelled)


def test_the_sandbox_marks_its_jobs(bench: Make) -> None:
    body = json.dumps({"status": "QUEUED", "request_id": "r"}).encode()
    one = bench(answer(200, body, {"X-Sandbox": "1"}))
    one.runner().step()
    assert one.job.sandbox
    assert one.row["sandbox"] == 1


# submits


@pytest.mark.parametrize(
    "script",
    [
        *(reset(read=True), raw(b""), answer(504, b""), answer(200, b"x"), answer(302, b"")),
        *(answer(code, b"", {"Location": "http://login.example/"}) for code in (301, 302, 307)),
    ],
)
def test_a_submit_that_may_be_running_is_unknown_and_sent_once(bench: Make, script: Script) -> None:
    one = bench(script, history())
    finish(one.runner())
    post, *rest = one.paths()
    assert post == "POST /v2/m"
    assert rest
    assert all(path.startswith(f"GET {HISTORY}?page=1&") for path in rest)
    assert (one.job.status, one.row["status"]) == (Status.UNKNOWN, "unknown")
    assert isinstance(one.job.error, errors.SubmitUnknown)
    assert "not found in the history of Segmind" in one.job.error.hint


def test_silence_after_a_submit_is_unknown(bench: Make) -> None:
    one = bench(silent(), answer(403, b"{}"))
    finish(one.of(Call("POST", f"{one.server.url}/v2/m", {}, billed=True, timeout=0.05)))
    assert [path[:4] for path in one.paths()] == ["POST", "GET "]
    assert one.job.status is Status.UNKNOWN
    assert isinstance(one.job.error, errors.SubmitUnknown), "not what the history answered"


def test_a_request_whose_reply_was_lost_is_found_in_the_history(bench: Make) -> None:
    with wire(answer(200, picture(), {"Content-Type": "image/png"})) as files:
        found = [past("req-1", url=f"{files.url}/{name}.png") for name in "ab"]
        other = past("req-2", inputs={"prompt": "b"}, url=f"{files.url}/c.png")
        one = bench(reset(read=True), history(), history(other, *found), history())
        runner = one.runner()
        assert runner.step() == 0.0
        assert one.job.message == "searching the history of Segmind"
        wait = runner.step()
        assert wait, "it may be written down a little later"
        finish(runner)
        assert [request.path for request in files.received] == ["/a.png", "/b.png"]
    assert [path[:4] for path in one.paths()] == ["POST", *["GET "] * 3]
    assert (one.row["status"], one.row["id"], one.row["cost"]) == ("completed", "req-1", 0.04)
    assert len(one.job.outputs) == 2
    assert one.job.error is None


def test_one_that_still_runs_is_followed(bench: Make) -> None:
    running = past("req-1", model_status="PENDING")
    one = bench(raw(b""), history(running), history(), says("QUEUED"))
    runner = one.runner()
    for _ in range(4):
        runner.step()
    assert one.paths()[-1] == "GET /v2/requests/req-1/status"
    assert one.job.status is Status.QUEUED
    assert call_from_row(one.row) == one.provider.find("req-1")


@pytest.mark.parametrize(
    "other",
    [{"inputs": {"prompt": "b"}}, {"inputs": {}}, {"minutes": -9}, {"minutes": 30},
     {"request_id": "known"}, {"model_created": "once"}],
)  # fmt: skip
def test_another_request_is_not_taken_for_it(bench: Make, other: dict[str, Any]) -> None:
    one = bench(raw(b""), history(past(**{"request_id": "req-1", **other}, url="https://a/1")),
                history())  # fmt: skip
    row = {**one.row, "key": "local-2", "id": "known"}
    one.store.add(**row)
    finish(one.runner())
    assert one.job.status is Status.UNKNOWN
    assert one.row["id"] is None


def test_an_id_that_a_cut_reply_began_to_tell_is_enough(bench: Make) -> None:
    with wire(answer(200, picture())) as files:
        there = past("req-9", inputs={}, url=f"{files.url}/a.png")
        cut = answer(200, picture(), {"X-Request-Id": "req-9"}, cut=5)
        one = bench(cut, answer(404, b'{"error": "not found"}'), history(there), history())
        finish(one.runner("v1"))
    assert (one.job.status, one.job.id, one.row["id"]) == (Status.COMPLETED, "req-9", "req-9")
    assert one.paths()[1] == "GET /v2/requests/req-9/status", "the id is asked first"
    assert one.paths()[2].startswith(f"GET {HISTORY}")


def test_a_job_whose_id_is_known_is_asked_by_its_id_and_the_history_is_not_searched(
    bench: Make,
) -> None:
    with wire(answer(200, picture())) as files:
        done = says("COMPLETED", request_id="req-9", output=f"{files.url}/a.png")
        one = bench(answer(200, picture(), {"X-Request-Id": "req-9"}, cut=5), done)
        finish(one.runner("v1"))
    assert (one.job.status, one.row["id"]) == (Status.COMPLETED, "req-9")
    assert one.paths() == ["POST /v1/m", "GET /v2/requests/req-9/status"]


def test_an_id_of_another_job_is_not_taken(bench: Make) -> None:
    one = bench(answer(200, picture(), {"X-Request-Id": "req-9"}, cut=5), says("COMPLETED"),
                history())  # fmt: skip
    one.store.add(**{**one.row, "key": "local-2", "id": "req-9"})
    finish(one.runner("v1"))
    assert one.job.status is Status.UNKNOWN


def test_a_removed_file_without_an_address_is_looked_for_in_the_history(bench: Make) -> None:
    """What v1 answers with is a file only: asking for it again at no address is no use."""
    with wire(answer(200, picture())) as files:
        there = past("r-1", url=f"{files.url}/a.png")
        png = {"Content-Type": "image/png", "X-Request-Id": "r-1"}
        one = bench(answer(200, picture(), png), history(there), history())
        finish(one.runner("v1"))
        [kept] = one.row["outputs"]
        Path(kept["path"]).unlink()
        one.job = Job(id="r-1", model="m")
        finish(one.of(None, outputs=outputs_from_row(one.row)))
    assert one.job.error is None
    assert one.job.outputs[0].path.read_bytes()[:4] == picture()[:4]
    assert len([path for path in one.paths() if path.startswith("POST")]) == 1


def test_a_removed_file_that_nobody_has_is_told_at_once(bench: Make) -> None:
    png = {"Content-Type": "image/png", "X-Request-Id": "r-1"}
    one = bench(answer(200, picture(), png), *[history()] * 9)
    finish(one.runner("v1"))
    [kept] = one.row["outputs"]
    Path(kept["path"]).unlink()
    one.job = Job(id="r-1", model="m")
    finish(one.of(None, outputs=outputs_from_row(one.row)))
    assert "output 1 was removed from this disk" in str(one.job.error)
    assert "its result is not lost" not in one.job.error.hint
    assert "Run it again" in one.job.error.hint
    assert "was not found in the history of Segmind" in one.job.error.hint
    assert one.row["status"] == "completed"


def test_a_workflow_is_not_in_the_history(bench: Make) -> None:
    one = bench(reset(read=True))
    one.store.update(one.key, kind="workflow")
    finish(one.of(Call("POST", f"{one.server.url}/workflows/w", {}, billed=True)))
    assert len(one.server.received) == 1
    assert one.job.status is Status.UNKNOWN
    assert "history of Segmind" not in one.job.error.hint


def test_what_may_be_accepted_is_marked_before_it_is_sent(bench: Make) -> None:
    seen: list[Any] = []

    def look(connection: Any, server: Wire) -> None:
        seen.append(one.row["sent"])
        answer(429, b"", {"Retry-After": "1"})(connection, server)

    one = bench(look)
    assert one.row["sent"] is None
    one.runner().step()
    assert seen[0] is not None
    assert one.row["sent"] is None, "it was refused: nobody has accepted it"


@pytest.mark.parametrize(
    ("code", "kind"), [(400, errors.Rejected), (401, errors.Unauthorized), (404, errors.NotFound),
                       (406, errors.InsufficientCredits), (500, errors.ServerError)]
)  # fmt: skip
def test_a_refused_submit_failed(bench: Make, code: int, kind: type[Exception]) -> None:
    one = bench(answer(code, b'{"error": "no credits"}'), history())
    finish(one.runner())
    assert one.paths().count("POST /v2/m") == 1
    assert (one.job.status, one.row["status"]) == (Status.FAILED, "failed")
    assert type(one.job.error) is kind


def test_a_submit_that_was_not_accepted_is_sent_again(bench: Make) -> None:
    one = bench(answer(429, b"", {"Retry-After": "1"}), says("QUEUED"))
    runner = one.runner()
    wait = runner.step()
    assert wait is not None
    assert wait >= 1
    assert one.job.message
    runner.step()
    assert one.paths() == ["POST /v2/m"] * 2
    assert one.job.id == "req-1"


def test_a_submit_to_nobody_fails_after_some_tries(bench: Make) -> None:
    one = bench(answer())
    one.provider.urls["SEGMIND_API_URL"] = refused()
    runner = one.runner()
    waits = [runner.step() for _ in range(3)]
    assert waits[-1] is None
    assert all(wait and wait >= 1 for wait in waits[:-1])
    assert one.job.status is Status.FAILED
    assert isinstance(one.job.error, errors.Unreachable)


def test_a_fault_of_ours_after_a_submit_may_have_cost(
    bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = bench(says("QUEUED"))

    def broken(*_: Any) -> None:
        raise RuntimeError("ours")

    monkeypatch.setattr(one.provider, "parse", broken)
    finish(one.runner())
    assert one.job.status is Status.UNKNOWN
    assert "ours" in str(one.job.error)


def test_the_id_is_told_even_where_the_journal_cannot_be_written(bench: Make) -> None:
    def close(connection: Any, server: Wire) -> None:
        one.store.close()
        says("QUEUED")(connection, server)

    one = bench(close)
    finish(one.runner())
    assert one.job.id == "req-1"
    assert isinstance(one.job.error, errors.StoreError)
    assert one.job.done


def test_nothing_is_sent_where_it_cannot_be_marked(bench: Make) -> None:
    one = bench(says("QUEUED"))
    one.store.close()
    finish(one.runner())
    assert not one.server.received
    assert isinstance(one.job.error, errors.StoreError)


# polls


@pytest.mark.parametrize(
    "script",
    [answer(502, b""), answer(503, b""), answer(504, b""), answer(500, b""), reset(read=True),
     reset(read=False), raw(b""), answer(200, b"<html>proxy</html>"), answer(200, b"{"),
     answer(200, b""), answer(429, b"", {"Retry-After": "0"})]
)  # fmt: skip
def test_one_broken_poll_is_asked_again(bench: Make, script: Script) -> None:
    one = bench(says("QUEUED"), script, says("PROCESSING"))
    runner = one.runner()
    runner.step()
    assert runner.step() is not None
    assert one.job.message
    runner.step()
    assert len(one.server.received) >= 2
    assert not one.job.done
    assert one.row["status"] == "processing"


@pytest.mark.parametrize(
    ("script", "kind"),
    [(answer(502, b""), errors.StillRunning), (answer(200, b"<html>"), errors.StillRunning),
     (answer(403, b'{"error": "not your account"}'), errors.Forbidden)]
)  # fmt: skip
def test_polls_that_stay_broken_leave_the_job_resumable(
    bench: Make, script: Script, kind: type[Exception]
) -> None:
    one = bench(says("QUEUED"), script)
    runner = one.runner(watch_limit=3600)
    for _ in range(9):
        runner.step()
    runner.watch_end = 0.0
    runner.step()
    assert type(one.job.error) is kind
    assert one.job.done
    assert not one.job.watching
    assert one.row["status"] == "queued"
    assert call_from_row(one.row) == one.provider.find("req-1")
    assert one.store.jobs(unfinished=True)


def test_polls_behind_an_untrusted_certificate_name_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "UPDATE", 0.0)
    server = Wire(secure(says("QUEUED")))
    server.url = server.url.replace("http:", "https:")
    one = Bench(server, tmp_path / "journal")
    try:
        runner = one.of(one.provider.find("req-1"))
        for _ in range(3):
            assert runner.step()
        assert "REQUESTS_CA_BUNDLE" in one.job.message
        runner.watch_end = 0.0
        runner.step()
    finally:
        one.transport.close()
        server.close()
        one.store.close()
    error = one.job.error
    assert isinstance(error, errors.StillRunning)
    assert "certificate is not trusted" in error.message
    assert error.hint.startswith("If your network inspects TLS, set REQUESTS_CA_BUNDLE")
    assert error.hint.endswith(f"Fetch its result with %segmind_jobs --resume {one.job.id}")
    assert "billed" not in f"{one.job.message} {error} {error.hint}"


@pytest.mark.parametrize("history_code", [404, 405, 500])
@pytest.mark.parametrize("kind", ["model", "workflow"])
def test_nobody_waits_for_a_history_that_does_not_exist(
    bench: Make, kind: str, history_code: int
) -> None:
    one = bench(answer(500, b'{"error": "bad value"}'), answer(history_code, b'{"error": "no"}'))
    one.store.update(one.key, kind=kind)
    path = "v2/m" if kind == "model" else "workflows/w"
    runner = one.of(Call("POST", f"{one.server.url}/{path}", {}, billed=True))
    pauses: list[float] = []
    while (pause := runner.step()) is not None:
        pauses.append(pause)
    assert sum(pauses) <= 1.0
    assert "bad value" in str(one.job.error)
    assert one.job.status is (Status.UNKNOWN if kind == "model" else Status.FAILED)


def test_a_wrong_key_in_the_middle_does_not_spoil_the_row(bench: Make) -> None:
    one = bench(says("QUEUED"), answer(401, b"{}"), answer(401, b"{}"))
    finish(one.runner())
    assert isinstance(one.job.error, errors.Unauthorized)
    assert call_from_row(one.row) == one.provider.find("req-1")  # with the key as it was accepted
    assert [("x-api-key" in r.headers) for r in one.server.received] == [True, True, False]


def test_a_poll_address_elsewhere_is_not_asked_but_the_job_by_its_id(bench: Make) -> None:
    with wire(says("QUEUED")) as elsewhere:
        one = bench(says("QUEUED", status_url=f"{elsewhere.url}/x"), says("FAILED"))
        finish(one.runner())
        assert not elsewhere.received
    assert one.paths() == ["POST /v2/m", "GET /v2/requests/req-1/status"]
    assert one.row["id"] == "req-1"
    assert one.row["status"] == "failed"


def test_a_record_that_is_gone_is_looked_up_in_the_history_then_given_up(bench: Make) -> None:
    one = bench(answer(404, b'{"error": "Request req-1 not found"}'))
    one.job = Job(id="req-1", model="m", elapsed=2 * 3600)
    finish(one.of(one.provider.find("req-1")))
    assert one.paths()[-1] == "GET /inference-request/request-history/req-1"
    assert (one.job.status, one.row["status"]) == (Status.UNKNOWN, "unknown")


def test_watching_ends_after_its_limit_and_the_job_goes_on(bench: Make) -> None:
    one = bench(says("QUEUED"))
    runner = one.runner(watch_limit=0.0)
    runner.step()  # what was asked to be submitted is submitted
    assert runner.step() is None
    assert isinstance(one.job.error, errors.StillRunning)
    assert one.row["status"] == "queued"


def test_a_stopped_job_is_left_alone_and_resumable(bench: Make) -> None:
    one = bench(says("QUEUED"))
    runner = one.runner()
    runner.step()
    one.job.stop()
    assert runner.step() is None
    assert len(one.server.received) == 1
    assert call_from_row(one.row) is not None


def test_calls_need_a_place_in_the_rate_limit_and_downloads_none(bench: Make) -> None:
    one = bench(says("COMPLETED", output=[]), says("COMPLETED", output=None))
    assert one.runner().limit is one.transport.limit
    assert one.of(one.provider.find("req-1")).limit is one.transport.limit
    assert one.of(None, outputs=(Output(url=f"{one.server.url}/a.png"),)).limit is None


def test_a_429_slows_all_that_the_account_sends(bench: Make) -> None:
    one = bench(answer(429, b"", {"Retry-After": "7"}))
    assert one.runner().step() == 7
    assert 6 < one.transport.limit.acquire() <= 7


def test_a_crowded_limit_makes_polls_few(bench: Make) -> None:
    one = bench(says("PROCESSING"))
    one.job = Job(id="req-1", model="m", elapsed=30.0)
    usual = UsualTime(60.0)
    before = one.of(one.provider.find("req-1"), usual=usual).step()
    one.transport.limit = RateLimit(60)
    one.transport.limit.waiting = 30
    after = one.of(one.provider.find("req-1"), usual=usual).step()
    assert before is not None
    assert after is not None
    assert after > before + 1


def polling(
    expected: float | None = None, elapsed: float = 0.0, *, economical: bool = False
) -> Callable[[Bench], JobRunner]:
    """The runner of a job whose next step is a poll."""

    def make(one: Bench) -> JobRunner:
        one.job = Job(id="req-1", model="m", elapsed=elapsed)
        usual = UsualTime(expected) if expected else None
        return one.of(one.provider.find("req-1"), usual=usual, economical=economical)

    return make


def downloading(one: Bench) -> JobRunner:
    return one.of(None, outputs=(Output(url=f"{one.server.url}/a.png"),))


NO_DELAY = "rate limit delays by 0.0 s"


@pytest.mark.parametrize(
    ("make", "scripts", "reason"),
    [
        (polling(60, 30), [says("PROCESSING")],
         "processing for 30.0 s of 60.0 s expected; economical: False; rate limit delays by 0.0 s"),
        (polling(elapsed=2, economical=True), [says("PROCESSING")],
         f"processing for 2.0 s of an unknown time expected; economical: True; {NO_DELAY}"),
        (polling(60, 30), [says("QUEUED")],
         "queued for 30.0 s of 60.0 s expected; economical: False; rate limit delays by 0.0 s"),
        (polling(), [answer(429, b"", {"Retry-After": "7"})], "the service replied with 429"),
        (polling(), [reset(read=False)], "try 1 failed"),
        (polling(), [reset(read=False), answer(200, b"{")], "try 2 failed"),
        (downloading, [answer(200, picture(), cut=5)], "download 1 failed"),
        (Bench.runner, [reset(read=True), history()], "the next page of the history"),
    ],
)  # fmt: skip
def test_the_reason_for_a_pause_is_logged(
    bench: Make,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    make: Callable[[Bench], JobRunner],
    scripts: list[Script],
    reason: str,
) -> None:
    clock = time.monotonic()
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock))  # exact ages
    one = bench(*scripts)
    runner = make(one)
    with caplog.at_level(logging.DEBUG, module.__name__):
        pauses = [runner.step() for _ in scripts]
    lines = [record.getMessage() for record in caplog.records if record.name == module.__name__]
    assert pauses[-1], "there is a pause"
    assert lines[-1] == f"{one.job.id!r} waits {pauses[-1]:.1f} s: {reason}"
    assert KEY not in caplog.text


def test_time_counts_from_the_submit_and_not_from_the_waiting_for_it(
    bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = bench(says("QUEUED"), says("COMPLETED"), says("COMPLETED", output="a text"))
    runner = one.runner(watch_limit=100.0)
    real = time.monotonic
    for clock in (module, jobs):  # an hour in the line
        fake = SimpleNamespace(monotonic=lambda: real() + 3600)
        monkeypatch.setattr(clock, "time", fake)
    runner.tick()
    assert one.job.elapsed == 0
    finish(runner)
    assert one.job.error is None
    assert 0 < one.row["seconds"] < 60
    assert one.job.elapsed < 60


def test_a_resumed_job_is_paced_by_its_age(bench: Make) -> None:
    one = bench(says("PROCESSING"))
    one.job = Job(id="req-1", model="m", elapsed=58.0)
    wait = one.of(one.provider.find("req-1"), usual=UsualTime(60.0)).step()
    assert wait is not None
    assert wait < 5  # it is due about now


TIMES = {"total_time": 12.5, "inference_time": 11.0, "queue_time": 1.5}


@pytest.mark.parametrize(
    ("metrics", "learned"),
    [(TIMES, 12.5), ({"inference_time": 11.0}, 11.0), ({"total_time": "?"}, 30.0), ({}, 30.0)],
)
def test_the_time_at_the_service_is_learned_and_not_the_moment_it_was_noticed(
    bench: Make, monkeypatch: pytest.MonkeyPatch, metrics: dict[str, Any], learned: float
) -> None:
    """Without the service's own time, it is the middle of the last two polls."""
    clock = [time.monotonic()]
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    done = says("COMPLETED", output="a text", metrics=metrics)
    one = bench(says("QUEUED"), says("PROCESSING"), says("COMPLETED"), done)
    runner = one.runner()
    for seconds in (0.0, 20.0, 20.0, 0.0):
        clock[0] += seconds
        runner.step()
    clock[0] += 60  # the download
    finish(runner)
    assert one.row["run_seconds"] == pytest.approx(learned, abs=0.1)
    assert one.row["seconds"] == pytest.approx(100, abs=0.1)


# files


def test_a_broken_download_is_tried_again_and_what_is_there_stays(bench: Make) -> None:
    good = answer(200, picture(), {"Content-Type": "image/png"})
    one = bench(good, answer(200, picture(), cut=5), good)
    urls = [f"{one.server.url}/a.png", f"{one.server.url}/b.png"]
    runner = one.of(None, outputs=tuple(Output(url=url, name=url[-5]) for url in urls))
    wait = runner.step()
    assert wait is not None
    assert wait >= 1
    assert runner.step() is None
    assert one.paths() == ["GET /a.png", "GET /b.png", "GET /b.png"]
    assert [asset.name for asset in one.job.outputs] == ["a", "b"]
    assert len({asset.path for asset in one.job.outputs}) == 2
    assert not any("x-api-key" in request.headers for request in one.server.received)


@pytest.mark.parametrize(("script", "tries"), [(answer(404, b""), 1), (answer(500, b""), 5)])
def test_files_that_do_not_come_leave_the_row_resumable(
    bench: Make, script: Script, tries: int
) -> None:
    one = bench(*[script] * tries, history())
    output = Output(url=f"{one.server.url}/a.png", media_type="image/png")
    one.store.update(one.key, status="downloading", outputs=[{"url": output.url}])
    finish(one.of(None, outputs=(output,)))
    assert one.paths()[:tries] == ["GET /a.png"] * tries
    assert all(HISTORY in path for path in one.paths()[tries:])
    assert isinstance(one.job.error, errors.DownloadError)
    assert one.row["status"] == "downloading"
    assert [found.url for found in outputs_from_row(one.row)] == [output.url]


def test_a_file_that_is_gone_is_found_under_its_new_address(bench: Make) -> None:
    with wire(answer(200, picture())) as files:
        fresh = [past("req-1", url=f"{files.url}/{name}.png", minutes=2) for name in "ab"]
        good = answer(200, picture())
        one = bench(good, answer(410, b""), history(*fresh), history())
        urls = [f"{one.server.url}/{name}.png" for name in "ab"]
        noted = tuple(Output(url=url) for url in urls)
        one.store.update(one.key, id="req-1", status="downloading", outputs=[{"url": urls[0]}])
        finish(one.of(None, outputs=noted))
        assert [request.path for request in files.received] == ["/b.png"], "what was there stays"
    assert one.job.status is Status.COMPLETED
    assert [asset.path.is_file() for asset in one.job.outputs] == [True, True]


def test_a_folder_that_cannot_be_written_leaves_the_result_in_memory(
    bench: Make, tmp_path: Path
) -> None:
    one = bench(answer(200, picture(), {"Content-Type": "image/png"}))
    (one.store.home / "results").write_text("no folder")
    url = f"{one.server.url}/a.png"
    one.store.update(one.key, status="downloading", outputs=[{"url": url}])
    finish(one.of(None, outputs=(Output(url=url),)))
    assert (one.job.status, one.job.error) == (Status.COMPLETED, None)
    assert one.job.image.size == (4, 4)
    assert one.job.outputs[0].path is None
    assert "cannot be created" in one.job.note
    assert one.job.note in one.job.line
    assert one.job.save(tmp_path)[0].read_bytes().endswith(picture()[33:])
    assert one.row["status"] == "downloading", "another kernel can still bring it to disk"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full device")
@pytest.mark.parametrize("api", ["v1", "v2"])
def test_a_full_disk_leaves_the_result_in_memory(
    bench: Make, api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """/dev/full takes nothing, with the error of a full disk."""
    monkeypatch.setattr("segmind_widgets.file_modes.uuid.uuid4", lambda: uuid.UUID(int=7))
    good = answer(200, picture(), {"Content-Type": "image/png"})
    one = bench(good)
    path = one.store.new_file("m", one.key, 0, ".png")
    part = path.with_name(f"{7:032x}.part") if api == "v1" else path.with_suffix(".0.part")
    part.symlink_to("/dev/full")
    url = f"{one.server.url}/a.png"
    finish(one.runner("v1") if api == "v1" else one.of(None, outputs=(Output(url=url),)))
    assert one.job.outputs[0].content.endswith(picture()[33:])
    assert "No space left on device" in one.job.note
    assert one.row["status"] != "completed"
    assert not list(one.store.results.rglob("*.png"))
    assert not part.is_symlink(), "what was begun makes room"


def test_bytes_that_the_disk_did_not_take_can_be_found_again(bench: Make) -> None:
    with wire(answer(200, picture())) as files:
        there = past("r-1", url=f"{files.url}/a.png")
        png = {"Content-Type": "image/png", "X-Request-Id": "r-1"}
        one = bench(answer(200, picture(), png), history(there), history())
        one.store.results.write_text("no folder")
        finish(one.runner("v1"))
        assert one.job.outputs[0].content.endswith(picture()[33:])
        one.store.results.unlink()
        one.job = Job(id="r-1", model="m")
        finish(one.of(None, lost=errors.SubmitUnknown("lost")))
    assert one.row["status"] == "completed"
    assert [asset.path.read_bytes()[:4] for asset in assets_from_row(one.row)] == [picture()[:4]]


def test_the_suffix_comes_from_the_content_then_from_the_name(bench: Make) -> None:
    one = bench(answer(200, b"RIFF\0\0\0\0WAVE"), answer(200, b"v 0 0 0"), answer(200, b"?"))
    urls = [f"{one.server.url}/{name}" for name in ("a.bin", "b.obj?x=1", "c")]
    finish(one.of(None, outputs=tuple(Output(url=url) for url in urls)))
    assert [asset.path.suffix for asset in one.job.outputs] == [".wav", ".obj", ".bin"]


# rows


def test_a_finished_row_comes_back_with_its_files(bench: Make) -> None:
    one = bench(answer(200, picture(), {"content-type": "image/png"}))
    finish(one.runner("v1"))
    traits = traits_from_row(one.row, watching=False)
    again = Job(**traits)
    assert again.status is Status.COMPLETED
    assert again.image.size == (4, 4)
    assert "note" not in traits
    one.job.outputs[0].path.unlink()
    gone = traits_from_row(one.row, watching=False)
    assert gone["outputs"] == ()
    assert f"--resume {gone['id']} fetches them" in gone["note"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [("failed", errors.JobFailed), ("cancelled", errors.JobCancelled),
     ("unknown", errors.SubmitUnknown), ("queued", errors.StillRunning)],
)  # fmt: skip
def test_what_went_wrong_comes_back(bench: Make, status: str, kind: type[Exception]) -> None:
    one = bench(answer())
    one.store.update(one.key, status=status, error="it broke")
    assert type(traits_from_row(one.row, watching=False)["error"]) is kind
    assert "error" not in traits_from_row(one.row, watching=True) or status != "queued"


def test_the_module_does_not_sleep() -> None:
    assert not {"sleep"} & set(vars(module))
    assert module.time is time


def test_a_file_is_flushed_to_the_disk_before_the_journal_says_that_it_is_there(
    bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, str]] = []
    flush = os.fsync

    def noted(file: int) -> None:
        seen.append((os.fstat(file).st_size, one.row["status"]))
        flush(file)

    with wire(answer(200, picture())) as files:
        one = bench(says("QUEUED"), says("COMPLETED"), says("COMPLETED", output=f"{files.url}/a"))
        monkeypatch.setattr(os, "fsync", noted)
        finish(one.runner())
    [asset] = one.job.outputs
    assert seen == [(asset.size, "downloading")]
    assert read(asset).model == "m", "with its recipe in it"


def test_a_file_that_cannot_have_its_name_is_kept_in_memory(
    bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> None:
        raise OSError(5, "Input/output error")

    with wire(*[answer(200, picture())] * 2) as files:
        one = bench(says("QUEUED"), says("COMPLETED"), says("COMPLETED", output=f"{files.url}/a"))
        monkeypatch.setattr(Path, "replace", refused)
        finish(one.runner())
    assert one.job.status is Status.COMPLETED
    assert "in memory" in one.job.note
    assert one.job.image.size == (4, 4)
    assert one.row["status"] == "downloading"


def test_how_long_a_resumed_job_took_is_not_made_up(bench: Make) -> None:
    """It would be taken for what the model usually takes."""
    with wire(answer(200, picture())) as files:
        one = bench(says("COMPLETED"), says("COMPLETED", output=f"{files.url}/a"))
        finish(one.of(one.provider.find("req-1")))
    assert one.job.status is Status.COMPLETED
    assert one.row["seconds"] is one.row["run_seconds"] is None
    assert one.job.elapsed == 0.0
    assert "s" not in one.job.caption.split(" · ")[1].split()
