"""The meaning of a program: one run of a model or workflow, or an upload."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from segmind_widgets.errors import InputError
from segmind_widgets.nested import walk
from segmind_widgets.schemas import is_list, is_mapping
from segmind_widgets.syntax.file_access import NOTEBOOK_FOLDER, FileAccess
from segmind_widgets.syntax.pasted import addresses
from segmind_widgets.syntax.pasted.addresses import Hosts, PastedApi, PastedKind, Target
from segmind_widgets.syntax.pasted.program import Program
from segmind_widgets.syntax.pasted.sdk import UNNAMED
from segmind_widgets.syntax.pasted.values import (
    CodeRequest,
    LocalFile,
    Reference,
    Unknown,
    to_inputs,
)
from segmind_widgets.syntax.secrets import MARK, is_secret_name
from segmind_widgets.syntax.templates import find_file

_KEY = "an API key"  # the source of a value that contained a key
_TITLES = {"segmind": "Segmind", "apimart": "APIMart"}
HINT = "Paste the id or the address of a workflow or model, or the code that its API page shows."
AS_TEXT = "To send the text as a prompt, write `prompt: |` and the text indented below."
WORKFLOW_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{24}-v\d{1,6}\b", re.IGNORECASE)


@dataclass(frozen=True)
class Pasted:
    """The meaning of pasted text.

    `target` is the slug or id ("" if the text has only inputs), `kind` is model, workflow, upload,
    or "" for a name that may be either. `inputs` are the values in the text, with a Path for each
    file that the code uploads or encodes; `unread` has the expressions of the inputs that are known
    only when the code runs. `schema` is the JSON Schema of the inputs in the page's order: from the
    page's description (`is_described`), else inferred; a page may tell the usual `cost`, in USD.
    `files` are the files of an upload: paths
    and data URLs. `had_key` is whether an API key was removed.
    """

    target: str = ""
    kind: PastedKind = ""
    provider: str = ""
    api: PastedApi = "auto"
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    unread: Mapping[str, str] = field(default_factory=dict[str, str])
    schema: Mapping[str, Any] | None = None
    is_described: bool = False
    cost: float | None = None
    files: tuple[Any, ...] = ()
    language: str = ""
    had_key: bool = False

    @property
    def name(self) -> str:
        """Return a label for the target: the words of a slug, or an id unchanged."""
        if self.kind == "model" or WORKFLOW_ID.fullmatch(self.target):
            return self.target
        return re.sub(r"[-_]+", " ", self.target).strip().capitalize()

    @property
    def summary(self) -> str:
        """Return a line that tells the user what was read."""
        title = _TITLES.get(self.provider, "")
        kind = "the workflow " if self.kind == "workflow" else ""
        if self.kind == "upload":
            names = ", ".join(_file_name(file) for file in self.files)
            what = f"an upload of {names} to {title}"
        else:
            api = f" ({self.api})" if self.api != "auto" else ""
            where = f" at {title}{api}" if title else ""
            inputs = f"with {', '.join(self.inputs)}" if self.inputs else "without inputs"
            what = f"{kind}{self.target or 'inputs'}{where}, {inputs}"
        key = " Its API key was removed; this session's own key is used."
        return f"Read from {self.language or 'the text'}: {what}.{key if self.had_key else ''}"

    @property
    def access(self) -> FileAccess:
        """Return the check of the files that the code names, against the notebook's folder."""
        access = FileAccess(
            "The code",
            [Path.cwd()],
            home=NOTEBOOK_FOLDER,
            call="client.read(…, allow_files=True)",
        )
        for _, value in walk([*self.inputs.values(), *self.files]):
            if isinstance(value, Path):
                access.note(value)
        return access

    def without_outside_files(self) -> Pasted:
        """Return a copy without the inputs and files from outside the notebook's folder."""
        is_inside = self.access.is_inside

        def is_allowed(value: Any) -> bool:
            return all(not isinstance(leaf, Path) or is_inside(leaf) for _, leaf in walk([value]))

        inputs = {name: value for name, value in self.inputs.items() if is_allowed(value)}
        return replace(self, inputs=inputs, files=tuple(filter(is_allowed, self.files)))

    def check(self) -> None:
        """Refuse code with inputs that are known only when it runs.

        Raises:
            InputError: a value is known only when the code runs, or a file is missing; `field`
                names it.
        """
        for name, source in self.unread.items():
            if source == _KEY:
                raise InputError(
                    f"`{name}` in the code contained an API key, which was removed.",
                    hint="Remove the key from the inputs; this session's own key is used.",
                    field=name,
                )
            where = f" (`{source}`)" if source else ""
            raise InputError(
                f"`{name}` in the code{where} is known only when the code runs.",
                hint=f"Write its value in the code, or give {name}=… on the magic's line.",
                field=name,
            )
        for path, value in walk(self.inputs):
            if isinstance(value, Path):
                _check_file(value, str(path[0]))
        for file in self.files if self.kind == "upload" else ():
            if isinstance(file, Path):
                _check_file(file, "file")
            elif isinstance(file, Unknown):
                raise InputError(
                    f"The code uploads {file.source or 'a file'}, whose file name is not in the "
                    "code.",
                    hint="Give the file's path to %segmind_upload.",
                )

    def with_inputs(self, inputs: Mapping[str, Any]) -> Pasted:
        """Return a copy with more inputs, placed before those of the text."""
        unread = {name: text for name, text in self.unread.items() if name not in inputs}
        return replace(self, inputs={**self.inputs, **inputs}, unread=unread)


def to_pasted(code: Program, hosts: Hosts, *, lenient: bool = False) -> Pasted:
    """Return the run of a program, else its uploads.

    Raises:
        InputError: it has no run and no upload, or several runs.
    """
    targets = [(request, addresses.target_of(request.url, hosts)) for request in code.requests]
    sent = [(r, t) for r, t in targets if t is not None and r.method != "GET"]
    runs = [_run(request, target) for request, target in sent if target.kind != "upload"]
    runs = [run for index, run in enumerate(runs) if run not in runs[:index]]
    if len(runs) > 1:
        names = " and ".join(dict.fromkeys(run.target for run in runs))
        raise InputError(
            f"The code sends {len(runs)} runs: {names}.", hint="Paste one of them at a time."
        )
    if runs:
        return replace(runs[0], language=code.language)
    uploads = [(request, target) for request, target in sent if target.kind == "upload"]
    if uploads:
        files = tuple(_file(file) for request, _ in uploads for file in request.files)
        provider = uploads[0][1].provider
        return Pasted("", "upload", provider, files=files, language=code.language)
    raise InputError(
        f"The {code.language} calls the service, but does not run a model or workflow.",
        hint=HINT if lenient else f"{HINT} {AS_TEXT}",
    )


def _run(request: CodeRequest, target: Target) -> Pasted:
    if request.url == UNNAMED:
        raise InputError(
            "The code has no model that the service currently offers.",
            hint="Write %%segmind_run MODEL, and the inputs below it.",
        )
    if request.body is not None and not is_mapping(request.body):
        source = request.body.source if isinstance(request.body, (Unknown, Reference)) else ""
        raise InputError(
            f"The inputs in the code{f' ({source})' if source else ''} are not a JSON object "
            "that can be read without running the code.",
            hint='Write them in the code, such as {"prompt": "a red fox"}.',
        )
    inputs = to_inputs(request.body or {})
    name = target.name
    if target.provider == "apimart" and not name:
        name = inputs.get("model")
        name = inputs.pop("model") if isinstance(name, str) else ""
    return with_clean_inputs(Pasted(name, target.kind, target.provider, target.api), inputs)


def with_clean_inputs(pasted: Pasted, inputs: Mapping[str, Any]) -> Pasted:
    """Return a copy with these inputs, without keys and with unknown values in `unread`."""
    clean = without_keys(inputs)
    unread = {name: value.source for name, value in clean.items() if isinstance(value, Unknown)}
    inputs = {name: value for name, value in clean.items() if name not in unread}
    return replace(pasted, inputs=inputs, unread=unread)


def without_keys(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Remove entries named like API keys; a value that contained a key becomes Unknown."""
    result: dict[str, Any] = {}
    for name, value in inputs.items():
        if is_secret_name(name):
            continue
        value = _without_secrets(value)
        held = any(
            MARK in str(text) for path, leaf in walk(value, (name,)) for text in (*path, leaf)
        )
        result[name] = Unknown(_KEY) if held else value
    return result


def _without_secrets(value: Any) -> Any:
    if is_list(value):
        return [_without_secrets(item) for item in value]
    if not is_mapping(value):
        return value
    return {n: _without_secrets(item) for n, item in value.items() if not is_secret_name(n)}


# files


def _file(value: Any) -> Any:
    if isinstance(value, LocalFile):
        return Path(value.name) if value.name else Unknown("a file that a person chooses")
    return value if isinstance(value, (str, Unknown)) else Unknown("a file")


def _file_name(file: Any) -> str:
    return file.name if isinstance(file, Path) else "a file"


def _check_file(path: Path, name: str) -> None:
    try:
        find_file(str(path))
    except InputError as error:
        raise error.with_field(name) from None
