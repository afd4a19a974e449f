"""The words and the code of an error, wherever a reply has them."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from typing import Any

from segmind_widgets.providers._statuses import word_of
from segmind_widgets.schemas import is_list, is_mapping

_NAMES = ("error", "error_message", "errorMessage", "message", "detail", "details",
          "error_description", "fail_reason", "failure_reason", "failReason", "reason", "msg",
          "description", "errors", "refusal")  # fmt: skip
_ERROR_NAMES = ("error", "error_message", "errorMessage", "fail_reason", "failure_reason",
                "failReason", "errors")  # fmt: skip
_RESULT_NAMES = ("data", "output", "outputs", "result", "results", "images", "image", "video",
                 "audio", "choices", "content", "candidates", "url", "urls")  # fmt: skip
_CODE_WORD = re.compile(r"[a-z]+([_.-][a-z\d]+)+")  # `invalid_api_key` beside a sentence
_DEEPEST = 6  # levels of nested errors
_HIDDEN = ("script", "style", "head")

# Segmind's pages use 406 for too few credits, also with the words "Not Acceptable" alone, for a
# team's limit, a value that is refused before the run, and a wrong content type
_MONEY = re.compile(
    r"\b(?:credits?|funds|quota|payment|top-?up|recharge)\b|(?<!\bwhite )\bbalance\b"
    r"|^insufficient\W*$|^not acceptable\W*$",
    re.IGNORECASE,
)
_TEAM = re.compile(
    r"\b(?:team|workspace|organi[sz]ation|member)\b.{0,80}\b(?:limit|budget|cap|quota)\b"
    r"|\b(?:spend|spending|budget) (?:limit|cap)\b"
    r"|\bbudget (?:is )?(?:exceeded|exhausted|reached)\b",
    re.IGNORECASE,
)
_CONTENT_TYPE = re.compile(r"\b(?:content|media|mime)[- ]?type\b", re.IGNORECASE)
_MODERATION = re.compile(
    r"moderat|nsfw|safety|content.?polic|content.?rule|content.?filter|sensitive (?:content|word)"
    r"|sensitive|prohibited|inappropriate|flagged",
    re.IGNORECASE,
)
_KEY = re.compile(r"invalid (?:token|api.?key)|unauthori[sz]ed|api.?key is invalid", re.IGNORECASE)


def is_about_money(message: str) -> bool:
    """Return whether an error says that the account has too little credit."""
    return bool(_MONEY.search(message))


def is_about_a_team(message: str) -> bool:
    """Return whether an error says that a team has reached its spending limit."""
    return bool(_TEAM.search(message))


def is_about_content_type(message: str) -> bool:
    """Return whether an error says that the request's content has the wrong type."""
    return bool(_CONTENT_TYPE.search(message))


def is_moderation(message: str) -> bool:
    """Return whether an error says that rules for content refused the request."""
    return bool(_MODERATION.search(message))


def excerpt(body: bytes) -> str:
    """Return the beginning of a reply's body as text, for an error."""
    return body[:2000].decode("utf-8", "replace")


def words(text: str) -> tuple[str, str | None]:
    """Return the message in a reply's body, and the input that it names, or None."""
    try:
        message, field = _from_json(json.loads(text))
    except (ValueError, RecursionError):
        message, field = _from_markup(text), None
    message, field = _whole(" ".join(message.split())[:500]), _whole(field or "")
    cut = message[:1] in ("{", "[")  # incomplete JSON: its keys are not inputs
    return message, field or (None if cut else _named_field(message))


def reason(body: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return why a job failed, and the input that is named, from the reply about the job."""
    told = {name: body[name] for name in _NAMES if body.get(name)}
    for place in ("data", "result", "output"):
        inner = body.get(place)
        if not told and is_mapping(inner):
            told = {name: inner[name] for name in _NAMES if inner.get(name)}
    return words(json.dumps(told))


def code_of(body: Mapping[str, Any]) -> int:
    """Return the HTTP code of an error that a reply tells under a code of success; 0 for none."""
    error = next((body[name] for name in _ERROR_NAMES if body.get(name)), None)
    names = ("code", "status_code", "statusCode", "status")
    numbers: list[Any] = [body.get(name) for name in names]
    numbers += [error.get("code"), error.get("status")] if is_mapping(error) else []
    code = next((code for value in numbers if (code := _error_code(value))), 0)
    is_refused = body.get("success") is False or body.get("ok") is False
    has_result = any(body.get(name) for name in _RESULT_NAMES)
    is_alone = bool(error) and not has_result and not word_of(body)
    if not (is_refused or is_alone or (code and not has_result and not word_of(body))):
        return 0
    return code or _code_by_words(words(json.dumps(dict(body)))[0])


def _error_code(value: object) -> int:
    text = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    return int(text) if re.fullmatch("[45][0-9][0-9]", text) else 0


def _code_by_words(message: str) -> int:
    if is_about_money(message):
        return 402
    return 401 if _KEY.search(message) else 400


def _whole(text: str) -> str:
    """Return the text with "?" for unpaired surrogates, which files and databases cannot store."""
    return text.encode("utf-8", "replace").decode()


def _from_json(value: Any, depth: int = 0) -> tuple[str, str | None]:
    if isinstance(value, str):
        return value, None
    if depth > _DEEPEST:
        return "", None
    if is_list(value):
        return _joined([_from_json(item, depth + 1) for item in value])
    if not is_mapping(value):
        return "", None
    if "msg" in value and "loc" in value:  # FastAPI's: {"loc": ["body", "steps"], "msg": "…"}
        loc = value["loc"]
        field = str(loc[-1]) if is_list(loc) and loc else None
        return f"{field}: {value['msg']}" if field else str(value["msg"]), field
    found = [(name, *_from_json(value[name], depth + 1)) for name in _NAMES if value.get(name)]
    found = [entry for entry in found if entry[1]]
    if found:
        sentences = [entry for entry in found if not _CODE_WORD.fullmatch(entry[1])]
        name, message, field = (sentences or found)[0]
        param = value[name].get("param") if is_mapping(value[name]) else None
        return message, field or (param if isinstance(param, str) else None)
    return _by_name(value, depth) if depth else ("", None)


def _by_name(value: Mapping[str, Any], depth: int) -> tuple[str, str | None]:
    """Return the messages under names of the service's own, such as the nodes of a workflow."""
    found = [
        (f"{name}: {message}", field)
        for name, item in value.items()
        if is_mapping(item) or is_list(item)
        for message, field in [_from_json(item, depth + 1)]
        if message
    ]
    return _joined(found)


def _joined(parts: list[tuple[str, str | None]]) -> tuple[str, str | None]:
    fields = [field for _, field in parts if field]
    return "; ".join(message for message, _ in parts if message), fields[0] if fields else None


def _from_markup(text: str) -> str:
    """Return the words of a page without its tags, scripts and styles; linear in its length."""
    pieces: list[str] = []
    small, at = text.lower(), 0
    if len(small) != len(text):  # a few letters have two in lower case
        text = small
    while (start := text.find("<", at)) >= 0:
        pieces.append(text[at:start])
        at = text.find(">", _end_of_hidden(small, start)) + 1 or len(text)
    return html.unescape(" ".join([*pieces, text[at:]]))


def _end_of_hidden(page: str, start: int) -> int:
    """Return where the end tag of a script, a style or a head begins; for other tags `start`."""
    name = next((name for name in _HIDDEN if page.startswith(name, start + 1)), "")
    if not name or page[start + 1 + len(name) : start + 2 + len(name)].isalnum():
        return start
    end = page.find(f"</{name}", start)
    return end if end >= 0 else len(page)


def _named_field(message: str) -> str | None:
    match = re.search(r"[`'\"]([A-Za-z_]\w*)[`'\"]", message)
    return match[1] if match else None
