"""What a provider is, and what several of them need.

Recipe for a new one: a module here with a subclass of `Provider` that sets the class attributes
and writes `submit` (a request into the first call) and `parse` (a reply into a state, whose
`next` is the call that brings the following one); `upload_calls` and `parse_upload` where it
takes files; `history_call` and `parse_history` where it lists what was run; `credits_call` and
`parse_credits` where it tells the balance. Name it in `PROVIDERS`.
Nothing here sends, sleeps, loops or displays. Replies recorded as files in
`tests/providers/replies/<name>/` are its tests.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

from segmind_widgets.assets.asset import Asset
from segmind_widgets.errors import InputError, ReplyError, SubmitUnknown
from segmind_widgets.providers._errors import from_reply
from segmind_widgets.providers._outputs import from_json
from segmind_widgets.types import (
    Call,
    Credits,
    HistoryEntry,
    JobState,
    Model,
    Reply,
    RunRequest,
    Status,
    Uploaded,
)


def origin(url: str) -> str:
    """scheme://host:port, with the scheme's own port where none is written; "" for no address."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return ""
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}"


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
        for setting, url in self.urls.items():
            if not re.match(r"https?://.+:\d", origin(url)):
                raise InputError(
                    f"{setting} is {url!r}, which is not an address.",
                    hint="It looks like https://api.example.com",
                    field=setting,
                )

    @property
    def origins(self) -> frozenset[str]:
        """scheme://host:port of every address that may see the key."""
        return frozenset(origin(url) for url in self.urls.values())

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

    def history_call(
        self,
        target: str,  # noqa: ARG002 - who keeps a history needs them
        since: datetime,  # noqa: ARG002
        until: datetime,  # noqa: ARG002
        *,
        page: int = 1,  # noqa: ARG002
    ) -> Call | None:
        """The free call that lists what was run of a model between two moments, page by page.

        None where the service keeps no such list.
        """
        return None

    def parse_history(self, reply: Reply) -> list[HistoryEntry]:
        """The requests on a page of the history, a row for each output; [] after the last page."""
        raise ReplyError(f"{self.title} keeps no history.", status=reply.status)

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


def excerpt(body: bytes) -> str:
    """The beginning of a reply's body as text: what an error keeps of it."""
    return body[:2000].decode("utf-8", "replace")


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
        value = from_json(reply.body)
    except ValueError:
        value = None
    if isinstance(value, dict):
        return value
    said = excerpt(reply.body)
    kind = SubmitUnknown if call.billed else ReplyError
    raise kind(
        f"{urlsplit(reply.url or call.url).netloc} answered with something that is not a JSON"
        f" object: {' '.join(said.split())[:80] or 'nothing'}",
        status=reply.status,
        body=said,
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


def whole(value: object) -> int | None:
    """A whole number of at most 64 bits, also from a string, with all of its digits."""
    try:
        found = int(str(value).strip()) if isinstance(value, (int, str)) else None
    except ValueError:
        found = None
    if found is None or isinstance(value, bool):
        near = number(value)
        found = int(near) if near is not None else None
    return found if found is not None and abs(found) < 2**63 else None
