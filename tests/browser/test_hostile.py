"""A hostile service's results in pages: nothing runs, and the page requests nothing of its host."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbconvert import HTMLExporter

from tests.assets.test_answers import HOST, HOSTILE
from tests.assets.test_media_types import HOSTILE_TYPES
from tests.browser.lab import Lab
from tests.browser.pages import finished, opened, opened_in_notebook, run_all, shot
from tests.browser.test_progress import written

TEXT = (
    "<img src={host}/text.png onerror='window.ran=1'><script>window.ran=1</script>"
    "\"'><svg onload=window.ran=1> ![x]({host}/text2.png) \x1b]0;ran\x07 \u202e"
)
SETUP = """\
import os
os.environ.update({environ!r})
%load_ext segmind_widgets
from segmind_widgets import SegmindClient
from segmind_widgets.assets.asset import Asset
client = SegmindClient.instance()"""
RUN = """\
for kind in ("answer", "file", "types", "names"):
    display(client.run("{model}", {{"prompt": kind + {text!r}}}, api="v1"))"""
TYPES = """\
for kind in {types}:
    display(Asset(data=b'<script>window.ran=1</script>', declared_type=kind, name={text!r}))"""
CELLS = (
    SETUP,
    RUN,
    "%%segmind_run {model} --api v1 -o answer\nprompt: answer",
    "client.run('{model}', {{'prompt': 'error'}}, api='v1')",
    TYPES,
    "%segmind_jobs",
    "get_ipython().run_line_magic('segmind_jobs', answer.id)",
    "display(*SegmindClient.instance().jobs())",
    "%segmind_panel gallery",
    "print('the end of', 'all cells')",
)


class Service(BaseHTTPRequestHandler):
    """Answers each run by the first word of its prompt; notes what a browser requests."""

    host = ""
    seen: list[str]
    numbers = count(1)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as in the base
        """Say nothing."""

    def do_GET(self) -> None:
        if "Mozilla" in self.headers.get("User-Agent", ""):
            self.seen.append(self.path)
        self.answer(200, b"<html><script>window.ran=1</script>", HOSTILE_TYPES[0])

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        prompt, text = json.loads(body).get("prompt", ""), TEXT.format(host=self.host)
        if prompt.startswith("answer"):
            content = "\n\n".join(HOSTILE.values()).replace(HOST, self.host)
            self.json(200, {"choices": [{"message": {"content": content}}]})
        elif prompt.startswith("file"):
            self.json(200, {"image": f"{self.host}/a%1b%22%3Cb%3E.png"})
        elif prompt.startswith("types"):
            self.answer(200, b"\x00<script>window.ran=1</script>", HOSTILE_TYPES[0])
        elif prompt.startswith("names"):
            named = [{"keyname": text, "value": {"data": text, "type": text}}] * 2
            self.json(200, {"output": named})
        else:
            self.json(400, {"error": {"message": text, "type": text, "param": text}})

    def json(self, status: int, value: Any) -> None:
        self.answer(status, json.dumps(value).encode(), "application/json")

    def answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-request-id", f"{next(self.numbers)}<svg/onload=window.ran=1>")
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving() -> Iterator[type[Service]]:
    service = type("Hostile", (Service,), {"seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), service)
    service.host = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def service() -> Iterator[type[Service]]:
    with serving() as running:
        yield running


def cells_for(service: type[Service]) -> list[str]:
    names = ("SEGMIND_API", "SEGMIND_STORAGE", "SEGMIND_CONSOLE", "SEGMIND_SITE", "APIMART_API")
    environ = {f"{name}_URL": service.host for name in names} | {
        "SEGMIND_API_KEY": "SG_0123456789abcdef",
        "SEGMIND_WIDGETS_PROVIDER": "segmind",
    }
    text = TEXT.format(host=service.host)
    values = {
        "environ": environ,
        "model": "fast-flux-schnell",
        "text": text,
        "types": HOSTILE_TYPES,
    }
    return [cell.format(**values) if "{" in cell else cell for cell in CELLS]


def assert_inert(page: Any, service: type[Service], dialogs: list[str]) -> None:
    assert page.evaluate("window.ran") is None
    assert page.locator("img[src^='http']").count() == 0
    assert page.locator(".jp-OutputArea-output a[href^='javascript']").count() == 0
    assert dialogs == []
    assert service.seen == []


@pytest.mark.parametrize("place", ["lab", "notebook7"])
def test_a_hostile_service_runs_and_requests_nothing(
    request: pytest.FixtureRequest,
    browser: Any,
    place: str,
    service: type[Service],
    tmp_path: Path,
) -> None:
    server: Lab = request.getfixturevalue(place)
    written(server, "hostile.ipynb", *cells_for(service))
    path = server.folder / "hostile.ipynb"
    book = nbformat.read(path, 4)
    for cell in book.cells:  # the cell of the error does not stop the others
        cell.metadata["tags"] = ["raises-exception"]
    nbformat.write(book, path)
    visit = opened if place == "lab" else opened_in_notebook
    page = visit(browser, server, "hostile.ipynb")
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    run_all(page)
    finished(page)
    page.get_by_text("the end of all cells").wait_for()
    page.locator(".sw-item").first.wait_for()
    page.locator("h1, pre code, table").first.wait_for()
    shot(page, f"hostile-{place}")
    assert_inert(page, service, dialogs)
    page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    saved = converted(browser, path, tmp_path, dialogs)
    shot(saved, f"hostile-nbconvert-{place}")
    assert_inert(saved, service, dialogs)


def converted(browser: Any, path: Path, folder: Path, dialogs: list[str]) -> Any:
    """Open nbconvert's page of the notebook; what it needs from the web stays away."""
    source, _ = HTMLExporter().from_notebook_node(nbformat.read(path, 4))
    assert "text/markdown" in path.read_text("utf-8")
    html = folder / "hostile.html"
    html.write_text(source, "utf-8")
    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.route("https://**", lambda route: route.abort())
    page.goto(html.as_uri())
    page.get_by_text("the end of all cells").wait_for()
    return page
