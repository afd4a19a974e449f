"""The request of a script, made from a plan: the provider's own call, with files as paths."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from segmind_widgets.assets.asset import Asset
from segmind_widgets.errors import InputError
from segmind_widgets.nested import transform, walk
from segmind_widgets.planning.inputs import refuse_placeholders, resolve_files, to_json

if TYPE_CHECKING:
    from segmind_widgets.planning.plan import Plan

_SIGNED = re.compile(
    r"https?://(?:[^/]*@|[^#]*[?&][\w-]*(?:signature|credential|token|secret|sig|key)=)",
    re.IGNORECASE,
)
_HEADERS = ("Authorization", "x-api-key")
_WORKFLOW_PAUSE = 7  # seconds between polls, from the API page of workflows


class File(str):
    """A file's path instead of its URL; `use` is the function that a script calls with the path.

    "upload" returns its URL, "encoded" its content as base64, "Path" the path itself.
    """

    use: Literal["upload", "encoded", "Path"]
    media_type: str

    @classmethod
    def of(cls, asset: Asset, use: Literal["upload", "encoded", "Path"]) -> File:
        """Make a File of an asset on this disk."""
        file = cls(asset.path)
        file.use, file.media_type = use, asset.media_type
        return file


@dataclass(frozen=True)
class ExportRequest:
    """A submit as a script sends it.

    `inputs` are JSON, except for `File` values. `protocol` is the way from the reply to the
    outputs: v1, v2, workflow or task. `api` is the base address, `path` the rest of the address,
    `pause` the seconds between polls, `key` the variable that holds the key, `name` the stem of the
    output files' names. `headers` are the names of the headers that may carry the key, in the order
    in which they are tried. `sandbox` is whether the plan is of the built-in sandbox; the addresses
    are the real ones then.
    """

    protocol: Literal["v1", "v2", "workflow", "task"]
    api: str
    path: str
    upload_url: str
    inputs: Mapping[str, Any]
    pause: int
    key: str
    headers: tuple[str, ...]
    name: str
    service: str
    sandbox: bool

    @property
    def files(self) -> dict[tuple[str, str], File]:
        """Return the files among the inputs by path and use."""
        files = (leaf for _, leaf in walk(self.inputs) if isinstance(leaf, File))
        return {(str(file), file.use): file for file in files}

    def origin(self, mark: str) -> str:
        """Return the comment on a run of the sandbox, behind the mark of comments; else ""."""
        if not self.sandbox:
            return ""
        return (
            f"{mark} Made from a run on the sandbox. This is the address of {self.service} itself,"
            f" where a run is billed.\n"
        )

    def uses(self, use: str) -> bool:
        """Return whether a script calls this function with a file."""
        return any(file.use == use for file in self.files.values())


def request_of(plan: Plan) -> ExportRequest:
    """Return the request of a plan.

    Raises:
        InputError: a file is only in memory, an address is signed, or the provider refuses a file.
    """
    provider = plan.endpoint.provider
    # the built-in sandbox ends with its kernel, and nothing else has its key
    real = type(provider)() if plan.endpoint.sandbox else provider

    def upload(asset: Asset) -> str:
        if asset.path is None:
            return asset.url or ""
        provider.check_upload(asset)
        return File.of(asset, "upload")

    def encode(asset: Asset) -> str:
        return File.of(asset, "encoded")

    inputs = to_json(exportable(plan.inputs), plan.model, upload, encode)
    call = provider.submit(replace(plan.request, inputs=inputs))
    path = call.url.removeprefix(plan.endpoint.address)
    protocol = _protocol(provider.name, path)
    name = (plan.request.target if protocol == "task" else path).rpartition("/")[2]
    return ExportRequest(
        protocol,
        next(iter(real.urls.values())),
        quote(path),
        real.upload_url,
        call.json,
        _WORKFLOW_PAUSE if protocol == "workflow" else _pause(plan.expected_seconds),
        f"{provider.name.upper()}_API_KEY",
        _key_headers(provider.authorize(call, "key"), protocol),
        re.sub(r"[^\w.-]+", "-", name).strip("-.") or "output",
        provider.title,
        plan.endpoint.sandbox,
    )


def with_paths(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs as JSON, with a File with the use "Path" for each file.

    Raises:
        InputError: see `exportable`; or a value is neither JSON nor a file.
    """

    def path(asset: Asset) -> str:
        return (asset.url or "") if asset.path is None else File.of(asset, "Path")

    return to_json(exportable(inputs), None, path)


def exportable(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs with an Asset for each file, if they can be written as text.

    Raises:
        InputError: a file is only in memory, or an address is signed; `field` names it.
    """
    refuse_placeholders(inputs)
    values = resolve_files(inputs)
    for (name, *_), leaf in walk(values):
        _check(str(name), leaf)
    return values


def _check(name: str, value: Any) -> None:
    if isinstance(value, Asset) and value.path is None and value.url is None:
        raise InputError(
            f"`{name}` is only in memory, so it cannot be written as text.",
            hint="Save it as a file first, and give that file.",
            field=name,
        )
    url = value.url if isinstance(value, Asset) and value.path is None else value
    if isinstance(url, str) and _SIGNED.match(url):
        raise InputError(
            f"`{name}` is an address that contains a signature or a password, so it is not "
            "exported.",
            hint="Save it as a file first, and give that file.",
            field=name,
        )


def _protocol(provider: str, path: str) -> Literal["v1", "v2", "workflow", "task"]:
    """Return the protocol that leads from a provider's reply to the outputs.

    Raises:
        InputError: exports do not know the provider.
    """
    if provider == "apimart":
        return "task"
    if provider != "segmind":
        raise InputError(
            f"A run at {provider} cannot be exported as a script.",
            hint="Export it as a cell or as client code, which run with this package.",
        )
    if path.startswith("/workflows/"):
        return "workflow"
    return "v1" if path.startswith("/v1/") else "v2"


def _key_headers(authorized: Mapping[str, str], protocol: str) -> tuple[str, ...]:
    """Return the provider's header, and the other one for workflows, which accept both."""
    first, *_ = (name for name in _HEADERS if name in authorized)
    return (first, *(name for name in _HEADERS if name != first and protocol == "workflow"))


def fill(template: str, values: Mapping[str, str]) -> str:
    """Replace each `<<name>>` of a template in one pass; values are not templates."""
    return re.sub(r"<<(\w+)>>", lambda match: values[match[1]], template)


def indented_json(value: object) -> str:
    """Return indented JSON, with escapes for characters that are not printable."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def with_marks(inputs: Mapping[str, Any], names: Mapping[tuple[str, str], str]) -> tuple[str, str]:
    """Return the inputs as JSON with a mark before and after each file's name.

    Args:
        inputs: JSON with a File for each file.
        names: maps each file's path and use to its name.

    Returns:
        The JSON, and the mark, which is longer than any run of its character in the inputs.
    """
    mark = "@"
    while mark in indented_json(inputs):
        mark += "@"

    def replace_file(value: object) -> object:
        if isinstance(value, File):
            return f"{mark}{names[str(value), value.use]}{mark}"
        return value

    return indented_json(transform(inputs, replace_file)), mark


def _pause(seconds: float | None) -> int:
    """Return the seconds between polls: a tenth of the usual time, 1 to 10."""
    return round(min(10, max(1, seconds / 10))) if seconds else 2
