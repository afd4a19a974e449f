"""What a provider is, and what several of them need.

Recipe for a new one: a module here with a subclass of `Provider` that sets the class attributes
and writes `submit` (a request into the first call) and `parse` (a reply into a state, whose
`next` is the call that brings the following one); `upload_calls` and `parse_upload` where it
takes files; `credits_call` and `parse_credits` where it tells the balance. Name it in `PROVIDERS`.
Nothing here sends, sleeps, loops or displays. Replies recorded as files in `tests/replies/<name>/`
are its tests.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import urlsplit

from segmind_widgets.assets import Asset
from segmind_widgets.errors import InputError, ReplyError, SubmitUnknown, from_reply
from segmind_widgets.types import (
    Call,
    Credits,
    JobState,
    Model,
    Output,
    Reply,
    RunRequest,
    Status,
    Uploaded,
)


class Provider(ABC):
    """One service. `urls` are its base addresses by setting name, without a final slash."""

    name: ClassVar[str]
    title: ClassVar[str]
    settings: ClassVar[Mapping[str, str]]  # environment variable → default address

    def __init__(self, urls: Mapping[str, str] | None = None) -> None:
        given = {name: url for name, url in (urls or {}).items() if url}
        self.urls = {
            name: given.get(name, url).rstrip("/").removesuffix("/v1")
            for name, url in self.settings.items()
        }

    @property
    def origins(self) -> frozenset[str]:
        """scheme://host:port of every address that may see the key."""
        found = set()
        for url in self.urls.values():
            parts = urlsplit(url)
            port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
            found.add(f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}")
        return frozenset(found)

    @property
    @abstractmethod
    def upload_url(self) -> str:
        """Where uploads go: the upload cache is kept by it."""

    @abstractmethod
    def authorize(self, call: Call, key: str) -> dict[str, str]:
        """The headers that show the key."""

    @abstractmethod
    def submit(self, request: RunRequest) -> Call:
        """The first call of a job. Raises InputError for what no service could run."""

    @abstractmethod
    def parse(self, call: Call, reply: Reply) -> JobState:
        """The state that a reply means. Raises what the service refused."""

    def find(self, job_id: str) -> Call:
        """The call that asks after a job of which only the service's id is known."""
        raise InputError(f"{self.title} cannot look up a job by its id alone: {job_id}")

    def check_upload(self, asset: Asset) -> None:  # noqa: B027 - by default nothing is refused
        """Refuse here what the service would refuse, in its own figures. Raises AssetError."""

    @abstractmethod
    def upload_calls(
        self, assets: Sequence[Asset], progress: Callable[[int], None] | None = None
    ) -> Iterator[tuple[Call, int]]:
        """Calls that upload the assets in order, each with the number of assets it carries."""

    @abstractmethod
    def parse_upload(self, reply: Reply, count: int = 1) -> list[Uploaded]:
        """Where the `count` uploaded files are, in the order they were sent.

        Raises:
            ReplyError: the reply names another number of files.
        """

    @abstractmethod
    def credits_call(self) -> Call:
        """The free call that tells the balance, and so whether the key is right."""

    @abstractmethod
    def parse_credits(self, reply: Reply) -> Credits:
        """The balance."""

    def models_call(self) -> Call | None:
        """The call that lists the account's models with their parameters, where there is one."""
        return None

    def parse_models(self, reply: Reply) -> list[Model]:
        """Models with their schemas."""
        raise ReplyError(f"{self.title} lists no models.", status=reply.status)


class Body:
    """A request's body that is made while it is sent: memory does not grow with the file.

    `parts` are bytes, or functions that start a new run of pieces, with the length of each.
    `progress` is told the bytes sent so far.
    """

    def __init__(
        self,
        parts: Iterable[tuple[int, bytes | Callable[[], Iterator[bytes]]]],
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self._parts = list(parts)
        self._progress = progress

    def __len__(self) -> int:
        return sum(length for length, _ in self._parts)

    def __iter__(self) -> Iterator[bytes]:
        sent = 0
        for _, part in self._parts:
            for piece in (part,) if isinstance(part, bytes) else part():
                yield piece
                sent += len(piece)
                if self._progress:
                    self._progress(sent)


def checked(call: Call, reply: Reply) -> Reply:
    """The reply, where its code says success: parsers begin with it.

    Raises:
        SubmitUnknown: a gateway gave up on a billed call that may be running.
        SegmindError: what the code and the body mean.
    """
    if reply.status < 300:
        return reply
    error = from_reply(reply.status, reply.headers, reply.body)
    if call.billed and reply.status == 504:
        raise SubmitUnknown(
            f"The service's gateway gave up waiting: {error.message}",
            status=504,
            body=error.body,
            request_id=error.request_id,
        )
    raise error


def json_object(call: Call, reply: Reply) -> dict[str, Any]:
    """The reply's JSON object, whatever its code.

    Raises:
        SubmitUnknown: a billed call answered with success and without sense.
        ReplyError: as much from any other call.
    """
    try:
        value = json.loads(reply.body)
    except ValueError:
        value = None
    if isinstance(value, dict):
        return value
    said = reply.body.decode("utf-8", "replace")
    kind = SubmitUnknown if call.billed else ReplyError
    raise kind(
        f"{urlsplit(reply.url or call.url).netloc} answered with something that is not a JSON"
        f" object: {' '.join(said.split())[:80] or 'nothing'}",
        status=reply.status,
        body=said[:2000],
        request_id=reply.headers.get("x-request-id"),
    )


def status_of(word: object, words: Mapping[str, Status]) -> Status:
    """The status for a service's word. A word nobody knows keeps polling."""
    return words.get(str(word or "").strip().lower(), Status.PROCESSING)


def number(value: object) -> float | None:
    """A finite number, also from a string; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        found = float(str(value).strip().lstrip("$"))
    except ValueError:
        return None
    return found if abs(found) < float("inf") else None


def collect(value: object, name: str | None = None) -> list[Output]:
    """Every output in a service's `output`, whatever its shape, with the names it has.

    Strings that hold JSON are read as JSON. URLs and data URIs become files; other text becomes a
    text output where nothing else was found. Shapes met: a URL, a list of URLs, `{"image": url}`,
    `{"url": …}`, `[{"keyname": …, "value": {"data": …, "type": …}}]`, an LLM's own reply.
    """
    value = _unpacked(value)
    found = list(_files(value, name))
    if found:
        return _unique(found)
    text = said(value)
    if text is None and value not in (None, "", [], {}):
        text = value if isinstance(value, str) else None
        if text is None:
            data = json.dumps(value, ensure_ascii=False, indent=2).encode()
            return [Output(data=data, media_type="application/json", name=name)]
    return [Output(data=text.encode(), media_type="text/plain", name=name)] if text else []


def said(value: Any) -> str | None:
    """The text in a language model's own reply: OpenAI's, Anthropic's or Gemini's form."""
    try:
        if isinstance(value.get("choices"), list):
            choice = value["choices"][0]
            content = choice.get("message", choice).get("content", choice.get("text"))
            return content if isinstance(content, str) else _joined(content)
        if isinstance(value.get("content"), list):
            return _joined(value["content"])
        if isinstance(value.get("candidates"), list):
            return _joined(value["candidates"][0]["content"]["parts"])
    except (AttributeError, KeyError, IndexError, TypeError):
        return None
    return None


def _joined(parts: Any) -> str:
    return "".join(part["text"] for part in parts if isinstance(part.get("text"), str))


def _unpacked(value: object) -> object:
    if isinstance(value, str) and value.strip()[:1] in ("[", "{", '"'):
        try:
            return _unpacked(json.loads(value))
        except (ValueError, RecursionError):
            return value
    return value


_PLAIN = {"data", "url", "urls", "value", "output", "outputs", "result", "results", "items"}


def _files(value: object, name: str | None, depth: int = 0) -> Iterator[Output]:
    if depth > 12:
        return
    if isinstance(value, str):
        yield from _file(value, name)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _files(item, name, depth + 1)
    elif isinstance(value, dict) and isinstance(value.get("keyname"), str):
        yield from _named(value, depth)
    elif isinstance(value, dict):
        for key, item in value.items():
            inner = name if str(key) in _PLAIN else str(key)
            yield from _files(_unpacked(item), inner, depth + 1)


def _named(value: dict[str, Any], depth: int) -> Iterator[Output]:
    """A workflow's `{"keyname": …, "value": {"data": …, "type": …}}`: text counts here too."""
    name = value["keyname"]
    inner = _unpacked(value.get("value"))
    files = list(_files(inner, name, depth + 1))
    data = inner.get("data") if isinstance(inner, dict) else inner
    if files:
        yield from files
    elif isinstance(data, (str, int, float)):
        yield Output(data=str(data).encode(), media_type="text/plain", name=name)


def _file(text: str, name: str | None) -> Iterator[Output]:
    if text.startswith(("http://", "https://")) and not any(c.isspace() for c in text.strip()):
        yield Output(url=text.strip(), name=name)
    elif text.startswith("data:") and "," in text[:200]:
        asset = Asset.of(text)
        yield Output(data=asset.content, media_type=asset.media_type, name=name)


def _unique(outputs: list[Output]) -> list[Output]:
    seen: dict[object, Output] = {}
    for output in outputs:
        seen.setdefault(output.url or id(output), output)
    return list(seen.values())
