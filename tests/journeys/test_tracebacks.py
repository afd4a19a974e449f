"""No traceback shows the key, whatever is interrupted or fails; Stop is one line."""

from __future__ import annotations

import _thread
import io
import pickle
import random
import re
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
import requests
from IPython.core.debugger import Pdb

from segmind_widgets.client import SegmindClient
from segmind_widgets.network.transport import Transport
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.secret import Secret, without_frames
from segmind_widgets.stopping import Stopped
from segmind_widgets.types import Call
from tests.interrupts import Interrupter, caught, interrupted
from tests.shells import Shell, environment, open_shell, picture, set_environment
from tests.wire import Script, drip, reset, wire

MODES = ("Plain", "Context", "Verbose", "Minimal")
LIBRARIES = re.compile(r"(requests|urllib3|http)[/\\]\w+\.py")
MOMENTS = 6  # of each call
PICTURE = picture()
TYPED = Secret("-".join(("SG_typed", "0123456789abcdef")))  # in pieces: source is shown, too


def transport(client: SegmindClient) -> Transport:
    return client.session.endpoints.at("segmind", sandbox=False).transport


def get(client: SegmindClient) -> Call:
    call = client.session.endpoints.at("segmind", sandbox=False).provider.credits_call()
    assert call
    return call


OF_TRANSPORT: dict[str, Callable[[SegmindClient], Any]] = {
    "send": lambda client: transport(client).send(get(client)),
    "download": lambda client: transport(client).download(get(client).url, io.BytesIO()),
    "page": lambda client: transport(client).page(get(client).url),
    "account_name": lambda client: transport(client).account_name(),
    "keys": lambda client: client.session.keys.remember("apimart", TYPED),
    "check_key": lambda client: client.session.check_key("segmind", TYPED),
}
OF_CLIENT: dict[str, Callable[[SegmindClient], Any]] = {
    "credits": lambda client: client.credits(),
    "upload": lambda client: client.upload(PICTURE, force=True),
    "models": lambda client: client.models("flux"),
    "submit": lambda client: client.submit("flux-dev", {"prompt": "a fox"}),
    "plan": lambda client: client.plan("flux-dev", {"prompt": "a fox"}),
    "read": lambda client: client.read("curl https://api.segmind.com/v1/flux-dev -d '{}'"),
}


@pytest.fixture
def shell(sandbox: Sandbox, tmp_path: Path) -> Iterator[Shell]:
    with open_shell(tmp_path, sandbox) as opened:
        yield opened


def shown(shell: Shell, error: BaseException) -> str:
    """All that IPython shows of an error, in each mode and in its debugger."""
    assert error.__traceback__
    texts = ["".join(traceback.format_exception(error))]
    for mode in MODES:
        shell.ip.InteractiveTB.set_mode(mode)
        parts = (type(error), error, error.__traceback__)
        texts += shell.ip.InteractiveTB.structured_traceback(*parts)
    return "\n".join([*texts, debugged(error.__traceback__), repr(error), repr(vars(error))])


def debugged(tb: TracebackType) -> str:
    """What `%debug` prints: the variables of every frame."""
    depth = len(list(traceback.walk_tb(tb)))
    commands = "p vars()\nwhere\nup\n" * depth + "quit\n"
    out = io.StringIO()
    debugger = Pdb(stdin=io.StringIO(commands), stdout=out)
    debugger.use_rawinput = False
    debugger.reset()
    debugger.interaction(None, tb)
    return out.getvalue()


def leaks(text: str, sandbox: Sandbox) -> list[str]:
    keys = [sandbox.environ["SEGMIND_API_KEY"], sandbox.environ["APIMART_API_KEY"], TYPED.reveal()]
    return [*(key for key in keys if key in text), *LIBRARIES.findall(text)]


def earlier(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@pytest.mark.no_cover  # its trace function replaces that of coverage
@pytest.mark.parametrize("name", [*OF_TRANSPORT, *OF_CLIENT])
def test_an_interrupt_at_any_line_shows_no_key(shell: Shell, sandbox: Sandbox, name: str) -> None:
    call = {**OF_TRANSPORT, **OF_CLIENT}[name]
    client = shell.client
    caught(lambda: call(client), nullcontext())  # imports and connections
    counter = Interrupter()
    caught(lambda: call(client), counter)
    lines = random.Random(name).sample(range(1, counter.count + 1), min(MOMENTS, counter.count))
    errors = [interrupted(lambda: call(client), line) for line in lines]
    raised = [error for error in errors if error is not None]
    assert any(isinstance(error, KeyboardInterrupt) for error in raised)
    for error in raised:
        assert name in OF_TRANSPORT or isinstance(error, Stopped)
        assert leaks(shown(shell, error), sandbox) == []
        assert list(earlier(error)) == [error]


def slow_send(connection: Any, server: Any) -> None:
    """Read nothing: the request stays in the sender's buffers."""
    connection.recv(64)
    server.over.wait(20)


def slow_reply(connection: Any, server: Any) -> None:
    """Read the request, and send one byte of the reply after the other."""
    drip(b"x" * 10_000, 0.01)(connection, server)


@pytest.mark.skipif(sys.platform == "win32", reason="no signal interrupts a socket there")
@pytest.mark.parametrize("script", [slow_send, slow_reply])
@pytest.mark.parametrize("name", ["send", "credits", "upload"])
def test_a_signal_in_a_slow_exchange_shows_no_key(
    shell: Shell, sandbox: Sandbox, name: str, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = {**OF_TRANSPORT, **OF_CLIENT}
    calls["upload"] = lambda client: client.upload(b"\x89PNG\r\n\x1a\n" + bytes(8 << 20))
    with wire(script, keep=False) as server:
        for variable in [name for name in sandbox.environ if name.endswith("_URL")]:
            monkeypatch.setenv(variable, server.url)
        main = threading.main_thread().ident
        assert main
        delay = random.Random(f"{name}{script.__name__}").uniform(0.1, 0.3)
        timer = threading.Timer(delay, signal.pthread_kill, (main, signal.SIGINT))
        timer.start()
        error = caught(lambda: calls[name](shell.client), nullcontext())
        timer.join()
    assert isinstance(error, KeyboardInterrupt)
    assert leaks(shown(shell, error), sandbox) == []


@pytest.mark.parametrize("script", [reset(read=True), reset(read=False)])
def test_a_broken_exchange_shows_no_frame_of_a_library(
    shell: Shell, sandbox: Sandbox, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    with wire(script) as server:
        for variable in [name for name in sandbox.environ if name.endswith("_URL")]:
            monkeypatch.setenv(variable, server.url)
        for name in ("send", "download", "page"):
            call = OF_TRANSPORT[name]
            error = caught(lambda call=call: call(shell.client), nullcontext())
            assert error is not None
            assert leaks(shown(shell, error), sandbox) == []
            assert list(earlier(error)) == [error]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("cell", ["%segmind_status", "client.credits()", "client.upload(data)"])
def test_stop_is_one_line(
    sandbox: Sandbox, tmp_path: Path, cell: str, mode: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.faults.add(".*", "silence", times=None, seconds=20)
    with set_environment(environment(tmp_path, sandbox)), open_shell(tmp_path, sandbox) as shell:
        shell.names.update(client=shell.client, data=picture())
        shell.run(f"%xmode {mode}")
        capsys.readouterr()

        def stop() -> None:
            if sandbox.wait_for(lambda log: log.requests()):
                _thread.interrupt_main() if sys.platform == "win32" else signal.pthread_kill(
                    threading.main_thread().ident or 0, signal.SIGINT
                )

        thread = threading.Thread(target=stop)
        thread.start()
        result = shell.ip.run_cell(cell)
        thread.join()
    sandbox.faults.clear()
    assert isinstance(result.error_in_exec, KeyboardInterrupt)
    out = capsys.readouterr().out.strip()
    assert out == f"{Stopped()} %segmind_jobs shows them."
    assert "\n" not in out


def test_a_key_shows_itself_nowhere() -> None:
    text = TYPED.reveal()
    key = Secret(f" {text}\n")
    assert key.reveal() == text
    assert text not in f"{key} {key!r} {key.reveal!r} {[key]}"
    assert (key.masked, Secret("short").masked) == ("…def", "…")
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(key)


def test_the_cause_stays_and_the_frames_and_the_libraries_errors_go() -> None:
    @without_frames
    def fail(cause: Exception) -> None:
        try:
            raise cause
        except type(cause) as error:
            raise ValueError("above") from error

    for cause, is_kept in ((OSError("below"), True), (requests.ConnectionError("below"), False)):
        error = caught(partial(fail, cause), nullcontext())
        assert error
        assert (error.__cause__ is cause) == is_kept
        assert error.__context__ is None
        assert not is_kept or cause.__traceback__ is None
        names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
        assert names == ["caught", "call"]
