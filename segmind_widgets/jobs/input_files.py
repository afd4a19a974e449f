"""The files that were inputs of a job, as long as they are on this machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from segmind_widgets.assets.asset import Asset
from segmind_widgets.errors import AssetError
from segmind_widgets.nested import walk


def input_picture(
    inputs: Mapping[str, Any], find_upload: Callable[[str], tuple[str, str] | None] | None
) -> Asset | None:
    """Return the first picture among the inputs that is on this machine; None for none.

    Masks are left out.

    Args:
        inputs: of a job, with files, or with URLs in place of uploaded files.
        find_upload: returns path and hex digest (SHA-256) of the file that was uploaded to a URL.
    """
    for (name, *_), value in walk(inputs):
        if "mask" in str(name).lower():
            continue
        asset = value if isinstance(value, Asset) else _uploaded(value, find_upload)
        if asset is not None and asset.local and not asset.removed and asset.kind == "image":
            return asset
    return None


def _uploaded(
    value: Any, find_upload: Callable[[str], tuple[str, str] | None] | None
) -> Asset | None:
    """Return the file behind the URL of an upload, if it still has the same content."""
    found = find_upload(value) if find_upload and isinstance(value, str) else None
    if found is None:
        return None
    with suppress(AssetError):  # it is gone, or cannot be read
        asset = Asset.of(Path(found[0]))
        if asset.sha256 == found[1]:
            return asset
    return None
