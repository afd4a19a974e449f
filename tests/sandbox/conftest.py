"""A sandbox with a quick artist, and sessions that show the right key."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import requests
from PIL import Image

from segmind_widgets.sandbox import Sandbox


def picture(colour: int = 0, form: str = "PNG", size: int = 8) -> bytes:
    """A small real picture."""
    buffer = io.BytesIO()
    Image.new("RGB", (size, size), (colour % 256, 40, 80)).save(buffer, form)
    return buffer.getvalue()


class QuickArtist:
    """Draws in no time, and remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def __call__(
        self, model: str, modality: str, inputs: Mapping[str, Any], seed: int, media: Any
    ) -> list[tuple[bytes, str]]:
        self.asked.append(
            {"model": model, "modality": modality, "inputs": inputs, "seed": seed, "media": media}
        )
        if "to-Video" in modality:
            return [(b"\x1aE\xdf\xa3" + b"video" * 50, "video/webm")]
        if "to-Audio" in modality:
            return [(b"RIFF" + b"sound" * 50, "audio/wav")]
        many = inputs.get("samples") or inputs.get("n") or inputs.get("max_images") or 1
        return [(picture(seed + number), "image/png") for number in range(many)]


class Caller(requests.Session):
    """A session of one service, with its key, that takes paths or whole addresses."""

    def __init__(self, origin: str, headers: Mapping[str, str]) -> None:
        super().__init__()
        self.trust_env = False
        self.origin = origin
        self.headers.update(headers)

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]
        url = url if url.startswith("http") else f"{self.origin}{url}"
        return super().request(method, url, **{"timeout": 20, **options})

    def until(self, url: str, *words: str, key: str = "status") -> requests.Response:
        """Ask again and again until the status is one of the words."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            reply = self.get(url)
            body = reply.json()
            body = body["data"] if isinstance(body.get("data"), dict) else body
            if body[key] in words:
                return reply
        raise AssertionError(f"{url} never said {words}: {reply.text}")


@pytest.fixture
def artist() -> QuickArtist:
    return QuickArtist()


@pytest.fixture
def start(artist: QuickArtist) -> Iterator[Callable[..., Sandbox]]:
    """Make and start a sandbox, by default a thousand times faster than reality."""
    started: list[Sandbox] = []

    def make(**settings: Any) -> Sandbox:
        sandbox = Sandbox(**{"speed": 1000.0, "artist": artist, **settings}).start()
        started.append(sandbox)
        return sandbox

    yield make
    for sandbox in started:
        sandbox.stop()


@pytest.fixture
def sandbox(start: Callable[..., Sandbox]) -> Sandbox:
    return start()


@pytest.fixture
def calling() -> Iterator[Callable[..., Caller]]:
    """Make a session: `calling(sandbox)` for Segmind, `calling(sandbox, "apimart")`."""
    callers: list[Caller] = []

    def make(
        sandbox: Sandbox, service: Any = "segmind", headers: Mapping[str, str] | None = None
    ) -> Caller:
        environ = sandbox.environ
        keys = {
            "segmind": {"x-api-key": environ["SEGMIND_API_KEY"]},
            "apimart": {"Authorization": f"Bearer {environ['APIMART_API_KEY']}"},
            "files": {},
        }
        caller = Caller(sandbox.url(service), keys[service] if headers is None else headers)
        callers.append(caller)
        return caller

    yield make
    for caller in callers:
        caller.close()


@pytest.fixture
def segmind(sandbox: Sandbox, calling: Callable[..., Caller]) -> Caller:
    return calling(sandbox)


@pytest.fixture
def apimart(sandbox: Sandbox, calling: Callable[..., Caller]) -> Caller:
    return calling(sandbox, "apimart")


@pytest.fixture
def anyone(sandbox: Sandbox, calling: Callable[..., Caller]) -> Caller:
    """A session without a key, at the files' origin."""
    return calling(sandbox, "files")
