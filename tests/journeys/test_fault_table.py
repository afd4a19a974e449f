"""Every row of `fault_table.py`, over real sockets: the end, the bill, the files, the key."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

from segmind_widgets.assets.asset import Asset
from segmind_widgets.errors import SegmindError
from segmind_widgets.jobs import run_state as watch_module
from segmind_widgets.jobs.job import Job
from segmind_widgets.jobs.runner import JobRunner
from segmind_widgets.network import rate_limit, retry
from segmind_widgets.network import transport as transport_module
from segmind_widgets.network.endpoints import Endpoint
from segmind_widgets.network.retry import send_with_retries
from segmind_widgets.network.socket_facts import CountingAdapter
from segmind_widgets.network.transport import Transport
from segmind_widgets.network.uploads import Uploads
from segmind_widgets.providers import PROVIDERS, Provider
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.secret import Secret
from segmind_widgets.storage.records import call_from_row, outputs_from_row
from segmind_widgets.storage.store import Store
from segmind_widgets.types import Call, Reply, RunRequest, Status
from tests.gateways import (
    AUTHORITY,
    LOGIN_PAGE,
    OTHER_AUTHORITY,
    broken_handshake,
    relay,
    secure,
    tunnel,
)
from tests.journeys.fault_table import FAULTS, GROUPS, Case, cases, document
from tests.waits import until
from tests.wire import Script, answer, refused, reset, wire

WATCH_LIMIT = 600.0  # seconds
PATIENCE = 0.015  # seconds: the time-out of what is not going to answer
CASES = list(cases())
REQUESTS = {  # operation → the requests that the fault befalls
    "v1 run": r"POST /v1/[^/]+",
    "v2 submit": r"POST /v2/[^/]+",
    "v2 status": r"GET /v2/requests/[^/]+/status",
    "v2 result": r"GET /v2/requests/[^/]+",
    "workflow submit": r"POST /workflows/[^/]+",
    "workflow poll": r"GET /workflows/request/[^/]+",
    "APIMart submit": r"POST /v1/images/generations",
    "APIMart task": r"GET /v1/tasks/[^/]+",
    "download": r"GET /outputs/.+",
    "upload to Segmind": r"POST /upload-asset",
    "upload to APIMart": r"POST /v1/uploads/images",
    "credits of Segmind": r"GET /v1/get-user-credits",
    "credits of APIMart": r"GET /v1/balance",
}
KINDS: dict[str, tuple[str | int, dict[str, Any]]] = {  # fault → the sandbox's, and its options
    "reset": ("reset_after", {}),
    "silence": ("silence", {}),
    "cut": ("cut", {}),
    "half": ("bad_json", {}),
    "html": ("html_502", {}),
    "429-wait": (429, {"headers": {"Retry-After": "7"}}),
    "429": (429, {}),
    "500": (500, {}),
    "503": (503, {}),
    "504": (504, {}),
    "504-late": ("late_504", {}),
    "slow": ("slow_drip", {"seconds": 0.02}),
    "endless": ("endless", {"seconds": 0.005}),
    "type": ("wrong_type", {}),
    "redirect": ("redirect", {}),
}


def picture(color: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), color).save(out, "PNG")
    return out.getvalue()


GIVEN, MADE, ELSEWHERE = picture("red"), picture("green"), picture("blue")


class Clock:
    """The time, and what would have been waited. It stands in the place of the module `time`."""

    def __init__(self) -> None:
        self.waited = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.waited

    def sleep(self, seconds: float | None) -> None:
        self.waited += seconds or 0.0


@dataclass(frozen=True)
class Way:
    """Where a request goes in the place of its own address; "" for its own."""

    to: str = ""
    proxy: str = ""
    authority: str = AUTHORITY


class Detour(CountingAdapter):
    """Sends the requests that fit another way: to an address that hangs up, or through a proxy."""

    def __init__(self, fits: re.Pattern[str], way: Way, times: int | None) -> None:
        super().__init__(4)
        self._fits, self._way, self._times = fits, way, times

    def send(self, request: Any, **options: Any) -> Any:  # type: ignore[override]
        url = urlsplit(request.url)
        if self._times != 0 and self._fits.fullmatch(f"{request.method} {url.path}"):
            self._times = None if self._times is None else self._times - 1
            proxy = self._way.proxy
            options |= {"verify": self._way.authority, "proxies": {"http": proxy, "https": proxy}}
            if self._way.to:
                request.headers["Host"] = url.netloc
                request.url = self._way.to + url.path
        return super().send(request, **options)


class Counting(Transport):
    """Notes what is sent, and does not wait long for what will not come."""

    def __init__(self, case: Case, provider: Provider, key: str) -> None:
        super().__init__(provider, lambda: Secret(key))
        self.fits = re.compile(REQUESTS[case.operation])
        self.sent: list[str] = []
        waiting = case.fault in ("silence", "endless")
        self._mute = (None if case.always else 1) if waiting else 0

    def detour(self, way: Way, times: int | None) -> None:
        for shared in (self._session, self._files):
            with shared.use() as session:
                session.mount("http://", Detour(self.fits, way, times))

    @property
    def times(self) -> int:
        return sum(self.fits.fullmatch(line) is not None for line in self.sent)

    def send(self, call: Call) -> Reply:
        patience = self._noted(call.method, call.url) or call.timeout
        return super().send(Call(**{**vars(call), "timeout": patience}))

    def download(self, url: str, *args: Any, **options: Any) -> str | None:
        patience = self._noted("GET", url) or transport_module.DOWNLOAD_TIMEOUT
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(transport_module, "DOWNLOAD_TIMEOUT", patience)
            return super().download(url, *args, **options)

    def _noted(self, method: str, url: str) -> float | None:
        self.sent.append(f"{method} {urlsplit(url).path}")
        if not self.fits.fullmatch(self.sent[-1]):
            return None
        silent = self._mute is None or self.times <= self._mute
        return PATIENCE if silent else None


class Ground:
    """What all cases share: the services, another host, a journal, a clock."""

    def __init__(self, sandbox: Sandbox, other: Any, ways: dict[str, Way], store: Store) -> None:
        self.sandbox, self.other, self.store = sandbox, other, store
        self.clock = Clock()
        self._ways = ways

    def fail(self, case: Case, transport: Counting) -> None:
        times = None if case.always else 1
        if case.fault in self._ways:
            transport.detour(self._ways[case.fault], times)
            return
        kind, options = KINDS[case.fault]
        if case.fault == "redirect":
            options = {"location": f"{self.other.url}/elsewhere"}
        self.sandbox.faults.add(REQUESTS[case.operation], kind, times=times, **options)

    def mend(self, transport: Counting) -> None:
        self.sandbox.faults.clear()
        transport.detour(Way(), 0)

    def spent(self) -> float:
        """USD of the jobs that have ended."""
        return sum(account.used for account in self.sandbox._accounts.values())


def ways(stack: ExitStack) -> dict[str, Way]:
    """The faults of connections, proxies and TLS."""

    def serve(script: Script, scheme: str = "http", host: str = "127.0.0.1") -> str:
        port = stack.enter_context(wire(script)).url.rpartition(":")[2]
        return f"{scheme}://{host}:{port}"

    def tls(script: Script) -> str:
        return serve(script, "https", "localhost")

    service, lost = tls(secure(relay())), tls(secure(relay(lose=True)))
    login_page = answer(407, LOGIN_PAGE, {"Content-Type": "text/html"})
    return {
        "refused": Way(refused()),
        "unread": Way(serve(reset(read=False))),
        "no-proxy": Way(proxy=refused()),
        "login": Way(service, serve(tunnel(login="me:password"))),
        "no-tunnel": Way(service, serve(tunnel(status=403))),
        "plain-407": Way(proxy=serve(login_page)),
        "forwarded": Way(proxy=serve(relay(lose=True))),
        "tunnelled": Way(lost, serve(tunnel())),
        "untrusted": Way(service, authority=OTHER_AUTHORITY),
        "handshake": Way(tls(broken_handshake)),
        "after-tls": Way(tls(secure(reset(read=False)))),
    }


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    def draw(*_: Any) -> Sequence[tuple[bytes, str]]:
        return [(MADE, "image/png")]

    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(speed=1e6, credits=1e6, artist=draw))
        kind = {"Content-Type": "image/png"}
        other = stack.enter_context(wire(answer(200, ELSEWHERE, kind)))
        store = Store(tmp_path_factory.mktemp("faults"))
        stack.callback(store.close)
        yield Ground(sandbox, other, ways(stack), store)


@pytest.fixture
def clock(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Nobody sleeps; all see how long it would have been."""
    clock = ground.clock

    for module in (watch_module, rate_limit, retry):
        monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(retry, "pause", clock.sleep)
    return clock


class Trial:
    """One case as it is carried out."""

    def __init__(self, case: Case, ground: Ground) -> None:
        self.case, self.ground = case, ground
        name = "apimart" if "APIMart" in case.operation else "segmind"
        environ = ground.sandbox.environ
        self.key = environ[f"{name.upper()}_API_KEY"]
        self.provider = PROVIDERS[name]({k: v for k, v in environ.items() if k.endswith("_URL")})
        self.transport = Counting(case, self.provider, self.key)
        self.before = len(ground.sandbox.log)
        self.elsewhere = len(ground.other.received)
        self.began = ground.clock.waited
        self.spent = ground.spent()
        self.error: SegmindError | None = None

    @property
    def records(self) -> list[Any]:
        return self.ground.sandbox.log.requests()[self.before :]

    @property
    def accepted(self) -> int:
        return sum(record.billed for record in self.records)

    # jobs

    def request(self) -> RunRequest:
        operation, prompt = self.case.operation, {"prompt": self.case.name}
        if operation.startswith("workflow"):
            return RunRequest("65c9c7f641c340d7ef2f7134-v1", {}, "workflow")
        if operation.startswith("APIMart"):
            return RunRequest("gemini-3-pro-image-preview", prompt)
        if operation == "v1 run":
            text = self.case.fault == "half"  # only what is told in words comes as JSON
            return RunRequest("gpt-4o" if text else "fast-flux-schnell", prompt, api="v1")
        return RunRequest("fast-flux-schnell", prompt)

    def start(self) -> tuple[str, JobRunner]:
        request = self.request()
        key = self.ground.store.add(
            provider=self.provider.name,
            place="here",
            sandbox=False,
            kind=request.kind,
            target=request.target,
            inputs=dict(request.inputs),
            status=str(Status.SUBMITTING),
        )
        return key, self.runner(key, self.provider.submit(request))

    def runner(self, key: str, call: Call | None, outputs: Any = ()) -> JobRunner:
        job = Job(id=key, model=self.request().target)
        store = self.ground.store
        options: dict[str, Any] = {"outputs": outputs, "watch_limit": WATCH_LIMIT}
        return JobRunner(job, self.provider, self.transport, store, key, call, **options)

    def resumed(self, key: str) -> JobRunner | None:
        """What another kernel would go on with, from the row alone."""
        row = self.ground.store.job(key)
        call, outputs = call_from_row(row), outputs_from_row(row)
        if Status(row["status"]).final or not (call or outputs):
            return None
        return self.runner(key, call, outputs)

    def finish(self, runner: JobRunner) -> Job:
        """All steps, at once; the service has done its work before the first poll."""
        for _ in range(60):
            wait = runner.step()
            if wait is None:
                return runner.job
            self.ground.clock.sleep(wait)
            refused = self.case.fault == "503" and not self.accepted  # it is being looked up
            if self.case.accepted and not runner.is_submit and not refused:
                until(lambda: self.ground.spent() > self.spent)
        raise AssertionError("it does not end")

    # what is no job

    def do(self) -> None:
        try:
            if self.case.group == "ask":
                call = self.provider.credits_call()
                assert call
                reply = send_with_retries(self.transport, call)
                assert self.provider.parse_credits(reply).balance > 0
            else:
                endpoint = Endpoint(self.provider, self.transport, False)
                asset = Asset(data=GIVEN)
                [sent] = Uploads(self.ground.store).upload(endpoint, [asset], force=True)
                assert sent.url.startswith(self.ground.sandbox.url("files"))
        except SegmindError as error:
            self.error = error


@pytest.fixture
def trial(request: pytest.FixtureRequest, ground: Ground, clock: Clock) -> Iterator[Trial]:
    found = Trial(request.param, ground)
    ground.fail(found.case, found.transport)
    yield found
    ground.mend(found.transport)
    found.transport.close()


def given(*groups: str) -> Any:
    wanted = [case for case in CASES if case.group in groups]
    return pytest.mark.parametrize("trial", wanted, ids=lambda case: case.name, indirect=True)


@given("model", "submit", "keyed", "poll", "download")
def test_a_job(trial: Trial, ground: Ground) -> None:
    case = trial.case
    key, runner = trial.start()
    job = trial.finish(runner)
    until(lambda: trial.accepted >= case.accepted)
    assert (_end(job, trial.resumed(key)), _name(job.error)) == (case.end, case.error)
    assert (trial.transport.times, trial.accepted) == (case.sent, case.accepted)
    _waited_as_told(trial)
    looked = any("request-history" in line for line in trial.transport.sent)
    assert not (looked and case.fault in ("slow", "type")), "a whole answer is enough"
    posts = _posts(trial)
    ground.mend(trial.transport)
    if case.end == "running":
        again = trial.resumed(key)
        assert again is not None
        job = trial.finish(again)
        assert (job.status, job.error) == (Status.COMPLETED, None)
    if case.end in ("completed", "running"):
        _all_there(job, ground.store.job(key), case)
    assert _posts(trial) == posts, "going on never submits"
    assert trial.accepted == case.accepted
    _key_kept(trial, job.error)


@given("upload", "ask")
def test_what_is_no_job(trial: Trial, ground: Ground) -> None:
    case = trial.case
    trial.do()
    assert ("error" if trial.error else "done", _name(trial.error)) == (case.end, case.error)
    assert (trial.transport.times, trial.accepted) == (case.sent, case.accepted)
    _waited_as_told(trial)
    _key_kept(trial, trial.error)
    ground.mend(trial.transport)
    trial.error = None
    trial.do()
    assert trial.error is None, "the next attempt finds everything as it was"


def _end(job: Job, resumable: JobRunner | None) -> str:
    """The end in the table's word. What is not over must be resumable, what is over must not."""
    if job.status.final:
        assert resumable is None
        return str(job.status)
    assert resumable is not None
    return "running"


def _name(error: object) -> str:
    return "-" if error is None else type(error).__name__


def _all_there(job: Job, row: dict[str, Any], case: Case) -> None:
    """The output is on disk, whole, and the journal knows where."""
    assert row["status"] == str(Status.COMPLETED)
    (kept,) = row["outputs"]
    (asset,) = job.outputs
    assert Path(kept["path"]) == asset.path
    if (case.operation, case.fault) == ("v1 run", "half"):
        assert asset.text.startswith("This is the sandbox"), "the whole answer, of the history"
        return
    strange = (case.operation, case.fault) == ("download", "redirect")
    with (
        Image.open(asset.path) as found,
        Image.open(io.BytesIO(ELSEWHERE if strange else MADE)) as sent,
    ):
        assert (found.size, found.convert("RGB").tobytes()) == (sent.size, sent.tobytes())


def _posts(trial: Trial) -> int:
    return sum(line.startswith("POST ") for line in trial.transport.sent)


def _waited_as_told(trial: Trial) -> None:
    repeats = trial.transport.times - 1
    least = {"429-wait": 7.0, "429": 2.0}.get(trial.case.fault, 1.0)
    assert trial.ground.clock.waited - trial.began >= least * repeats


def _key_kept(trial: Trial, error: SegmindError | None) -> None:
    """Not in an error, not at the files' origin, not at the other host."""
    assert trial.key not in repr([str(error), repr(error), vars(error) if error else ""])
    assert not [r for r in trial.records if r.service == "files" and r.key_seen]
    strays = trial.ground.other.received[trial.elsewhere :]
    assert not strays or trial.case.operation == "download"
    assert trial.key not in repr(strays)


# the table itself


def test_every_fault_meets_every_operation() -> None:
    met = {(case.operation, case.fault, case.always) for case in CASES}
    operations = [name for group in GROUPS.values() for name in group.operations]
    wanted = {(name, fault, always) for name in operations for fault in FAULTS for always in (0, 1)}
    assert len(met) == len(CASES)
    left = {("download", "half")}
    assert {(name, fault) for name, fault, _ in wanted - met} == left
    assert set(REQUESTS) == set(operations)


def test_no_row_is_billed_twice_and_only_what_is_safe_is_sent_again() -> None:
    assert {case.accepted for case in CASES} <= {0, 1}
    repeated = {
        case.fault
        for case in CASES
        if case.group in ("model", "submit", "upload") and case.sent > 1
    }
    unsent = {"refused", "no-proxy", "login", "no-tunnel", "untrusted", "handshake"}
    assert repeated == unsent | {"429", "429-wait", "html", "503"}
    assert all(case.accepted == 0 for case in CASES if case.end in ("failed", "error"))


def test_the_documentation_is_current() -> None:
    page = Path(__file__).parents[2] / "docs" / "faults.md"
    assert page.read_text(encoding="utf-8") == document(), (
        "run: python tests/journeys/fault_table.py > docs/faults.md"
    )
