"""Calls of SDKs: Segmind's own, this package's, and OpenAI's at an address of a service."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from segmind_widgets.schemas import is_list
from segmind_widgets.syntax.pasted.values import BaseUrl, CodeRequest, LocalFile, Reference, is_dict

# An SDK's request has no address, so these schemes name its target.
SCHEMES = {"v1": "segmind-v1", "v2": "segmind-v2", "workflow": "segmind-workflow"}
UPLOAD, UNNAMED = "segmind-upload:", "segmind-unnamed:"
OWN = "segmind-widgets:"
_OFFICIAL = re.compile(
    r"(?:segmind(?:\.SegmindClient\(\))?)\."
    r"(run|run_sync|submit_async|chat|chat_sync|submit_chat|stream|pixelflows\.run|files\.upload)"
)
_OLD = re.compile(r"segmind(?:api)?\.\w+\(\)\.generate")
_OURS = re.compile(
    r"segmind_widgets\.SegmindClient(?:\.instance)?\(\)\.(run|submit|submit_workflow|upload)"
)
_OPENAI = {
    "images.generate": "images/generations",
    "chat.completions.create": "chat/completions",
    "responses.create": "responses",
    "audio.speech.create": "audio/speech",
}


def request(called: Any, args: Sequence[Any], words: Mapping[str, Any]) -> CodeRequest | None:
    """Return the request that a call of an SDK sends; None for other calls."""
    if isinstance(called, BaseUrl) and called.name in _OPENAI:
        return _openai(called, words)
    name = called.name if isinstance(called, Reference) else ""
    if match := _OFFICIAL.fullmatch(name):
        return _official(match[1], args, dict(words))
    if match := _OURS.fullmatch(name):
        return _ours(match[1], args, dict(words))
    return CodeRequest("POST", UNNAMED, dict(words)) if _OLD.fullmatch(name) else None


def _openai(called: BaseUrl, words: Mapping[str, Any]) -> CodeRequest:
    body = {name: value for name, value in words.items() if name != "extra_body"}
    extra = words.get("extra_body")
    body |= extra if is_dict(extra) else {}
    return CodeRequest("POST", f"{called.url.rstrip('/')}/{_OPENAI[called.name]}", body)


def _official(method: str, args: Sequence[Any], words: dict[str, Any]) -> CodeRequest:
    if method == "files.upload":
        return CodeRequest(
            "POST", UPLOAD, None, _files(args[0] if args else words.get("file_paths"))
        )
    if method == "pixelflows.run":
        target = words.get("workflow_id") or words.get("workflow_url")
        target = target or next(iter(args), None)
        body: Any = words.get("data") or (args[2] if len(args) > 2 else {})
        return _named(SCHEMES["workflow"], target, body)
    slug = args[0] if args else words.pop("slug", None)
    api = "v1" if method in ("run_sync", "chat_sync") else "v2"
    return _named(SCHEMES[api], slug, words)


def _ours(method: str, args: Sequence[Any], words: dict[str, Any]) -> CodeRequest:
    if method == "upload":
        return CodeRequest("POST", UPLOAD, None, _files(args[0] if args else words.get("source")))
    target = args[0] if args else words.pop("model", words.pop("workflow", None))
    body = args[1] if len(args) > 1 else words.pop("inputs", None)
    kind = "workflow" if method == "submit_workflow" else words.get("kind", "model")
    facts = [words.get("provider"), kind, words.get("api")]
    where = "/".join(fact if isinstance(fact, str) else "" for fact in facts)
    return _named(f"{OWN}{where}", target, {} if body is None else body)


def _named(scheme: str, target: Any, body: Any) -> CodeRequest:
    if not isinstance(target, str):
        return CodeRequest("POST", UNNAMED, body)
    return CodeRequest("POST", target if "://" in target else f"{scheme}:{target}", body)


def _files(value: Any) -> tuple[Any, ...]:
    files = value if is_list(value) else [value]
    return tuple(LocalFile(each) if isinstance(each, str) else each for each in files)
