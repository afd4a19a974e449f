"""Parse text that is pasted to name a workflow: an id, an address, or code of its API page.

Supported are an id or slug, the address of the API or of the workflow's page, Python, curl and
JavaScript that call it, and a JSON object of inputs. Code is never run, and API keys in it are
removed. The form of the API page is that of `65c9c7f641c340d7ef2f7134-v1`, 2026.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from segmind_widgets.errors import InputError
from segmind_widgets.schemas import is_list
from segmind_widgets.syntax.literals import UNKNOWN, mapping_of, of_curl, of_javascript, of_python
from segmind_widgets.syntax.samples import infer_schema, parse_parameters

_MAX_LENGTH = 4_000_000  # characters; a snippet with a picture inside is shorter
_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{24}-v\d{1,6}\b", re.IGNORECASE)
_UNVERSIONED = re.compile(r"[0-9a-f]{24}", re.IGNORECASE)
_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}")
_URL = re.compile(r"https?://[^\s\"'`<>\\)]+", re.IGNORECASE)
_IN_PATH = re.compile(r"/(?:workflows(?:/v\d+)?|pixelflows?)/([^/]+)", re.IGNORECASE)
_MODEL = re.compile(r"segmind\.com/(?:v[12]|models)/([\w.-]+)")
_KEYS = re.compile(  # where snippets show a key
    r"(?:\b(?=SG_\w{6}|sk-[\w-]{12})"
    r"|authorization[\"'\s]*[:=,][\s\"'`f]*bearer\s+"
    r"|(?:x-api-key|api_?key)[\"']?\s*[:=]\s*[\"'`]?)"
    r"([\w.~+/=-]{8,})",
    re.IGNORECASE,
)
_SECRET_NAMES = {"apikey", "xapikey", "authorization"}
_CURL = re.compile(r"^[$>!%\s]*curl\s.*", re.MULTILINE | re.DOTALL)
_PASTE = (
    "Paste the workflow's id (such as 65c9c7f641c340d7ef2f7134-v1), its address, or the code"
    " that its API page shows."
)


@dataclass(frozen=True)
class PastedWorkflow:
    """A workflow from pasted text.

    `target` is its id or slug and `name` its label for people; both are "" where the text has
    inputs only. `inputs` are the snippet's values. `schema` is the JSON Schema of the inputs in the
    page's order: from the page's description if that was pasted, else inferred from the values;
    None without either.
    """

    target: str
    name: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    schema: Mapping[str, Any] | None = None


def parse(text: str) -> PastedWorkflow:
    """Parse the workflow and its inputs from pasted text, without running or fetching anything.

    Raises:
        InputError: the text has neither a workflow nor inputs, or inputs that cannot be parsed.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text:
        raise InputError("Nothing was pasted.", hint=_PASTE)
    if len(text) > _MAX_LENGTH:
        raise InputError("The text is too long for a snippet.", hint=_PASTE)
    text = _without_keys(text)
    try:
        target, sample = _read(text)
        sample = _without_secrets(sample)
        schema = parse_parameters(text, sample) or infer_schema(sample)
    except RecursionError:
        raise InputError("The inputs are nested too deeply to be read.", hint=_PASTE) from None
    inputs = {name: value for name, value in sample.items() if value is not UNKNOWN}
    return PastedWorkflow(target, _name(target), inputs, schema)


def _read(text: str) -> tuple[str, dict[str, Any]]:
    """Return target and inputs; UNKNOWN for values that depend on running the code."""
    if text.startswith("{"):
        return "", mapping_of(text, "The text begins like JSON, but is no JSON object.")
    if not re.search(r"\s", text):
        return _target(text), {}
    target = _target_within(text)
    command = _CURL.search(text)
    sample = of_curl(command[0]) if command else of_python(text) or of_javascript(text)
    if not target and (model := _MODEL.search(text)):
        raise _for_a_model(model[1])
    if not target and sample is None:
        raise InputError("No workflow was found in the text.", hint=_PASTE)
    return target, sample or {}


def _without_keys(text: str) -> str:
    """Replace each API key in the text by the word KEY."""
    for key in sorted(set(_KEYS.findall(text)), key=len, reverse=True):
        text = text.replace(key, "KEY")
    if text == "KEY":
        raise InputError("That is an API key, not a workflow.", hint=_PASTE)
    return text


def _without_secrets(value: Any) -> Any:
    """Remove entries with the names of API keys from a value."""
    if is_list(value):
        return [_without_secrets(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _without_secrets(item)
        for name, item in value.items()
        if re.sub(r"[\W_]", "", name).lower() not in _SECRET_NAMES
    }


# the target


def _target(word: str) -> str:
    """Return the id or slug in a single word."""
    if _UNVERSIONED.fullmatch(word):
        raise InputError(
            "The workflow's id lacks its version.", hint=f"Write {word}-v1, or another version."
        )
    if _SLUG.fullmatch(word):
        return word
    address = word if re.match(r"https?://", word, re.IGNORECASE) else f"https://{word}"
    if target := _target_within(address):
        return target
    if model := _MODEL.search(word):
        raise _for_a_model(model[1])
    raise InputError("That is not the id, the name or the address of a workflow.", hint=_PASTE)


def _for_a_model(slug: str) -> InputError:
    return InputError(
        f"That is for the model {slug}, not for a workflow.",
        hint=f"Use %segmind_panel run, and choose {slug} there.",
    )


def _target_within(text: str) -> str:
    """Return the id or slug in the first address of a workflow, else the first id, else ""."""
    for url in _URL.findall(text):
        try:
            path = urlsplit(url).path
        except ValueError:
            continue
        in_path = _IN_PATH.search(path)
        target = _ID.search(path) or (in_path and _SLUG.fullmatch(in_path[1]))
        if in_path and target:
            return target[0]
    first = _ID.search(text)
    return first[0] if first else ""


def _name(target: str) -> str:
    """Return the label of a target: the words of a slug, or an id unchanged."""
    return target if _ID.fullmatch(target) else re.sub(r"[-_]+", " ", target).strip().capitalize()
