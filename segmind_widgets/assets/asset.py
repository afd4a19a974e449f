"""Files of any origin: a path, bytes, a picture, a URL, a job's output."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote, urlsplit

from segmind_widgets.assets import damage, decoding, preview
from segmind_widgets.assets.base64_codec import base64_codec
from segmind_widgets.assets.encoding import from_array, from_data_url, is_data_url, to_png
from segmind_widgets.assets.folders import no_file
from segmind_widgets.assets.locations import file_link
from segmind_widgets.assets.media_types import UNKNOWN, parse, sniff, suffix, type_of_name
from segmind_widgets.assets.preview import PREVIEW_SIDE
from segmind_widgets.assets.privacy import Replacement, replaced
from segmind_widgets.errors import AssetError
from segmind_widgets.formatting import file_size
from segmind_widgets.markup import Html, element, figure, fragment, link, verbatim
from segmind_widgets.printable import printable

if TYPE_CHECKING:
    from segmind_widgets.assets.containers import Data

# bytes; fits the cache; a multiple of 3, so that pieces of base64 can be joined
_PIECE_SIZE = 3 * 32 * 1024

SHOWN_TEXT = 64_000  # bytes of a text in a cell


@dataclass(frozen=True, eq=False)
class Asset:
    """A file with its origin and its type. Made by `Asset.of`.

    `url` is the file's address at a provider (None before an upload), `path` the file on this
    disk (None for bytes in memory or a bare URL), `expires_at` the end of the URL's life (UTC,
    ISO 8601), `name` a workflow's name for the file, `note` a remark of the provider on its copy,
    `replacements` what its bytes have in place of those of `path` or `data`.
    """

    path: Path | None = None
    url: str | None = None
    name: str | None = None
    expires_at: str | None = None
    data: bytes | None = field(default=None, repr=False)
    declared_type: str | None = field(default=None, repr=False)
    note: str = ""
    replacements: tuple[Replacement, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "declared_type", parse(self.declared_type))

    @classmethod
    def of(cls, source: Any) -> Asset:
        """Make an asset from a path, bytes, a PIL image, an array, a URL, an open file or a job.

        A string that starts with http(s):// or data: is a URL, any other string a path. A job (or
        another object with `outputs`) gives its first output.

        Raises:
            AssetError: there is no such file, or the source is not a file.
        """
        if isinstance(source, Asset):
            return source
        if isinstance(source, (str, Path)):
            return cls._of_text(str(source))
        if isinstance(source, (bytes, bytearray, memoryview)):
            return cls(data=bytes(cast("bytes", source)))
        if hasattr(source, "outputs"):
            return cls._of_job(source)
        if hasattr(source, "save") and hasattr(source, "mode"):
            return cls._of_picture(source)
        if hasattr(source, "__array_interface__"):  # after `save`, because it decodes a picture
            return cls._of_picture(from_array(source))
        if hasattr(source, "read"):
            return cls._of_file(source)
        raise AssetError(
            f"An object of type {type(source).__name__} is not a file.",
            hint="Give a path, bytes, a PIL image, an array, a URL, an open file or a job.",
        )

    @classmethod
    def _of_text(cls, text: str) -> Asset:
        if re.match(r"https?://", text, re.IGNORECASE):
            return cls(url=text)
        if is_data_url(text):
            return cls._of_data_url(text)
        path = Path(text).expanduser()
        if path.is_dir():
            raise AssetError(f"{text} is a folder.", hint=f"Name its files: {text}/*.png")
        if not path.is_file():
            raise AssetError(no_file(text), hint="Check the name.")
        return cls(path=path.resolve())

    @classmethod
    def _of_data_url(cls, text: str) -> Asset:
        data, media_type = from_data_url(text)
        return cls(data=data, declared_type=media_type or None)

    @classmethod
    def _of_job(cls, job: Any) -> Asset:
        if not job.outputs:
            raise AssetError(
                f"The job {getattr(job, 'id', '')} has no output yet.",
                hint="Wait for it with job.wait(), or look at job.error.",
            )
        return cls.of(job.outputs[0])

    @classmethod
    def _of_picture(cls, picture: Any) -> Asset:
        filename = getattr(picture, "filename", "")
        is_unchanged = getattr(picture, "fp", None) and not picture.tell()  # the first frame
        if filename and is_unchanged and Path(filename).is_file():
            return cls(path=Path(filename).resolve())
        return cls(data=to_png(picture))

    @classmethod
    def _of_file(cls, file: Any) -> Asset:
        data = file.read()
        if isinstance(data, str):
            raise AssetError("The file is open in text mode.", hint='Open it with mode "rb".')
        name = getattr(file, "name", None)
        kind = type_of_name(name) if isinstance(name, str) else None
        return cls(data=data, declared_type=kind)

    def at(self, url: str, expires_at: str | None = None, note: str = "") -> Asset:
        """Return the same file with its URL at a provider."""
        return replace(self, url=url, expires_at=expires_at, note=note)

    @cached_property
    def size(self) -> int | None:
        """Return the size in bytes; None for a bare URL. Raises AssetError: no such file."""
        if self.data is not None:
            return len(self.data)
        try:
            return self.path.stat().st_size if self.path else None
        except OSError as error:
            raise self._unreadable(error) from error

    @cached_property
    def sha256(self) -> str | None:
        """Return the hex digest of the content; None for a bare URL."""
        if not self.local:
            return None
        digest = hashlib.sha256()
        for piece in self.pieces():
            digest.update(piece)
        return digest.hexdigest()

    @cached_property
    def recognised(self) -> str | None:
        """Return the type by the content alone; None where it tells nothing."""
        if not self.local or self.removed:
            return None
        return sniff(self.source, next(self.pieces(), b""))

    @cached_property
    def media_type(self) -> str:
        """Return the type found in the content, else the declared type, else that of the name."""
        if self.recognised:
            return self.recognised
        if self.declared_type:
            return self.declared_type
        name = self.path.name if self.path else unquote(urlsplit(self.url or "").path)
        return type_of_name(name) or UNKNOWN

    @property
    def kind(self) -> str:
        """Return the main part of the media type: image, video, audio, text or another."""
        main = self.media_type.partition("/")[0]
        return "text" if self.media_type == "application/json" else main

    @property
    def is_answer(self) -> bool:
        """Return whether it is a text of a service's reply itself, and no file at an address."""
        return self.url is None and self.media_type in ("text/plain", "text/markdown")

    @property
    def local(self) -> bool:
        """Return whether the content is on this disk or in memory."""
        return self.data is not None or self.path is not None

    @property
    def source(self) -> Path | bytes:
        """Return the file on this disk; the content of one in memory."""
        return self.path if self.data is None and self.path else self.content

    def mapped(self) -> AbstractContextManager[Data]:
        """Return the content within a block; of a file only the accessed parts are read."""
        from segmind_widgets.assets import embedding

        source = self.source
        return embedding.mapped(source) if isinstance(source, Path) else nullcontext(source)

    @property
    def removed(self) -> bool:
        """Return whether the file was on this disk and no longer exists."""
        return self.data is None and self.path is not None and not self.path.exists()

    def _unreadable(self, error: OSError) -> AssetError:
        if not self.removed:
            return AssetError(f"{self.path} cannot be read: {error.strerror}.")
        return AssetError(
            f"The file {self.path} was removed and cannot be read.",
            hint="If a job made it, %segmind_jobs --resume ID fetches it again while the service"
            " has it.",
        )

    @property
    def filename(self) -> str:
        """Return a name to save the file under."""
        if self.path:
            return self.path.name
        name = Path(unquote(urlsplit(self.url or "").path)).name
        own = re.sub(r"[^\w.-]+", "-", self.name or "").strip("-.")  # a service chose the name
        name = printable(name).replace("\\", "_")  # Windows would see folders
        return name or f"{own or self.kind}{suffix(self.media_type) or '.bin'}"

    def pieces(self, size: int = _PIECE_SIZE) -> Iterator[bytes]:
        """Yield the content, `size` bytes at a time."""
        stored = self._stored(size)
        return replaced(stored, [*self.replacements]) if self.replacements else stored

    def _stored(self, size: int) -> Iterator[bytes]:
        if self.data is not None:
            view = memoryview(self.data)
            for start in range(0, len(view), size):
                yield bytes(view[start : start + size])
            return
        try:
            if self.path is None:
                raise AssetError(
                    f"{self.url} is not on this disk.", hint="Save it there first, then use it."
                )
            with self.path.open("rb") as file:
                while piece := file.read(size):
                    yield piece
        except OSError as error:
            raise self._unreadable(error) from error

    @property
    def content(self) -> bytes:
        """Return the whole content as bytes."""
        if self.data is not None and not self.replacements:
            return self.data
        return b"".join(self.pieces())

    @property
    def text(self) -> str:
        """Return the content as UTF-8 text."""
        return self.content.decode("utf-8", "replace")

    @property
    def excerpt(self) -> str:
        """Return the text for a cell: at most 64 kB, and then where the whole of it is."""
        head = next(self.pieces(SHOWN_TEXT), b"")
        size = self.size or 0
        if size <= SHOWN_TEXT:
            return head.decode("utf-8", "replace")
        where = f"in {self.path}" if self.path else "in memory"
        text = head.decode("utf-8", "ignore")  # the last character may be cut
        return f"{text}\n\n… {file_size(len(head))} of {file_size(size)}; the whole text is {where}"

    @property
    def image(self) -> Any:
        """Return the picture as a `PIL.Image.Image`, loaded and upright.

        Raises:
            AssetError: it is not a picture, or not on this disk.
        """
        return self._picture(decoding.upright)

    @cached_property
    def pixels(self) -> tuple[int, int]:
        """Return width and height of a picture upright. Raises AssetError as `image` does."""
        return self._picture(decoding.upright_size)

    def _picture(self, use: Callable[[Any], Any]) -> Any:
        decoding.check_decoder(self.media_type, self.filename)
        try:
            with decoding.opened(self.source, self.media_type) as picture:
                return use(picture)
        except AssetError:
            raise
        except Exception as error:  # each Pillow plugin raises errors of its own
            if isinstance(error, OSError) and self.removed:
                raise self._unreadable(error) from error
            raise damage.no_picture(self) from error

    def preview(self, side: int = PREVIEW_SIDE, max_bytes: int | None = None) -> tuple[bytes, str]:
        """Return a small copy of a picture, at most `side` pixels: bytes and media type.

        JPEG, or WebP where there is transparency (a PNG of 256 colours where Pillow has no WebP).
        A copy of more than `max_bytes` gets fewer pixels. Raises AssetError as `image` does.
        """

        def small(picture: Any) -> Any:
            decoding.draft(picture, side)
            return decoding.upright(picture)

        return preview.encode(self._picture(small), side, max_bytes)

    def save(self, path: str | Path, *, recipe: bool = True) -> Path:
        """Write the file to `path`, or into it if it is a folder; return the new file's path.

        Args:
            path: missing folders are created.
            recipe: False omits the recipe of a picture from the copy.

        Raises:
            AssetError: the file cannot be written, or is a bare URL. With `recipe=False` also if
                the copy would overwrite the file itself, or the recipe is part of a signed file.
        """
        target = Path(path).expanduser()
        target = target / self.filename if target.is_dir() or not target.suffix else target
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            file = self.path if self.data is None else None
            same = file is not None and target.exists() and target.samefile(file)
            if not recipe:
                self._save_without_recipe(target, same=same)
            elif file is None:
                target.write_bytes(self.content)
            elif not same:
                shutil.copyfile(file, target)
        except OSError as error:
            if self.removed:
                raise self._unreadable(error) from None
            raise AssetError(
                f"{target} cannot be written: {error.strerror}.", hint="Choose another folder."
            ) from error
        return target

    def _save_without_recipe(self, target: Path, *, same: bool) -> None:
        if same:
            raise AssetError(
                f"{target} is the original file, and its recipe is not removed.",
                hint="Choose another folder for the copy without a recipe.",
            )
        from segmind_widgets.assets import embedding

        with self.mapped() as data:
            try:
                edits = embedding.removal(data)
            except ValueError as error:
                raise AssetError(
                    f"The recipe cannot be removed from {self.filename}: {error}.",
                    hint="Save it with its recipe, or save asset.image as a new file.",
                ) from None
            with target.open("wb") as copy, memoryview(data) as view:
                copy.writelines(embedding.edited(view, edits))

    def to_html(self, alt: str = "", side: int = PREVIEW_SIDE) -> Html:
        """Return the picture, player or text as self-contained HTML, without a caption.

        A picture is embedded as a copy of at most `side` pixels and about 50 kB, a video or sound
        of at most 2 MiB as it is. A longer one is shown as a still with its name and size.
        """
        if self.removed:
            return element("p", f"The file {self.path} was removed.")
        if self.kind == "text" and self.local:
            return verbatim(self.excerpt, self.name or self.filename)
        source = self.url or ""
        encode = base64_codec().b64encode
        if self.kind == "image" and self.local:
            try:
                data, kind = self.preview(side, preview.PREVIEW_BYTES)
            except AssetError as error:
                return element("p", self._why_not_shown(error))
            source = f"data:{kind};base64,{encode(data).decode()}"
        elif self.local and (self.size or 0) > preview.INLINE_BYTES:
            # its address at the service expires, and a browser opens no path of this disk
            name = f"{self.filename} · {file_size(self.size or 0)}"
            return preview.too_long(self.kind, alt or self.filename, name)
        elif self.local:
            # a browser plays video and audio; it must not open any other type as a page
            kind = self.media_type if self.kind in ("video", "audio") else UNKNOWN
            source = f"data:{kind};base64,{encode(self.content).decode()}"
        label = alt or self.name or self.filename
        return preview.element(self.kind, source, label, self.filename)

    def _why_not_shown(self, error: AssetError) -> str:
        """Return the error; of a picture of very many pixels its size, kind and path."""
        with suppress(AssetError):
            if decoding.has_too_many_pixels(self.pixels):
                where = f" Its file: {self.path}" if self.path else ""
                return f"{' · '.join(self.facts)}: too large to be shown here.{where}"
        return str(error)

    @property
    def facts(self) -> list[str]:
        """Return name, size in pixels, size in bytes, type and note as text, for captions."""
        words = [self.name or self.filename]
        if self.removed:
            return [*words, "removed", self.media_type]
        if self.kind == "image" and self.local:
            with suppress(AssetError):  # a truncated picture still has a size in bytes
                words.append("{}×{}".format(*self.pixels))
        if self.size is not None:
            words.append(file_size(self.size))
        return [*words, self.media_type, *filter(None, [self.note])]

    def __str__(self) -> str:
        return printable(" · ".join([*self.facts, self.url or str(self.path or "in memory")]))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        until = f" until {self.expires_at}" if self.expires_at else ""
        where = fragment(link(self.url) if self.url else "", until)
        path = self.path if self.data is None and not self.removed else None
        file = file_link(path) if path else ""
        page = figure(self.to_html(), " · ".join(self.facts), file, where)
        return {"text/plain": str(self), "text/html": page}
