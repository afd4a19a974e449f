"""Starting and stopping: quick, quiet, complete, and unharmed by an interrupted cell."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

import pytest
import requests

from segmind_widgets.sandbox import Sandbox, server
from segmind_widgets.sandbox.state.account import Account
from segmind_widgets.sandbox.state.jobs import Job, Jobs


def test_environ_has_what_clients_look_for():
    with Sandbox() as sandbox:
        environ = sandbox.environ
        assert requests.get(f"{environ['SEGMIND_SITE_URL']}/llms.txt", timeout=5).ok
    assert environ.keys() == {
        "SEGMIND_API_URL",
        "SEGMIND_STORAGE_URL",
        "SEGMIND_CONSOLE_URL",
        "SEGMIND_SITE_URL",
        "APIMART_API_URL",
        "SEGMIND_API_KEY",
        "APIMART_API_KEY",
    }
    assert environ["SEGMIND_API_KEY"].startswith("SG_")
    assert len(environ["SEGMIND_API_KEY"]) == 19
    assert environ["APIMART_API_KEY"].startswith("sk-sandbox")


def test_each_start_has_keys_of_its_own_and_nothing_shows_them():
    mine = Sandbox(segmind_key="SG_mine", apimart_key="k")
    with Sandbox() as one, Sandbox() as other, mine:
        for name in ("SEGMIND_API_KEY", "APIMART_API_KEY"):
            assert one.environ[name] != other.environ[name]
            assert one.environ[name] not in f"{one!r}{one._settings!r}"
        url = f"{one.url('segmind')}/v1/get-user-credits"
        wrong = {"x-api-key": other.environ["SEGMIND_API_KEY"]}
        assert requests.get(url, headers=wrong, timeout=5).status_code == 401
        right = {"x-api-key": one.environ["SEGMIND_API_KEY"]}
        assert requests.get(url, headers=right, timeout=5).ok
    assert (mine.environ["SEGMIND_API_KEY"], mine.environ["APIMART_API_KEY"]) == ("SG_mine", "k")


@pytest.mark.parametrize("service", ["segmind", "apimart", "files"])
@pytest.mark.parametrize(
    ("headers", "is_refused"),
    [
        ({"Host": "evil.example"}, True),  # DNS rebinding
        ({"Host": "127.0.0.1.evil.example"}, True),
        ({"Origin": "https://evil.example"}, True),
        ({"Origin": "null"}, True),
        ({"Origin": "http://127.0.0.1:8888"}, True),  # a notebook server's page
        ({}, False),
    ],
)
def test_a_web_page_gets_nothing(service, headers, is_refused):
    with Sandbox() as sandbox:
        url = f"{sandbox.url(service)}/v1/get-user-credits"
        key = {"x-api-key": sandbox.environ["SEGMIND_API_KEY"]}
        reply = requests.get(url, headers={**key, **headers}, timeout=5)
    assert (reply.status_code == 403) == is_refused
    assert "Access-Control-Allow-Origin" not in reply.headers


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")
def test_its_files_are_not_another_users(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = os.umask(0)
    try:
        with Sandbox(speed=500) as sandbox:
            base = sandbox.url("segmind")
            key = {"x-api-key": sandbox.environ["SEGMIND_API_KEY"]}
            data = "data:image/png;base64,iVBORw0KGgo="
            body = {"data_urls": [data]}
            assert requests.post(f"{base}/upload-asset", headers=key, json=body, timeout=5).ok
            run = f"{base}/v1/fast-flux-schnell"
            assert requests.post(run, headers=key, json={"prompt": "x"}, timeout=20).ok
            [folder] = tmp_path.glob("segmind-sandbox-*")
            files = list(folder.rglob("*"))
            assert len(files) == 2
            assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
            assert folder.stat().st_mode & 0o777 == 0o700
    finally:
        os.umask(before)
    assert not folder.exists()


def test_its_history_is_not_another_users():
    with Sandbox(speed=500) as sandbox:
        base = sandbox.url("segmind")
        key = {"x-api-key": sandbox.environ["SEGMIND_API_KEY"]}
        run = f"{base}/v1/fast-flux-schnell"
        assert requests.post(run, headers=key, json={"prompt": "x"}, timeout=20).ok
        history = f"{base}/inference-request/request-history"
        assert len(requests.get(history, headers=key, timeout=5).json()["data"]) == 1
        for headers in ({}, {"x-api-key": "SG_0123456789abcdef"}, {**key, "Host": "evil.example"}):
            reply = requests.get(history, headers=headers, timeout=5)
            assert reply.status_code in (401, 403)
            assert "data" not in reply.json()


@pytest.mark.alone
def test_starts_quickly_and_leaves_nothing():
    before = set(threading.enumerate())
    start = time.monotonic()
    sandbox = Sandbox().start()
    assert time.monotonic() - start < 0.5
    port = int(sandbox.url("files").rpartition(":")[2])
    sandbox.stop()
    sandbox.stop()
    assert set(threading.enumerate()) == before
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_three_ports_in_a_row_and_a_clear_word_when_one_is_taken():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]
        with pytest.raises(OSError, match=f"three free ports from {taken}"):
            Sandbox(port=taken).start()
    with Sandbox(port=taken) as sandbox:
        ports = [int(sandbox.url(n).rpartition(":")[2]) for n in ("segmind", "apimart", "files")]
    assert ports == [taken, taken + 1, taken + 2]


def test_two_sandboxes_do_not_take_one_port_and_a_closed_one_is_free_at_once():
    with Sandbox() as first:
        port = int(first.url("segmind").rpartition(":")[2])
        assert requests.get(f"{first.url('segmind')}/llms.txt", timeout=5).ok
        with pytest.raises(OSError, match="free ports"):
            Sandbox(port=port).start()
    with Sandbox(port=port) as second:
        assert requests.get(f"{second.url('segmind')}/llms.txt", timeout=5).ok


def test_windows_has_an_option_of_its_own_for_that(monkeypatch):
    windows = ~socket.SO_REUSEADDR
    monkeypatch.setattr(socket, "SO_EXCLUSIVEADDRUSE", windows, raising=False)
    assert server._port_option() == windows


def test_misuse_is_told():
    sandbox = Sandbox()
    assert repr(sandbox) == "Sandbox(not started, speed=10)"
    with pytest.raises(RuntimeError, match="Start the sandbox first"):
        _ = sandbox.environ
    sandbox.stop()
    with sandbox, pytest.raises(RuntimeError, match="already started"):
        sandbox.start()
    with pytest.raises(ValueError, match="speed=0 must be more"):
        Sandbox(speed=0)
    with pytest.raises(ValueError, match="apimart_form='tasks' must be one of"):
        Sandbox(apimart_form="tasks")  # type: ignore[arg-type]


INTERRUPTED = """
import signal, requests
from segmind_widgets.sandbox import Sandbox
with Sandbox() as sandbox:
    address = sandbox.url("segmind") + "/v1/get-user-credits"
    headers = {"x-api-key": sandbox.environ["SEGMIND_API_KEY"]}
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        print(requests.get(address, headers=headers, timeout=20).status_code)
"""


def run_code(code: str) -> tuple[int, str, str]:
    """Run code in a process with all warnings as errors; return its exit code and outputs."""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_interrupting_the_main_thread_does_not_harm_it():
    # in its own process: a worker of pytest-xdist has another thread as its main one
    assert run_code(INTERRUPTED) == (0, "200\n", "")


def test_nothing_is_printed_whatever_is_asked(segmind, sandbox, capfd):
    sandbox.faults.add("GET /a", "reset_before")
    with pytest.raises(requests.ConnectionError):
        segmind.get("/a")
    segmind.get("/none")
    segmind.post("/v1/uploads/images", data=b"x", headers={"Content-Type": "multipart/form-data"})
    with socket.create_connection(sandbox.url("segmind")[7:].split(":")) as raw:
        raw.sendall(b"NONSENSE\r\n\r\n")
        raw.recv(1000)
    sandbox.stop()
    assert capfd.readouterr() == ("", "")


def test_a_failure_of_its_own_is_said_in_the_reply(segmind, sandbox, capfd, monkeypatch):
    monkeypatch.setattr(type(sandbox.log), "update", lambda *_, **__: 1 / 0)
    reply = segmind.get("/v1/get-user-credits")
    assert reply.status_code == 500
    assert reply.json() == {
        "error": "The sandbox itself failed: ZeroDivisionError('division by zero')"
    }
    assert capfd.readouterr() == ("", "")


BUSY = """
import threading, requests
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.sandbox.state.account import Account
from segmind_widgets.sandbox.state.jobs import Job, Jobs
drawn = threading.Event()
def broken(*_):
    drawn.set()
    raise RuntimeError
sandbox = Sandbox(speed=1, artist=broken).start()
sandbox.faults.add("GET /v1/get-user-credits", "silence")
key, base = {"x-api-key": sandbox.environ["SEGMIND_API_KEY"]}, sandbox.url("segmind")
def call(method, path):
    try:
        requests.request(method, base + path, json={"prompt": "x"}, headers=key, timeout=20)
    except requests.ConnectionError:
        pass
calls = [
    ("POST", "/v1/seedream-4.5"),
    ("POST", "/v2/seedream-4.5"),
    ("GET", "/v1/get-user-credits"),
]
threads = [threading.Thread(target=call, args=c) for c in calls]
for thread in threads: thread.start()
sandbox.wait_for(lambda log: len(log) == 3)
assert drawn.wait(60)
requests.get(base + "/llms.txt", timeout=5)
sandbox.stop()
for thread in threads: thread.join(5)
assert not any(thread.is_alive() for thread in threads)
"""


def test_an_error_of_a_job_that_is_stopped_at_once_is_not_printed():
    told = []

    async def fail():
        raise RuntimeError("no paint")

    async def stopped_at_once():
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        jobs = Jobs(speed=1, life=1)
        job = Job("model", "m", {}, seed=1, cost=1, seconds=30)
        jobs.start(job, Account(1), fail())
        await jobs.stop()
        assert (job.status, job.done.is_set()) == ("FAILED", True)
        await asyncio.sleep(0)
        gc.collect()  # asyncio tells of forgotten errors only now

    asyncio.run(stopped_at_once())
    assert told == []


def test_stopping_in_the_midst_of_work_is_clean():
    assert run_code(BUSY) == (0, "", "")


@pytest.mark.alone
def test_the_loop_answers_while_pictures_are_drawn(start, calling):
    drawing, go_on = threading.Event(), threading.Event()

    def slow(*_):
        drawing.set()
        go_on.wait(10)
        return [(b"\x89PNG", "image/png")]

    segmind = calling(start(artist=slow))
    submitted = segmind.post("/v2/seedream-4.5", json={"prompt": "x"}).json()
    assert drawing.wait(60)
    start_time = time.monotonic()
    assert segmind.get("/v1/get-user-credits").status_code == 200
    assert time.monotonic() - start_time < 1
    assert segmind.until(submitted["status_url"], "PROCESSING").status_code == 200
    go_on.set()
    segmind.until(submitted["status_url"], "COMPLETED")
