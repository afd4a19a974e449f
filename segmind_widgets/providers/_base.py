"""The contract of a provider, and helpers that several providers need.

Recipe for a new provider:

1. Write a module in this folder with a subclass of `Provider`. Set its class attributes `name`,
   `title` and `settings`.
2. Write the three required methods: `authorize` (the headers with the key), `submit` (a request →
   the first call) and `parse` (a reply → a state). To poll, `parse` returns a state whose `next` is
   the next poll; a state without `next` ends the job.
3. Write the optional methods for the abilities that the service has:

   | ability | to define |
   |---|---|
   | upload files | `upload_url`, `upload_calls`, `parse_upload`; `check_upload` for limits |
   | report the balance | `credits_call`, `parse_credits` |
   | find a job by its id | `find` |
   | a history or an Idempotency-Key for lost submits | `submit_service` |
   | two documented forms of a call | `learn`, and `Call.form` in `submit` and `parse` |
   | targets that are addresses | `normalize` |
   | limits for people, and for files | `upload_limits`, `picture_types` |
   | pages for people | `keys_url`, `pages`, `model_page` |
   | a documented interval of polls | `poll_interval` |
   | files as data URLs | `takes_data_urls`; False if the service refuses them |
   | list earlier runs | `history_call`, `parse_history` |
   | list models by API | `models_call`, `parse_models` |
   | a page with the parameters of one model | `parameters_url` |
   | list models on a page in the form of llms.txt | `directory_url` (and `public_settings`) |

4. Add the class to `PROVIDERS` in `providers/__init__.py`.
5. Record replies as files in `tests/providers/replies/<name>/` and test the provider with them.

Code in this folder does not send, sleep, loop or display.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import ClassVar, Protocol
from urllib.parse import urlsplit

from segmind_widgets.assets.asset import Asset
from segmind_widgets.catalog.catalog import kinds
from segmind_widgets.errors import AssetError, InputError, ReplyError
from segmind_widgets.providers._submits import Service
from segmind_widgets.types import (
    Call,
    Credits,
    HistoryEntry,
    JobState,
    Model,
    Reads,
    Reply,
    RunRequest,
    Uploaded,
)


def origin(url: str) -> str:
    """Return scheme://host:port of an address, with the default port; "" if it is invalid."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return ""
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}"


def reads_of(modality: str) -> Reads:
    """Return what a model makes by the modality of a directory: text, files, or "" if unknown."""
    names = kinds(modality)
    if names & {"image", "video", "audio", "3d"}:
        return "files"
    return "text" if names & {"text", "embed", "llm"} else ""


class Forms(Protocol):
    """The forms of calls that a service has accepted, if its pages document several."""

    def get(self, question: str, *, by_account: bool = False) -> str:
        """Return the form that was accepted last, or ""."""
        ...

    def set(
        self, question: str, answer: str, *, by_account: bool = False, hours: float | None = None
    ) -> None:
        """Record a form; it is forgotten after `hours`, if that is given."""
        ...


class FormsInMemory:
    """Forms that are kept in memory with the provider; `hours` is ignored."""

    def __init__(self) -> None:
        self._answers: dict[str, str] = {}

    def get(self, question: str, *, by_account: bool = False) -> str:  # noqa: ARG002 - one account
        """Return the form that was accepted last, or ""."""
        return self._answers.get(question, "")

    def set(
        self,
        question: str,
        answer: str,
        *,
        by_account: bool = False,  # noqa: ARG002
        hours: float | None = None,  # noqa: ARG002
    ) -> None:
        """Record a form."""
        self._answers[question] = answer


class Provider(ABC):
    """One service.

    Attributes:
        name: the provider in `-p NAME`, in the journal and in the variable `NAME_API_KEY`.
        title: its name in messages.
        settings: environment variable → default address of each host that may see the key. The
            first address is the one that the journal keeps.
        public_settings: the same for hosts that are accessed without the key.
        urls: the addresses in use, by setting, without a final slash.
        forms: the forms of calls that the service has accepted.
        takes_data_urls: whether a request may contain a file as a data URL.
        upload_limits: the limits of uploads, in a sentence.
        picture_types: the media types of pictures that it takes, others are converted; empty: any.
        keys_url: the page where keys are made. Only addresses that the service's documents name.
        pages: other documentation pages: topic → address, or the title of a page without an
            address.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    settings: ClassVar[Mapping[str, str]]
    public_settings: ClassVar[Mapping[str, str]] = {}
    takes_data_urls: ClassVar[bool] = True
    upload_limits: ClassVar[str] = ""
    picture_types: ClassVar[frozenset[str]] = frozenset()
    keys_url: ClassVar[str] = ""
    pages: ClassVar[Mapping[str, str]] = {}

    def __init__(self, urls: Mapping[str, str] | None = None) -> None:
        self.forms: Forms = FormsInMemory()
        defaults = {**self.settings, **self.public_settings}
        self.urls = {
            name: ((urls or {}).get(name) or url).rstrip("/").removesuffix("/v1")
            for name, url in defaults.items()
        }
        for setting, url in self.urls.items():
            if not re.match(r"https?://.+:\d", origin(url)):
                raise InputError(
                    f"{setting} is {url!r}, which is not an address.",
                    hint="An address looks like https://api.example.com",
                    field=setting,
                )

    @property
    def origins(self) -> frozenset[str]:
        """Return scheme://host:port of each address that may see the key."""
        return frozenset(origin(self.urls[name]) for name in self.settings)

    # required

    @abstractmethod
    def authorize(self, call: Call, key: str) -> dict[str, str]:
        """Return the headers that carry the key."""

    @abstractmethod
    def submit(self, request: RunRequest) -> Call:
        """Return the first call of a job. Raises InputError for a request that cannot be run."""

    @abstractmethod
    def parse(self, call: Call, reply: Reply) -> JobState:
        """Return the state described by a reply; `state.next` is the call for the next poll.

        Raises:
            SegmindError: the service refused the call.
        """

    # optional: jobs

    def submit_service(self, call: Call) -> Service:  # noqa: ARG002 - for providers that have more
        """Return the column of `_submits.TABLE` that a submit follows."""
        return Service.NOTHING

    def normalize(self, request: RunRequest) -> RunRequest:
        """Return the request with a plain name as target instead of an API or page address.

        Raises:
            InputError: the target or an input contradicts another part of the request.
        """
        return replace(request, target=request.target.strip())

    def learn(self, call: Call) -> None:  # noqa: B027 - one form for every call
        """Record the form of an accepted call in `forms`, if the service documents several."""

    def poll_interval(self, call: Call) -> float:  # noqa: ARG002 - one interval for every call
        """Return the seconds between two polls recommended by the service's pages."""
        return 1.0

    def find(self, job_id: str) -> Call:
        """Return the call that polls a job known only by the service's id."""
        raise InputError(f"{self.title} cannot look up a job by its id alone: {job_id}")

    def history_call(
        self,
        target: str,  # noqa: ARG002 - for providers that keep a history
        since: datetime,  # noqa: ARG002
        until: datetime,  # noqa: ARG002
        *,
        page: int = 1,  # noqa: ARG002
    ) -> Call | None:
        """Return the free call that lists the runs of a model between two times, or None.

        Pages are counted from 1. None means that the service keeps no such list.
        """
        return None

    def parse_history(self, reply: Reply) -> list[HistoryEntry]:
        """Return the requests on a page, an entry for each output; [] after the last page."""
        raise ReplyError(f"{self.title} has no history of requests.", status=reply.status)

    # optional: files

    @property
    def upload_url(self) -> str:
        """Return the upload address, also the key of the upload cache; "" without uploads."""
        return ""

    def check_upload(self, asset: Asset) -> None:
        """Raise AssetError for a file that the service would refuse, before anything is sent."""
        if not self.upload_url:
            raise AssetError(
                f"{self.title} does not accept uploads: {asset.filename}",
                hint="Give the file's URL.",
            )

    def upload_calls(
        self,
        assets: Iterable[Asset],  # noqa: ARG002 - for providers that take files
        progress: Callable[[int], None] | None = None,  # noqa: ARG002
    ) -> Iterator[tuple[Call, int]]:
        """Yield calls that upload the assets in order, each with its number of assets.

        `progress` is called with the bytes of the current call sent so far.
        """
        raise AssetError(f"{self.title} does not accept uploads.")

    def parse_upload(self, reply: Reply, count: int = 1) -> list[Uploaded]:  # noqa: ARG002
        """Return the addresses of the `count` uploaded files, in the order of sending.

        Raises:
            ReplyError: the reply has a different number of files.
        """
        raise ReplyError(f"{self.title} does not accept uploads.", status=reply.status)

    # optional: account and models

    def credits_call(self) -> Call | None:
        """Return the free call that requests the balance and so checks the key, or None."""
        return None

    def parse_credits(self, reply: Reply) -> Credits:
        """Return the balance."""
        raise ReplyError(f"{self.title} does not report a balance.", status=reply.status)

    @staticmethod
    def model_page(slug: str) -> str:  # noqa: ARG004 - for providers with such pages
        """Return the address of a model's page with its parameters, or ""."""
        return ""

    def parameters_url(self, slug: str) -> str:  # noqa: ARG002 - for providers with such pages
        """Return the address of a model's page for programs, or ""."""
        return ""

    def models_call(self) -> Call | None:
        """Return the call that lists the account's models with their parameters, or None."""
        return None

    def parse_models(self, reply: Reply) -> list[Model]:
        """Return the models with their schemas."""
        raise ReplyError(f"{self.title} has no list of models.", status=reply.status)

    @property
    def directory_url(self) -> str:
        """Return the address of a public page that lists the models as llms.txt, or ""."""
        return ""


class Body:
    """A request body that is generated while it is sent, to save memory.

    `parts` are bytes, or functions that return an iterator of pieces; each part has its length.
    `progress` is called with the bytes sent so far; its exceptions end the request.
    """

    def __init__(
        self,
        parts: Iterable[tuple[int, bytes | Callable[[], Iterator[bytes]]]],
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self._parts = list(parts)
        self.progress = progress

    def __len__(self) -> int:
        return sum(length for length, _ in self._parts)

    def __iter__(self) -> Iterator[bytes]:
        sent = 0
        for _, part in self._parts:
            for piece in (part,) if isinstance(part, bytes) else part():
                yield piece
                sent += len(piece)
                if self.progress:
                    self.progress(sent)
