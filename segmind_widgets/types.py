"""The values that layers exchange, all plain and frozen, and the options of the client."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

if TYPE_CHECKING:
    from segmind_widgets.errors import SegmindError

Kind: TypeAlias = Literal["model", "workflow"]
Api: TypeAlias = Literal["auto", "v1", "v2"]
Reads: TypeAlias = Literal["", "text", "files"]
CheckInputs: TypeAlias = Literal["warn", "schema", "strict"]
Progress: TypeAlias = Callable[[int, int], None]  # called with the bytes sent so far and the total


class Status(str, Enum):
    """The status of a job: the services' own, and submitting, downloading, unknown."""

    SUBMITTING = "submitting"  # the request was sent, but has no reply yet
    QUEUED = "queued"
    PROCESSING = "processing"
    DOWNLOADING = "downloading"  # completed at the service; the files are being downloaded
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"  # it may be running and billed, but no reply had its id

    __str__ = str.__str__

    @property
    def final(self) -> bool:
        """Return whether no further state follows."""
        return self in (Status.COMPLETED, Status.FAILED, Status.CANCELLED, Status.UNKNOWN)


@dataclass(frozen=True)
class RunRequest:
    """A run: a model's slug or a workflow's id, slug or URL, and its inputs."""

    target: str
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    kind: Kind = "model"
    api: Api = "auto"
    modality: str = ""  # the directory's modality, if known
    endpoint: str = ""  # the path of its address, by the user or by the service's list
    operation: str = ""  # what it does, in the service's word
    file_lists: frozenset[str] = frozenset()  # inputs that are lists of uploaded files only


@dataclass(frozen=True)
class Call:
    """One HTTP request as a value. The transport adds the key, so a call can be kept on disk.

    `billed` marks a POST that costs money when it is accepted; if in doubt, it is not repeated.
    `auth` selects the authorization header, for services that accept several. `form` is "first" if
    the service documents a second form of the call, which is tried once after a refusal with `form`
    "second". `reads` is what the run makes, if that is known: a text model's answer is not searched
    for files. `body` (an upload's stream) is neither compared nor stored. `repeats` counts how
    often a submit was repeated with the same Idempotency-Key after its reply was lost.
    """

    method: str
    url: str
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    auth: str = ""
    form: Literal["", "first", "second"] = ""
    billed: bool = False
    timeout: float = 60.0  # seconds to wait for the next byte of the reply
    body: Any = field(default=None, compare=False, repr=False)
    repeats: int = 0
    reads: Reads = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types for the journal, without the body."""
        return {
            "method": self.method,
            "url": self.url,
            "json": self.json,
            "headers": dict(self.headers),
            "auth": self.auth,
            "form": self.form,
            "billed": self.billed,
            "timeout": self.timeout,
            **({"repeats": self.repeats} if self.repeats else {}),
            **({"reads": self.reads} if self.reads else {}),
        }


@dataclass(frozen=True)
class Reply:
    """An HTTP reply: status code, headers with lower-case names, and the whole body.

    Where `file` is set, the body is in that file, and `body` has only its first 64 KiB or, of JSON,
    the JSON with shortened texts. `parts` are the files of these texts, by the mark at the end of
    each (see `jobs.long_replies`).
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    url: str = ""
    file: Path | None = None
    parts: Mapping[bytes, Path] = field(default_factory=dict[bytes, "Path"], repr=False)


@dataclass(frozen=True)
class Output:
    """One result from a provider's reply: a URL to fetch, or the bytes or text itself.

    `is_guess` marks a URL under an unknown name, of a reply with nothing else: what it gives is a
    result only if it is a file, and neither a page nor JSON. `file` has the bytes in place of
    `data` where the transport has written them to disk.
    """

    url: str | None = None
    data: bytes | None = field(default=None, repr=False)
    media_type: str | None = None
    name: str | None = None  # a workflow's name for it
    expires_at: str | None = None  # UTC, ISO 8601
    is_guess: bool | None = None
    file: Path | None = None


@dataclass(frozen=True)
class JobState:
    """One step of a job. `next` is the call for the next step; None: the job has ended."""

    status: Status
    next: Call | None = None
    id: str | None = None
    outputs: tuple[Output, ...] = ()
    progress: float | None = None  # 0 to 1, only if the provider reports it
    expected: float | None = None  # total seconds, only if the provider reports it
    cost: float | None = None  # USD
    seed: int | None = None
    credits: float | None = None  # USD left on the account
    seconds: float | None = None  # how long it took, only if the provider reports it
    provider_status: str = ""  # the service's own word for the status
    error: SegmindError | None = None
    now: bool = False  # send `next` at once, without the pause between polls


@dataclass(frozen=True)
class UsualTime:
    """The usual time of a model's jobs.

    Args:
        seconds: the median.
        spread: σ of the logarithm of the time.
        trust: probability that a job belongs to this distribution: 0.7 for the directory's average,
            0.8 for the service's own estimate of this job, 0.85 for own runs.
    """

    seconds: float
    spread: float = 0.25
    trust: float = 0.7


@dataclass(frozen=True)
class HistoryEntry:
    """A request in the service's history; `created` is a timezone-aware datetime."""

    id: str
    inputs: Mapping[str, Any]
    created: datetime | None
    state: JobState


@dataclass(frozen=True)
class Uploaded:
    """An uploaded file, as described by the provider's reply.

    `expires_at` is UTC ISO 8601, None if unknown; `size` is in bytes.
    """

    url: str
    expires_at: str | None = None
    filename: str | None = None
    media_type: str | None = None
    size: int | None = None


@dataclass(frozen=True)
class Credits:
    """The account's balance in USD (Segmind) or the provider's own unit (APIMart)."""

    balance: float
    free: float | None = None
    used: float | None = None
    unlimited: bool = False


@dataclass(frozen=True)
class Model:
    """A model. `schema` is the JSON Schema of its inputs, None where unknown.

    `schema_source` is "service" if the service publishes the schema, "page" if it was typed from a
    documentation page, "hint" if it was parsed from one whose form is not documented. `premium`
    models need a subscription or a balance; a model that is not `listed` is known only by name, and
    is not in the current directory. `cost` (USD per run) and `seconds` (the usual time) are
    averages from the directory. `endpoint` and `operation` are the address of its requests and what
    it does, in the words of the service's list. `source` is the address of the page that a
    built-in schema is from.
    """

    slug: str
    name: str = ""
    provider: str = "segmind"
    modality: str = ""
    description: str = ""
    cost: float | None = None
    seconds: float | None = None
    schema: Mapping[str, Any] | None = None
    schema_source: Literal["page", "service", "hint"] = "page"
    endpoint: str = ""
    operation: str = ""
    premium: bool = False
    listed: bool = True
    source: str = ""


class RowOptions(TypedDict, total=False):
    """The options that all rows of a batch share."""

    kind: Kind
    provider: str | None  # segmind, apimart or sandbox
    api: Api
    allow_files: bool  # whether a table may name files outside its own folder


class BatchOptions(RowOptions, total=False):
    """The options of `plan_map`."""

    name: str | None
    again: bool


class WorkflowOptions(TypedDict, total=False):
    """The options of `submit_workflow`."""

    provider: str | None
    api: Api
    max_cost: float | None  # USD
    again: bool


class RunOptions(WorkflowOptions, total=False):
    """The options of `submit` and `run`."""

    kind: Kind
    endpoint: str  # the path of an address of APIMart


class JobFilters(TypedDict, total=False):
    """The filters of `count`; jobs must match all of them."""

    unfinished: bool
    model: str  # a part of its name
    text: str  # a part of any text among the inputs
    status: str | Iterable[str] | None
    since: datetime | str | None  # ISO 8601 in UTC
    until: datetime | str | None
    with_outputs: bool
    sandbox: bool | None
    batch: str | None
    target: str  # the model's complete name
    provider: str  # its name; runs on the sandbox have one, too
    here: bool  # started or resumed in this kernel


class PageFilters(JobFilters, total=False):
    """The filters of `jobs`."""

    offset: int
