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


def _canonical(value: Any) -> Any:
    if isinstance(value, Asset):
        return {"sha256": value.sha256} if value.local else value.url
    return int(value) if isinstance(value, float) and value.is_integer() else value
