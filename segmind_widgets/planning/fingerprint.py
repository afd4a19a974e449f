"""Fingerprint a request: equal requests have equal fingerprints."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from segmind_widgets.assets.asset import Asset
from segmind_widgets.nested import transform


def fingerprint(
    provider: str, target: str, inputs: Mapping[str, Any], *, sandbox: bool, kind: str = "model"
) -> str:
    """Return a digest that is equal for the same target with the same inputs, at any depth.

    Files (Assets) are compared by content, bare URLs by address; 3 and 3.0 are equal. The digest is
    SHA-256 in hexadecimal digits.
    """
    request = [provider, bool(sandbox), kind, target, transform(inputs, _canonical, str)]
    return hashlib.sha256(json.dumps(request, sort_keys=True, default=str).encode()).hexdigest()


_IS_CANONICAL = {str, int, bool, type(None)}  # types of values whose JSON is one for each value
_encode = json.JSONEncoder(sort_keys=True).encode


def source_digest(request: str, inputs: Mapping[str, Any]) -> str | None:
    """Return a digest of a batch's row as it was given; None where a value is a file or an object.

    Equal rows have equal digests, so that a finished row is found without planning it again.

    Args:
        request: what all rows have in common, such as their model.
        inputs: the inputs of the row.
    """
    try:
        if not _IS_CANONICAL.issuperset(map(type, inputs.values())):
            inputs = transform(inputs, _canonical, str)
        text = _encode(inputs)
    except (TypeError, ValueError):  # no plain value
        return None
    return hashlib.sha256(f"{request}\n{text}".encode()).hexdigest()


def _canonical(value: Any) -> Any:
    if isinstance(value, Asset):
        return {"sha256": value.sha256} if value.local else value.url
    return int(value) if isinstance(value, float) and value.is_integer() else value
