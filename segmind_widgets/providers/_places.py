"""The places of a reply where results stand: known names at known depths.

Names and depths decide, not the look of a value: a link elsewhere is a part of the data and is
never fetched. The exception is `lone_addresses`, for a reply that holds nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from segmind_widgets.assets import media_types
from segmind_widgets.nested import walk
from segmind_widgets.providers._facts import number, utc_text
from segmind_widgets.providers._names import (
    DATA_TYPES,
    KINDS,
    PLAIN,
    TYPE_NAMES,
    WORD_NAMES,
    is_fact,
    is_link,
    kind_of,
    role_of,
    snake,
)
from segmind_widgets.providers._outputs import address_of, data_output, file_of, parsed
from segmind_widgets.providers._statuses import FIELDS, WORDS, normal
from segmind_widgets.schemas import is_list, is_mapping
from segmind_widgets.types import Output

_DEEPEST = 8  # levels below the reply; the known forms have five


@dataclass
class Found:
    """The outputs at a place, and the words and data that stand beside them."""

    outputs: list[Output] = field(default_factory=list[Output])
    rest: Any = None

    def add(self, other: Found) -> None:
        """Add the outputs of another place."""
        self.outputs += other.outputs


def results(body: Mapping[str, Any], *, is_whole: bool, is_media: bool) -> Found:
    """Return the outputs in a reply.

    Args:
        body: the reply. What a text model says is no concern of this function.
        is_whole: whether the reply is the result itself, so that its other members are data.
        is_media: whether the run makes files, so that a string of JSON is read as a reply is. For
            other runs it is an answer, unless it holds addresses and nothing else.
    """
    found = Found()
    rest: dict[str, Any] = {}
    for name, item in sorted(body.items(), key=lambda entry: _order(entry[0])):
        role = role_of(name)
        if role is not None:
            label = None if role in KINDS else role or None
            inner = _unpacked(_place(item, label, kind_of(name), 1), item, label, is_media=is_media)
            found.add(inner)
            item = inner.rest
        elif not is_whole:
            continue
        if not is_empty(item):
            rest[str(name)] = item
    found.outputs = unique(found.outputs)
    found.rest = _beside(rest)
    return found


def _order(name: object) -> int:
    plain = snake(name)
    return PLAIN.index(plain) if plain in PLAIN else len(PLAIN)


def _unpacked(found: Found, item: Any, label: str | None, *, is_media: bool) -> Found:
    """Return the outputs in a string of JSON, if that is what stands at a place."""
    inner = parsed(item) if isinstance(item, str) and not found.outputs else None
    if inner is None:
        return found
    other = _place(inner, label, "", 2)
    is_named = is_list(inner) and any(is_mapping(one) and "keyname" in one for one in inner)
    if is_named or is_media or (other.outputs and is_empty(_beside(other.rest))):
        return other
    return Found([], inner)


def _place(value: Any, name: str | None, kind: str, depth: int) -> Found:
    """Return the outputs in a value at a place of results."""
    if depth > _DEEPEST or value is None:
        return Found([], value)
    if isinstance(value, str):
        output = file_of(value, kind)
        if output is None and kind and value and depth == 1:
            # a damaged file: the run is paid for, and the check of results keeps the bytes
            output = Output(data=value.encode("utf-8", "replace"), media_type=kind)
        return Found([replace(output, name=name)]) if output else Found([], value)
    if is_list(value):
        found, rest = Found(), list[Any]()
        for item in value:
            inner = _place(item, name, kind, depth + 1)
            found.add(inner)
            rest += [] if is_empty(inner.rest) else [inner.rest]
        return Found(found.outputs, rest)
    if is_mapping(value):
        if isinstance(value.get("keyname"), str):
            return Found(_named(value, depth))
        return _record(value, name, kind, depth)
    return Found([], value)


def _record(value: Mapping[str, Any], name: str | None, kind: str, depth: int) -> Found:
    """Return the outputs of a mapping: `{"url", "content_type", "expires_at"}`, `{"mask": …}`."""
    if str(value.get("type", "")).lower() in DATA_TYPES and not _has_addresses_by_name(value):
        return Found([], next((value[key] for key in ("data", "value", "text", "content")
                               if key in value), value))  # fmt: skip
    media_type = next(filter(None, (media_types.parse(value.get(key)) for key in TYPE_NAMES)), None)
    expires = utc_text(value.get("expires_at"))
    found, rest = Found(), dict[str, Any]()
    for key, item in value.items():
        role = role_of(key)
        if role is None:
            rest[str(key)] = item
            continue
        inner = _place(item, role or name, kind_of(key) or ("" if role else kind), depth + 1)
        own = None if role and role not in KINDS else media_type
        found.outputs += [
            replace(
                output,
                media_type=output.media_type or (own if output.url else None),
                expires_at=output.expires_at or expires,
            )
            for output in inner.outputs
        ]
        if not is_empty(inner.rest):
            rest[str(key)] = inner.rest
    return Found(found.outputs, rest)


def _has_addresses_by_name(value: Mapping[str, Any]) -> bool:
    return any(snake(key).endswith(("url", "urls", "b64_json")) for key in value)


def _named(value: Mapping[str, Any], depth: int) -> list[Output]:
    """Return the outputs of a workflow's `{"keyname": …, "value": {"data": …, "type": …}}`."""
    name, inner = value["keyname"], value.get("value")
    if isinstance(inner, str) and (record := parsed(inner)) is not None:
        inner = record
    found = _place(inner, name, "", depth + 1)
    rest = inner.get("data") if is_mapping(inner) and not found.outputs else _beside(found.rest)
    if is_mapping(inner) and rest is None and not found.outputs:
        rest = _beside(inner)
    rest = next(iter(rest.values())) if is_mapping(rest) and [*rest] == ["data"] else rest
    texts = rest if is_list(rest) and all(isinstance(one, str) for one in rest) else [rest]
    return found.outputs + [data_output(one, name) for one in texts if not is_empty(one)]


def _beside(value: Any) -> Any:
    """Return what is data in a value: all but ids, status words, and facts about the files."""
    if is_list(value):
        items = [item for item in map(_beside, value) if not is_empty(item)]
        return items or None
    if not is_mapping(value):
        return value
    inner = {key: _beside(item) for key, item in value.items() if not is_fact(key)}
    inner = {key: item for key, item in inner.items() if not is_empty(item)}
    if len(inner) == 1 and role_of(next(iter(inner))) == "":
        return next(iter(inner.values()))
    return inner or None


def is_empty(value: Any) -> bool:
    """Return whether a value of a reply holds nothing."""
    return value is None or (not isinstance(value, (bool, int, float)) and not value)


def lone_addresses(value: Any) -> list[Output]:
    """Return the addresses of a reply that holds only addresses, status words, ids and numbers.

    The last resort for a result under an unknown name. An address of a page or of data is none.
    """
    outputs: list[Output] = []
    for path, leaf in walk(value):
        names = [snake(part) for part in path if isinstance(part, str)]
        if not isinstance(leaf, str) or not leaf or _is_status_or_id(names, leaf):
            continue
        address = address_of(leaf.strip())
        if not address or not WORD_NAMES.isdisjoint(names):
            return []
        if any(is_fact(name) or is_link(name) for name in names):
            continue
        kind = media_types.type_of_name(address.partition("?")[0]) or ""
        if not kind.endswith(("html", "json", "xml")) or kind == "image/svg+xml":
            outputs.append(Output(url=address, name=_last_name(names), is_guess=True))
    return unique(outputs)


def _last_name(names: list[str]) -> str | None:
    own = [role_of(name) or name for name in names if role_of(name) != ""]
    return own[-1] if own else None


def _is_status_or_id(names: list[str], text: str) -> bool:
    last = names[-1] if names else ""
    if last in FIELDS or last.endswith("id") or last in ("object", "type", "model"):
        return not any(map(str.isspace, text)) and "://" not in text
    return normal(text) in WORDS or number(text) is not None


def unique(outputs: Iterable[Output]) -> list[Output]:
    """Return each file once, with the facts that any of its places has."""
    merged: dict[object, Output] = {}
    for output in outputs:
        key = output.url or (output.data, output.name if _is_text(output) else None)
        first = merged.get(key)
        merged[key] = output if first is None else replace(
            first,
            name=first.name or output.name,
            media_type=first.media_type or output.media_type,
            expires_at=first.expires_at or output.expires_at,
        )  # fmt: skip
    return list(merged.values())


def _is_text(output: Output) -> bool:
    return (output.media_type or "").startswith("text/")


def iter_values(body: Mapping[str, Any]) -> Iterator[Any]:
    """Yield a reply and the values at its plain names, where answers stand; strings are parsed."""
    yield body
    for name in ("output", "result", "data", "response", "results"):
        item = body.get(name)
        yield parsed(item) if isinstance(item, str) else item
        if is_mapping(item) and is_mapping(item.get("result")):
            yield item["result"]
