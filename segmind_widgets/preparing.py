"""Inputs as a person gives them become inputs as a service takes them: files become URLs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from segmind_widgets.assets import Asset
from segmind_widgets.errors import InputError
from segmind_widgets.types import Model

_PLAIN = (str, int, float, bool, type(None))


def files(inputs: Any) -> Iterator[Asset]:
    """Every file among the inputs, at any depth, that has no URL yet."""
    if isinstance(inputs, Mapping):
        for value in inputs.values():
            yield from files(value)
    elif isinstance(inputs, (list, tuple)):
        for value in inputs:
            yield from files(value)
    elif not isinstance(inputs, _PLAIN):
        asset = _asset(inputs)
        if asset is not None and asset.local:
            yield asset


def prepared(
    inputs: Mapping[str, Any], model: Model | None, url: Callable[[Asset], str]
) -> dict[str, Any]:
    """The inputs as JSON: each file its URL, or base64 where the model's schema wants that.

    Raises:
        InputError: a value is neither JSON nor a file; the field is named.
    """
    fields: Mapping[str, Any] = (model.schema or {}).get("properties", {}) if model else {}
    return {
        name: _value(name, value, url, encoded=_takes_base64(fields.get(name, {})))
        for name, value in inputs.items()
    }


def _takes_base64(schema: Mapping[str, Any]) -> bool:
    return schema.get("contentEncoding") == "base64"


def _value(name: str, value: Any, url: Callable[[Asset], str], *, encoded: bool) -> Any:
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, Mapping):
        return {str(k): _value(name, v, url, encoded=encoded) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_value(name, item, url, encoded=encoded) for item in value]
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        return value.item()  # a NumPy scalar
    asset = _asset(value)
    if asset is None:
        raise InputError(
            f"`{name}` is a {type(value).__name__}, which cannot be sent.",
            hint="Give text, a number, a list or a file (path, bytes, picture, Asset, Job).",
            field=name,
        )
    if encoded and asset.local:
        import pybase64

        return pybase64.b64encode(asset.content).decode()
    return url(asset)


def _asset(value: Any) -> Asset | None:
    """The file that a value is; None for what is none."""
    if getattr(value, "ndim", None) == 0:
        return None
    known = isinstance(value, (Asset, Path, bytes, bytearray, memoryview))
    if known or any(hasattr(value, sign) for sign in ("outputs", "read", "__array_interface__")):
        return Asset.of(value)
    return Asset.of(value) if hasattr(value, "save") and hasattr(value, "mode") else None
