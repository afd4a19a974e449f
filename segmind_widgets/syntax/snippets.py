"""Read pasted text: a name, an address, code that calls a service, an API page, or inputs.

`find_code` recognises code in a cell; `read` accepts all forms. Code is never run, and API keys are
removed from the text before it is parsed.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from segmind_widgets.errors import InputError
from segmind_widgets.schemas import is_mapping
from segmind_widgets.secret import Secret
from segmind_widgets.syntax.api_pages import parse_parameters
from segmind_widgets.syntax.cells import BLOCK_SCALAR, MAPPING, names_service, parse_body
from segmind_widgets.syntax.page_facts import usual_cost
from segmind_widgets.syntax.pasted import addresses, program
from segmind_widgets.syntax.pasted.addresses import Hosts, PastedApi, PastedKind
from segmind_widgets.syntax.pasted.program import Program
from segmind_widgets.syntax.pasted.result import (
    AS_TEXT,
    HINT,
    WORKFLOW_ID,
    Pasted,
    to_pasted,
    with_clean_inputs,
)
from segmind_widgets.syntax.pasted.values import Unknown, to_inputs
from segmind_widgets.syntax.samples import infer_schema
from segmind_widgets.syntax.secrets import MARK, cut_keys

_MAX_LENGTH = 4_000_000  # characters; even a snippet that contains a picture is shorter
_UNVERSIONED = re.compile(r"[0-9a-f]{24}", re.IGNORECASE)
_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}")
_URL = re.compile(r"https?://[^\s\"'`<>\\)]+", re.IGNORECASE)
_WORKFLOW_PATH = re.compile(r"/(?:workflows(?:/v\d+)?|pixelflows?)/([^/]+)", re.IGNORECASE)
_MODEL_PATH = re.compile(r"segmind\.com/(v[12]|models)/([\w.-]+)")
_VARIABLES = ("data", "payload", "body", "inputs", "input", "params", "json")
_CALLS = re.compile(
    r"\b(?:requests|httpx|session|client|urllib[\w.]*|axios)[\w.]*\(|\bfetch\(|^[$>!%\s]*curl\s",
    re.MULTILINE,
)
_CELL = re.compile(r"\s*%%?segmind_(run|workflow)\b([^\n]*)\n?")
_FLAGS = re.compile(r"\s(?:-p|--provider|--api)\s+(\S+)")
_TITLES = {"segmind": "Segmind", "apimart": "APIMart"}


def find_code(text: str, hosts: Hosts = (), keys: Iterable[Secret] = ()) -> Pasted | None:
    """Return the code in a cell's body that calls a service; None if the body is text.

    Code that calls other addresses, code in quotes, and code in a YAML mapping are also text.

    Raises:
        InputError: it is code, but cannot be interpreted as one run or upload.
    """
    text, hosts = _normalized(text), tuple(hosts)
    if not names_service(text, hosts) or len(text) > _MAX_LENGTH:
        return None
    if text[0] in "\"'" or BLOCK_SCALAR.match(text):
        return None
    code = cut_keys(text, keys, code=True)
    is_yaml = MAPPING.match(code) is not None
    if is_yaml and not program.is_python(code):
        return None
    try:
        source = program.find(code, lambda url: _is_service(url, hosts))
    except RecursionError:
        source = None
    if source is None:
        if is_yaml:
            return None
        if _CALLS.search(code) and _names_service(code, hosts):
            raise _unreadable()
        return None
    if not source.complete:
        raise InputError(
            f"The {source.language} code in this cell is next to other text that cannot be read.",
            hint=f"Keep only the code in the cell. {AS_TEXT}",
        )
    return replace(to_pasted(source, hosts), had_key=code != text)


def read(text: str, hosts: Hosts = (), keys: Iterable[Secret] = ()) -> Pasted:
    """Read pasted text of any form, without running or fetching anything.

    Raises:
        InputError: the text has neither a target nor inputs, or inputs that cannot be parsed.
    """
    text, hosts = _normalized(text), tuple(hosts)
    if not text:
        raise InputError("Nothing was pasted.", hint=HINT)
    if len(text) > _MAX_LENGTH:
        raise InputError("The text is too long for a snippet.", hint=HINT)
    code = cut_keys(text, keys, code=True)
    if code == MARK:
        raise InputError("That is an API key, not a workflow or model.", hint=HINT)
    try:
        pasted = _read_page(code, hosts)
        sample = {
            **pasted.inputs,
            **{name: Unknown(source) for name, source in pasted.unread.items()},
        }
        described = parse_parameters(code, sample)
    except RecursionError:
        raise InputError("The inputs are nested too deeply to be read.", hint=HINT) from None
    return replace(
        pasted,
        schema=described or infer_schema(sample),
        is_described=described is not None,
        cost=usual_cost(code) if described else None,
        had_key=code != text,
    )


def _read_page(code: str, hosts: Hosts) -> Pasted:
    """Read code, or a copied page: before its numbered code are title, usual time and cost."""
    try:
        return _read(code, hosts)
    except InputError:
        lines = code.split("\n")
        pairs = enumerate(itertools.pairwise(lines))
        starts = (i for i, (one, two) in pairs if _is_line(one, "1") and _is_line(two, "2"))
        if not (start := next(starts, 0)):
            raise
    return _read("\n".join(lines[start:]), hosts)


def _is_line(text: str, number: str) -> bool:
    """Return whether a line of a page begins with its number."""
    text = text.lstrip()
    return text.startswith(number) and not text[1:2].isdigit()


def _normalized(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").strip()


def _is_service(url: str, hosts: Hosts) -> bool:
    return bool(addresses.provider_of(url, hosts)) or addresses.target_of(url, hosts) is not None


def _names_service(code: str, hosts: Hosts) -> bool:
    return program.is_service_named(code, lambda url: _is_service(url, hosts))


def _unreadable() -> InputError:
    return InputError(
        "This looks like code that calls a service, but it cannot be read as Python, curl or "
        "JavaScript.",
        hint=f"Paste the whole program. {AS_TEXT}",
    )


# all forms


def _read(text: str, hosts: Hosts) -> Pasted:
    def is_service(url: str) -> bool:
        return _is_service(url, hosts)

    if not re.search(r"\s", text) and text[0] not in "{[":
        return _of_word(text)
    if cell := _CELL.match(text):
        return _of_cell(cell, text[cell.end() :])
    if text.startswith("{"):
        return _of_mapping(text, hosts)
    source = program.find(text, is_service)
    if source is not None and (pasted := to_pasted(source, hosts, lenient=True)):
        return pasted
    pasted = _target_within(text)
    code = program.unnumbered(text)
    values = program.of_python(code, is_service).variables
    values = values if _sample(values) is not None else _javascript_variables(code, is_service)
    sample = _sample(values)
    if sample is None and MAPPING.match(text):
        sample = parse_body(text, {})
    if sample is None and _CALLS.search(code) and _names_service(code, hosts):
        raise _unreadable()
    if sample is None and not pasted.target:
        raise InputError("No workflow and no model was found in the text.", hint=HINT)
    return with_clean_inputs(pasted, sample or {})


def _javascript_variables(code: str, is_service: program.IsService) -> Mapping[str, Any]:
    if not re.search(r"\b(?:const|let|var)\s", code):
        return {}
    return program.of_javascript(code, is_service).variables


def _sample(variables: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the inputs in a variable with a usual name."""
    values = (variables.get(name) for name in _VARIABLES)
    return next((to_inputs(value) for value in values if is_mapping(value)), None)


def _of_mapping(text: str, hosts: Hosts) -> Pasted:
    mapping = program.mapping_of(text)
    if mapping is None:
        raise InputError(
            "The text begins like JSON, but is not a JSON object.",
            hint='JSON looks like {"prompt": "a red fox"}; copy all of it.',
        )
    requests = program.of_json(mapping, lambda url: _is_service(url, hosts))
    if requests:
        return to_pasted(Program("JSON", requests), hosts)
    return replace(with_clean_inputs(Pasted(), mapping), language="JSON")


def _of_cell(head: re.Match[str], body: str) -> Pasted:
    """Read a cell of this package, in the form written by `export`."""
    options = head[2]
    flags = _FLAGS.findall(options)
    words = _FLAGS.sub("", options).split()
    target = words[0] if words and "=" not in words[0] else ""
    kind: PastedKind = "model" if head[1] == "run" else "workflow"
    api: PastedApi = "v1" if "v1" in flags else "v2" if "v2" in flags else "auto"
    provider = next((flag for flag in flags if flag not in ("auto", "v1", "v2")), "")
    pasted = Pasted(target, kind, provider, api, language="the cell")
    return with_clean_inputs(pasted, parse_body(body, {}))


def _of_word(word: str) -> Pasted:
    """Read a single word: an id, a slug or an address."""
    if _UNVERSIONED.fullmatch(word):
        raise InputError(
            "The workflow's id has no version.", hint=f"Write {word}-v1, or another version."
        )
    if _SLUG.fullmatch(word):
        return Pasted(word, "workflow" if WORKFLOW_ID.fullmatch(word) else "")
    address = word if re.match(r"https?://", word, re.IGNORECASE) else f"https://{word}"
    pasted = _target_within(address)
    if not pasted.target:
        raise InputError(
            "That is not the id, the name or the address of a workflow or model.", hint=HINT
        )
    return pasted


def _target_within(text: str) -> Pasted:
    """Return the target of the first address in a text, else the first workflow id."""
    for url in _URL.finditer(text):
        try:
            path = urlsplit(url[0]).path
        except ValueError:
            continue
        in_path = _WORKFLOW_PATH.search(path)
        target = WORKFLOW_ID.search(path) or (in_path and _SLUG.fullmatch(in_path[1]))
        if in_path and target and not in_path[1].startswith("request"):
            return Pasted(target[0], "workflow", "segmind")
    if model := _MODEL_PATH.search(text):
        api: PastedApi = "v1" if model[1] == "v1" else "v2" if model[1] == "v2" else "auto"
        return Pasted(model[2], "model", "segmind", api)
    first = WORKFLOW_ID.search(text)
    return Pasted(first[0], "workflow") if first else Pasted()
