"""`%segmind_status` on networks that are slow or silent: what is known here comes at once."""

from __future__ import annotations

import contextlib
import io
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from segmind_widgets.errors import Unauthorized
from segmind_widgets.notebook.status import PATIENCE
from tests.shells import Shell, execute, notebook, open_shell
from tests.wire import Script, Wire, answer, refused, silent, wire

KEYS = {"segmind": "SG_0123456789abcdef", "apimart": "sk-0123456789abcdef"}
BALANCES = {
    "segmind": b'{"credits": 7.5}',
    "apimart": b'{"success": true, "remain_balance": 3.25}',
}


class Service:
    """A server in the place of a sandbox."""

    def __init__(self, urls: dict[str, str]) -> None:
        names = ("SEGMIND_API_URL", "SEGMIND_STORAGE_URL", "SEGMIND_CONSOLE_URL")
        self.environ = {f"{name.upper()}_API_KEY": KEYS[name] for name in urls}
        self.environ |= dict.fromkeys(names, urls["segmind"])
        if "apimart" in urls:
            self.environ["APIMART_API_URL"] = urls["apimart"]


class Screen(io.StringIO):
    """What a terminal shows; `shown` is set once the words are there."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.shown = threading.Event()
        self._words = words

    def write(self, text: str) -> int:
        count = super().write(text)
        if self._words in self.getvalue():
            self.shown.set()
        return count


@contextlib.contextmanager
def shell_at(home: Path, **urls: str) -> Iterator[Shell]:
    with open_shell(home, Service(urls)) as shell:
        yield shell


def answer_after(event: threading.Event, body: bytes) -> Script:
    """Answer once the event is set, and never else."""

    def script(connection: socket.socket, server: Wire) -> None:
        if event.wait(20):
            answer(body=body)(connection, server)

    return script


def show(shell: Shell, screen: io.StringIO, line: str = "%segmind_status") -> Any:
    with contextlib.redirect_stdout(screen):
        return shell.run(line)


@pytest.mark.parametrize("network", ["silent", "refused"])
def test_without_a_network_all_that_is_known_here_is_shown(tmp_path: Path, network: str) -> None:
    screen = Screen("asking…")
    with wire(silent()) as server:
        url = server.url if network == "silent" else refused()
        with shell_at(tmp_path, segmind=url, apimart=url) as shell:
            start = time.monotonic()
            rows = dict(show(shell, screen))
            seconds = time.monotonic() - start
    assert rows["key"] == "…def from the environment (SEGMIND_API_KEY)"
    assert rows["credits"] == "not reachable"
    assert rows["APIMart"] == "…def from the environment (APIMART_API_KEY), not reachable"
    assert rows["this session"] == "$0.00 spent"
    assert rows["unfinished jobs"] == "none"
    assert seconds < 2 * PATIENCE
    said = screen.getvalue()
    assert said.count("SEGMIND_API_KEY") == 1, "the table is shown once"
    after = [line.split("  ") for line in said.partition("Out[1]:")[2].split("\n") if "  " in line]
    assert [[part.strip() for part in line if part] for line in after] == [
        ["credits at Segmind", "not reachable"],
        ["credits at APIMart", "not reachable"],
    ]


def test_the_table_is_there_before_the_services_answer(tmp_path: Path) -> None:
    screen = Screen("asking…")
    with (
        wire(answer_after(screen.shown, BALANCES["segmind"])) as server,
        shell_at(tmp_path, segmind=server.url) as shell,
    ):
        rows = dict(show(shell, screen))
        assert rows["credits"] == "7.50 USD"
        assert "credits at Segmind  7.50 USD" in screen.getvalue()
        again = Screen("")
        show(shell, again, "_")
        assert "7.50 USD" in again.getvalue(), "asked for by its name, it is shown"


def test_providers_are_asked_side_by_side(tmp_path: Path) -> None:
    """Each answers only when the other one was asked, too."""
    both = threading.Barrier(2)

    def together(body: bytes) -> Script:
        def script(connection: socket.socket, server: Wire) -> None:
            both.wait(20)
            answer(body=body)(connection, server)

        return script

    with (
        wire(together(BALANCES["segmind"])) as one,
        wire(together(BALANCES["apimart"])) as other,
        shell_at(tmp_path, segmind=one.url, apimart=other.url) as shell,
    ):
        rows = dict(show(shell, io.StringIO()))
    assert rows["credits"] == "7.50 USD"
    assert rows["APIMart"].endswith("(APIMART_API_KEY), 3.25 USD")


def test_a_named_provider_alone_is_asked(tmp_path: Path) -> None:
    with (
        wire(answer(body=BALANCES["segmind"])) as one,
        wire(answer(body=BALANCES["apimart"])) as other,
        shell_at(tmp_path, segmind=one.url, apimart=other.url) as shell,
    ):
        rows = dict(show(shell, io.StringIO(), "%segmind_status -p apimart"))
        assert rows["credits"] == "3.25 USD"
        assert "Segmind" not in rows
        assert one.received == []


def test_a_refused_key_of_another_provider_is_one_row(tmp_path: Path) -> None:
    refusal = answer(401, b'{"error": {"message": "invalid"}}')
    with (
        wire(answer(body=BALANCES["segmind"])) as one,
        wire(refusal) as other,
        shell_at(tmp_path, segmind=one.url, apimart=other.url) as shell,
    ):
        rows = dict(show(shell, io.StringIO()))
        assert rows["APIMart"].endswith(", the key is refused")
        with pytest.raises(Unauthorized):
            show(shell, io.StringIO(), "%segmind_status -p apimart")


def test_the_sandbox_asks_no_account_on_the_network(tmp_path: Path) -> None:
    with (
        wire(silent()) as server,
        shell_at(tmp_path, segmind=server.url, apimart=server.url) as shell,
    ):
        shell.run("%config SegmindClient.provider = 'sandbox'")
        rows = dict(show(shell, io.StringIO()))
        assert rows["credits"].endswith(" USD")
        assert rows["APIMart"] == "…def from the environment (APIMART_API_KEY)"
        assert rows["this session"] == "$0.00 of sandbox credits spent"
        assert server.received == []


def test_a_dead_proxy_is_named_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = refused()
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with shell_at(tmp_path, segmind="https://service.test") as shell:
        rows = dict(show(shell, Screen("asking…")))
    assert (
        f"not reachable: service.test does not answer: no connection through the proxy {proxy}"
        in (rows["credits"])
    )
    assert "NO_PROXY" in rows["credits"]


def test_a_notebook_has_one_table_with_the_answer(tmp_path: Path) -> None:
    with wire(silent()) as server:
        book = notebook("%segmind_status", "len(_) > 5")
        done = execute(book, tmp_path, Service({"segmind": server.url}))
    outputs = done.cells[1].outputs
    assert [output.output_type for output in outputs] == ["display_data"]
    assert "not reachable" in outputs[0].data["text/html"]
    assert "asking" not in outputs[0].data["text/html"]
    assert done.cells[2].outputs[0].data["text/plain"] == "True"
