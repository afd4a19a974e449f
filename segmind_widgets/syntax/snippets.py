"""What a person pastes to name a workflow: an id, an address, or the code of its API page.

Understood are a bare id or slug, the address of the API or of the workflow's page, Python, curl
and JavaScript that call it, and a JSON object of inputs. Code is read, never run, and a key in it
is never kept. The form of the API page is that of `65c9c7f641c340d7ef2f7134-v1`, 2026.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from segmind_widgets.errors import InputError
from segmind_widgets.syntax.literals import UNKNOWN, mapping_of, of_curl, of_javascript, of_python
from segmind_widgets.syntax.samples import described, inferred

_LONGEST = 4_000_000  # characters; a snippet with a picture inside is shorter
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
    """What is known of a workflow from what was pasted.

    `target` is its id or slug, and `name` says it to people; both are "" where only inputs were
    pasted. `inputs` are the snippet's own values. `schema` is the JSON Schema of its inputs in the
    page's order: as the page describes them where that was pasted too, else told from the values;
    None where nothing is known.
    """

    target: str
    name: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    schema: Mapping[str, Any] | None = None


def parse(text: str) -> PastedWorkflow:
    """The workflow that a pasted text names, with the inputs it shows. Nothing is run or fetched.

    Raises:
        InputError: it names no workflow and holds no inputs, or its inputs cannot be read.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text:
        raise InputError("Nothing was pasted.", hint=_PASTE)
    if len(text) > _LONGEST:
        raise InputError("The text is too long for a snippet.", hint=_PASTE)
    text = _without_keys(text)
    try:
        target, sample = _read(text)
        sample = _open(sample)
        schema = described(text, sample) or inferred(sample)
    except RecursionError:
        raise InputError("The inputs are nested too deep to be read.", hint=_PASTE) from None
    inputs = {name: value for name, value in sample.items() if value is not UNKNOWN}
    return PastedWorkflow(target, _name(target), inputs, schema)


def _read(text: str) -> tuple[str, dict[str, Any]]:
    """The target and the inputs; UNKNOWN stands for a value that only running would tell."""
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
    """The text with a word in the place of each API key that it shows."""
    for key in sorted(set(_KEYS.findall(text)), key=len, reverse=True):
        text = text.replace(key, "KEY")
    if text == "KEY":
        raise InputError("That is an API key, not a workflow.", hint=_PASTE)
    return text


def _open(value: Any) -> Any:
    """The value without entries that are named like a key."""
    if isinstance(value, list):
        return [_open(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _open(item)
        for name, item in value.items()
        if re.sub(r"[\W_]", "", name).lower() not in _SECRET_NAMES
    }


# the target


def _target(word: str) -> str:
    """The id or slug that a single word is or holds."""
    if _UNVERSIONED.fullmatch(word):
        raise InputError(
            "The workflow's id lacks its version.", hint=f"Write {word}-v1, or another version."
        )
    if _SLUG.fullmatch(word):
        return word
    address = word if re.match(r"https?://", word, re.IGNORECASE) else f"https://{word}"
    if found := _target_within(address):
        return found
    if model := _MODEL.search(word):
        raise _for_a_model(model[1])
    raise InputError("That is not the id, the name or the address of a workflow.", hint=_PASTE)


def _for_a_model(slug: str) -> InputError:
    return InputError(
        f"That is for the model {slug}, not for a workflow.",
        hint=f"Use %segmind_panel run, and choose {slug} there.",
    )


def _target_within(text: str) -> str:
    """The id or slug in the first address of a workflow, or else the first id; "" for none."""
    for url in _URL.findall(text):
        try:
            path = urlsplit(url).path
        except ValueError:
            continue
        found = _IN_PATH.search(path)
        part = _ID.search(path) or (found and _SLUG.fullmatch(found[1]))
        if found and part:
            return part[0]
    bare = _ID.search(text)
    return bare[0] if bare else ""


def _name(target: str) -> str:
    """How to call it: a slug's words, else the id itself."""
    return target if _ID.fullmatch(target) else re.sub(r"[-_]+", " ", target).strip().capitalize()
