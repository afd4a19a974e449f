"""Convert inputs from the user's form to the service's form: files become URLs."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.base64_codec import base64_codec
from segmind_widgets.errors import InputError
from segmind_widgets.nested import transform, walk
from segmind_widgets.schemas import is_list
from segmind_widgets.secret import Secret
from segmind_widgets.syntax.secrets import MARK, holds_key
from segmind_widgets.types import Model

_PLACEHOLDER = re.compile(r"<.*, sha256 [0-9a-f]{64}>", re.DOTALL)
_DATA_URL = re.compile(r"\s*data:[\w.+-]+/[\w.+-]+[;,]", re.IGNORECASE)
_PLAIN = (str, int, float, bool, type(None))


def resolve_files(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs with an Asset for every file, at any depth; each is read only once.

    Raises:
        AssetError: a file cannot be read; `field` names the input.
    """

    def resolve(name: str, value: Any) -> Any:
        asset = _asset(name, value)
        return value if asset is None else asset

    return {name: transform(value, partial(resolve, name)) for name, value in inputs.items()}


def file_lists(inputs: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the inputs that are lists of local files only, without URLs.

    The inputs hold an Asset for every file.
    """
    return frozenset(
        name
        for name, value in inputs.items()
        if is_list(value) and value and all(isinstance(item, Asset) for item in value)
    )


def resolve_data_urls(
    inputs: Mapping[str, Any], check_upload: Callable[[Asset], object]
) -> dict[str, Any]:
    """Return the inputs with an Asset for every data URL, at any depth, to be uploaded.

    Raises:
        AssetError: the service does not take such a file; `field` names the input.
    """

    def resolve(name: str, value: Any) -> Any:
        if not (isinstance(value, str) and _DATA_URL.match(value)):
            return value
        try:
            asset = Asset.of(value.strip())
            check_upload(asset)
        except InputError as error:
            raise error.with_field(error.field or name) from error.__cause__
        return asset

    return {name: transform(value, partial(resolve, name)) for name, value in inputs.items()}


def iter_files(inputs: Mapping[str, Any], model: Model | None) -> Iterator[tuple[str, Asset, bool]]:
    """Yield input, file and whether it is sent as base64, for every file on this machine."""
    inline = _base64_fields(model)
    for (name, *_), value in walk(inputs):
        asset = _asset(name, value)
        if asset is not None and asset.local:
            yield name, asset, name in inline


def _base64_fields(model: Model | None) -> set[str]:
    """Return the fields that take bare base64 instead of a URL."""
    fields: Mapping[str, Any] = (model.schema or {}).get("properties", {}) if model else {}
    return {n for n, schema in fields.items() if schema.get("contentEncoding") == "base64"}


def to_base64(asset: Asset) -> str:
    """Return the content as bare base64, without `data:`, for Segmind's older models."""
    return base64_codec().b64encode(asset.content).decode()


def placeholder(asset: Asset) -> str:
    """Return a short text that stands for a file sent as base64 in journals and views."""
    return f"<{asset.filename}, sha256 {asset.sha256}>"


def refuse_placeholders(inputs: Mapping[str, Any]) -> None:
    """Refuse a text made by `placeholder`, which a service would mistake for the file.

    Raises:
        InputError: inputs from the journal have a placeholder instead of the file; `field` names
            the input.
    """
    for (name, *_), value in walk(inputs):
        if isinstance(value, str) and _PLACEHOLDER.fullmatch(value):
            raise InputError(
                f"`{name}` was a file, of which only the name is still known:"
                f" {value[1:].partition(', sha256 ')[0]}.",
                hint=f"Nothing was sent. Give the file again, as {name}.",
                field=name,
            )


def refuse_keys(target: str, inputs: Mapping[str, Any], keys: Sequence[Secret]) -> None:
    """Refuse a run that contains an account's key, since requests are stored and shown.

    Raises:
        InputError: an input, its name or the target contains a key; `field` names the input.
    """
    hint = "Nothing was sent. Remove the key: the session already has one, see %segmind_status."
    keys = [*keys, Secret(MARK)]
    if holds_key(target, keys):
        raise InputError("The name of the model or workflow contains an API key.", hint=hint)
    for name, value in inputs.items():
        if holds_key(name, keys):
            raise InputError("The name of an input contains an API key.", hint=hint)
        if holds_key(value, keys):
            raise InputError(f"`{name}` contains an API key.", hint=hint, field=name)


def to_json(
    inputs: Mapping[str, Any],
    model: Model | None,
    url: Callable[[Asset], str],
    encode: Callable[[Asset], str] = to_base64,
) -> dict[str, Any]:
    """Return the inputs as JSON: files as URLs, or as base64 from `encode` if required.

    Raises:
        InputError: a value is neither JSON nor a file; the field is named.
    """
    inline = _base64_fields(model)

    def form(asset: Asset, name: str) -> str:
        return encode(asset) if name in inline and asset.local else url(asset)

    def leaf(name: str, value: Any) -> Any:
        if isinstance(value, float) and not math.isfinite(value):
            raise InputError(
                f"`{name}` is {value}, a number that JSON does not allow.",
                hint="Give a finite number, or leave it out.",
                field=name,
            )
        if isinstance(value, _PLAIN):
            return value
        if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):  # a NumPy scalar
            return transform(value.item(), partial(leaf, name), str)
        asset = _asset(name, value)
        if asset is None:
            raise InputError(
                f"`{name}` is a {type(value).__name__}, which cannot be sent.",
                hint="Give text, a number, a list or a file (path, bytes, image, Asset, Job).",
                field=name,
            )
        return form(asset, name)

    return {name: transform(value, partial(leaf, name), str) for name, value in inputs.items()}


def _asset(name: str, value: Any) -> Asset | None:
    """Return a value as a file; None if it is not one. Errors name the field."""
    if isinstance(value, _PLAIN):
        return None
    try:
        return _to_asset(value)
    except InputError as error:
        raise error.with_field(error.field or name) from error.__cause__


def _to_asset(value: Any) -> Asset | None:
    if getattr(value, "ndim", None) == 0:
        return None
    is_file = isinstance(value, (Asset, Path, bytes, bytearray, memoryview))
    if is_file or any(hasattr(value, sign) for sign in ("outputs", "read", "__array_interface__")):
        return Asset.of(value)
    return Asset.of(value) if hasattr(value, "save") and hasattr(value, "mode") else None
