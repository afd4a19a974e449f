"""The form in which a file leaves this machine: checked, and converted where it must be.

The original stays as it is. What is sent is the same for the same file, so that the cache of
uploads finds it again.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.damage import check_content, no_picture
from segmind_widgets.assets.decoding import HEIF_TYPES, check_decoder, eight_bit, opened, upright
from segmind_widgets.assets.privacy import Replacement, private_data
from segmind_widgets.errors import AssetError

_JPEG, _PNG = "image/jpeg", "image/png"
_QUALITY = 95  # of a JPEG: nothing is seen to be lost
_NAMES = {"image/svg+xml": "SVG", "image/vnd.microsoft.icon": "ICO"}


@dataclass(frozen=True, eq=False)
class Outgoing:
    """A file as it is sent.

    `target` is the media type to which it is converted, "" where it is not; `title` names the
    service that needs that, "" where every service does; `frames` counts its pictures.
    `replacements` take location and serial numbers out.
    """

    original: Asset
    target: str = ""
    title: str = ""
    frames: int = 1
    replacements: tuple[Replacement, ...] = ()
    keep_location: bool = False

    @property
    def changed(self) -> bool:
        """Return whether other bytes are sent than those of the original."""
        return bool(self.target or self.replacements)

    @property
    def note(self) -> str:
        """Return what is changed, in words; "" for nothing."""
        without = "sent without location and serial numbers" if self.replacements else ""
        return ", ".join(filter(None, [self._conversion, without]))

    @property
    def _conversion(self) -> str:
        if not self.target:
            return ""
        first = f"its first image of {self.frames}, " if self.frames > 1 else ""
        why = f" for {self.title}" if self.title else ""
        types = f"{type_name(self.original.media_type)} to {type_name(self.target)}"
        return f"{first}converted from {types}{why}"

    @cached_property
    def digest(self) -> str:
        """Return the key of what is sent in the cache of uploads; reads the original."""
        digest = self.original.sha256 or ""
        if not self.changed:
            return digest
        privacy = "with all" if self.keep_location else "without private data"
        return hashlib.sha256(f"{digest} as {self.target} {privacy}".encode()).hexdigest()

    def as_sent(self) -> Asset:
        """Return the file to send. A converted one is made anew at each call.

        Raises:
            AssetError: the picture cannot be decoded.
        """
        if self.target:
            return self._converted()
        if not self.replacements:
            return self.original
        return replace(self.original, replacements=self.replacements)

    def _converted(self) -> Asset:
        original, out = self.original, io.BytesIO()
        try:
            with opened(original.source, original.media_type) as stored:
                picture = eight_bit(upright(stored))
                profile = stored.info.get("icc_profile")
                icc = {"icc_profile": profile} if profile else {}
                if self.target == _JPEG:
                    mode = "L" if picture.mode in ("1", "L") else "RGB"
                    exif = stored.getexif().tobytes() if self.keep_location else b""
                    picture.convert(mode).save(
                        out, "JPEG", quality=_QUALITY, exif=exif, **(icc if mode == "RGB" else {})
                    )
                else:
                    picture.convert("RGBA").save(out, "PNG", **icc)
        except AssetError:
            raise
        except Exception as error:  # every format's reader has errors of its own
            raise no_picture(original) from error
        return Asset(data=out.getvalue(), name=_stem(original))


def prepare(
    asset: Asset,
    picture_types: Collection[str] = (),
    title: str = "",
    *,
    keep_location: bool = False,
) -> Outgoing:
    """Return the form in which a file is sent; a bare URL stays as it is.

    Args:
        asset: the file.
        picture_types: the types of pictures that the service takes; empty: any.
        title: the service's name for people.
        keep_location: whether location and serial numbers are sent, too.

    Raises:
        AssetError: no service could use the file; the hint says what to do.
    """
    if not asset.local:
        return Outgoing(asset)
    check_content(asset)
    kind = asset.media_type
    is_heif = kind in HEIF_TYPES
    if not kind.startswith("image/") or not (
        is_heif or (picture_types and kind not in picture_types)
    ):
        replacements = () if keep_location else _private(asset)
        return Outgoing(asset, replacements=replacements, keep_location=keep_location)
    check_decoder(kind, asset.filename)
    try:
        with opened(asset.source, kind) as picture:
            clear, frames = _is_clear(picture), getattr(picture, "n_frames", 1)
    except Exception as error:
        raise no_picture(asset) from error
    target = _PNG if clear else _JPEG
    return Outgoing(asset, target, "" if is_heif else title, frames, keep_location=keep_location)


def type_name(media_type: str) -> str:
    """Return the usual name of a type of file, such as JPEG or WebP."""
    short = media_type.partition("/")[2].removeprefix("x-").partition("-sequence")[0]
    return _NAMES.get(media_type) or {"webp": "WebP", "webm": "WebM"}.get(short, short.upper())


def _private(asset: Asset) -> tuple[Replacement, ...]:
    if not asset.size:  # an empty file cannot be mapped
        return ()
    with asset.mapped() as data:
        return tuple(private_data(data, asset.media_type))


def _is_clear(picture: Any) -> bool:
    return picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info


def _stem(asset: Asset) -> str:
    return asset.filename.rpartition(".")[0] or asset.filename
