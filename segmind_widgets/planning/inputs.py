"""Inputs as a person gives them become inputs as a service takes them: files become URLs."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from segmind_widgets.assets.asset import Asset
from segmind_widgets.errors import InputError
from segmind_widgets.types import Model

_NAMED = re.compile(r"<.*, sha256 [0-9a-f]{64}>", re.DOTALL)
_PLAIN = (str, int, float, bool, type(None))


def resolve_files(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs with an Asset for every file, at any depth: each is read and hashed once."""
    return {name: _with_assets(name, value) for name, value in inputs.items()}


def _with_assets(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _with_assets(name, item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_assets(name, item) for item in value]
    asset = None if isinstance(value, _PLAIN) else _asset(name, value)
    return value if asset is None else asset


def iter_files(inputs: Mapping[str, Any], model: Model | None) -> Iterator[Asset]:
    """Every file on this machine among the inputs that is sent by its URL."""
    inline = _base64_fields(model)
    for name, value in inputs.items():
        if name not in inline:
            yield from _files(name, value)


def _files(name: str, value: Any) -> Iterator[Asset]:
    if isinstance(value, (Mapping, list, tuple)):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _files(name, item)
    elif not isinstance(value, _PLAIN):
        asset = _asset(name, value)
        if asset is not None and asset.local:
            yield asset


def _base64_fields(model: Model | None) -> set[str]:
    """The fields that take bare base64 in the place of a URL."""
    fields: Mapping[str, Any] = (model.schema or {}).get("properties", {}) if model else {}
    return {n for n, schema in fields.items() if schema.get("contentEncoding") == "base64"}


def to_base64(asset: Asset) -> str:
    """The content as bare base64, without `data:`: what Segmind's older models take."""
    import pybase64

    return pybase64.b64encode(asset.content).decode()


def placeholder(asset: Asset) -> str:
    """A short stand-in for a file that was sent as base64: journals and people need no more."""
    return f"<{asset.filename}, sha256 {asset.sha256}>"


def check_known(inputs: Mapping[str, Any]) -> None:
    """Refuse what `placeholder` left of a file: a service would take it for the file itself.

    Raises:
        InputError: a journal's inputs are sent again, and the file is not among them; `field`
            names the input.
    """
    for name, value in inputs.items():
        found = next(filter(_NAMED.fullmatch, _texts(value)), None)
        if found:
            raise InputError(
                f"`{name}` was a file, of which only the name is known now:"
                f" {found[1:].partition(', sha256 ')[0]}.",
                hint=f"Nothing was sent. Give the file again, as {name}.",
                field=name,
            )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (Mapping, list, tuple)):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(item)


def to_json(
    inputs: Mapping[str, Any],
    model: Model | None,
    url: Callable[[Asset], str],
    encode: Callable[[Asset], str] = to_base64,
) -> dict[str, Any]:
    """The inputs as JSON: each file its URL, or as `encode` gives it where the schema wants base64.

    Raises:
        InputError: a value is neither JSON nor a file; the field is named.
    """
    inline = _base64_fields(model)

    def form(asset: Asset, name: str) -> str:
        return encode(asset) if name in inline and asset.local else url(asset)

    return {
        name: _value(name, value, lambda asset, name=name: form(asset, name))
        for name, value in inputs.items()
    }


def _value(name: str, value: Any, form: Callable[[Asset], str]) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(
            f"`{name}` is {value}, a number that JSON does not have.",
            hint="Give a finite number, or leave it out.",
            field=name,
        )
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, Mapping):
        return {str(k): _value(name, v, form) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_value(name, item, form) for item in value]
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        return _value(name, value.item(), form)  # a NumPy scalar
    asset = _asset(name, value)
    if asset is None:
        raise InputError(
            f"`{name}` is a {type(value).__name__}, which cannot be sent.",
            hint="Give text, a number, a list or a file (path, bytes, picture, Asset, Job).",
            field=name,
        )
    return form(asset)


def _asset(name: str, value: Any) -> Asset | None:
    """The file that a value is; None for what is none. Errors name the field."""
    try:
        return _found(value)
    except InputError as error:
        raise error.with_field(error.field or name) from error.__cause__


def _found(value: Any) -> Asset | None:
    if getattr(value, "ndim", None) == 0:
        return None
    known = isinstance(value, (Asset, Path, bytes, bytearray, memoryview))
    if known or any(hasattr(value, sign) for sign in ("outputs", "read", "__array_interface__")):
        return Asset.of(value)
    return Asset.of(value) if hasattr(value, "save") and hasattr(value, "mode") else None
