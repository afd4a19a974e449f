"""An area for files of any size, dropped, chosen or pasted, and for text such as a URL.

Files are sent in pieces, each acknowledged before the next is sent. (`FileUpload` of ipywidgets
sends a file as one message, and the server silently drops messages above 10 MiB.) Messages from the
browser:

    begin   batch, files: [{name, size}]
    piece   batch, file (index), offset, one buffer
    cancel  batch, reason
    text    text

and to the browser: `got` (batch, bytes so far), `stopped` (batch) and `taken` (a text was taken).
"""

from __future__ import annotations

import re
import shutil
import unicodedata
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from traitlets import Bool, Unicode

from segmind_widgets.errors import InputError
from segmind_widgets.file_modes import PRIVATE
from segmind_widgets.widgets.browser import STATIC, Browser

_MAX_NAME_BYTES = 120  # file systems allow 255; other code makes the name longer
_RESERVED_NAME = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)  # on Windows


class Drop(Browser):
    """The drop area. `on_files` owns the files and may delete them.

    Args:
        on_files: called with the paths of a complete batch; its errors are shown in the area.
        on_text: called with pasted or dropped text; None: the area takes files only.
        folder: files are written to `folder/<uuid>/<name>`; it is created if needed.
        accept: media types and suffixes as in HTML (`image/*,.pdf`); "" takes all. The browser
            checks only names and reported types, so check the content in `on_files`.
        multiple: whether several files may be dropped at once.
        label: the text in the area.
        placeholder: the hint of a field for text; "" for no such field.
        compact: whether the area is one line high.
        piece: largest size of a message in bytes.
    """

    _esm = STATIC / "drop.js"
    _css = STATIC / "drop.css"

    label = Unicode("").tag(sync=True)
    accept = Unicode("").tag(sync=True)
    multiple = Bool(True).tag(sync=True)
    compact = Bool(False).tag(sync=True)
    placeholder = Unicode("").tag(sync=True)
    takes_text = Bool(False).tag(sync=True)
    disabled = Bool(False).tag(sync=True)
    """Whether the area refuses files and text."""
    wants_focus = Bool(False).tag(sync=True)
    """Whether the page is to scroll to the area and focus it; the page resets it."""
    busy = Bool(False).tag(sync=True)
    """Whether files are arriving, or `on_files` is running."""

    def __init__(
        self,
        on_files: Callable[[list[Path]], None],
        on_text: Callable[[str], None] | None = None,
        *,
        folder: Path,
        accept: str = "image/*",
        multiple: bool = True,
        label: str = "Drop, paste or choose an image",
        placeholder: str = "",
        compact: bool = False,
        piece: int | None = None,
    ) -> None:
        self._on_files = on_files
        self._on_text = on_text
        self._folder = folder
        self._batch: DropBatch | None = None
        super().__init__(
            {
                "begin": self._begin,
                "piece": self._append,
                "cancel": self._cancel,
                "text": self._text,
            },
            piece=piece,
            label=label,
            accept=accept,
            multiple=multiple,
            compact=compact,
            placeholder=placeholder,
            takes_text=on_text is not None,
        )

    def close(self) -> None:
        """Close the models, and delete the files of an incomplete batch."""
        self._discard()
        super().close()

    def _begin(self, content: dict[str, Any], _: list[Any]) -> None:
        self._discard()  # left over from a page that was closed or reloaded during a transfer
        if self.disabled:
            raise InputError("Files cannot be added here at the moment.")
        if not self.multiple and len(content["files"]) != 1:
            raise InputError("Only one file can be dropped here at a time.")
        self.say("")
        self.busy = True
        self._batch = DropBatch(content["batch"], self._folder, content["files"])
        self._batch.create()
        self._acknowledge(self._batch)

    def _append(self, content: dict[str, Any], buffers: list[Any]) -> None:
        batch = self._batch
        if batch is None or batch.id != content["batch"]:
            self._post({"type": "stopped", "batch": content["batch"]})
            return
        batch.append(content["file"], content["offset"], buffers[0])
        self._acknowledge(batch)

    def _acknowledge(self, batch: DropBatch) -> None:
        self._post({"type": "got", "batch": batch.id, "bytes": batch.received})
        if batch.received < batch.size:
            return
        self._batch = None
        noun = batch.paths[0].name if len(batch.paths) == 1 else f"{len(batch.paths)} files"
        self.say(f"{noun} received, {batch.size / 1e6:.1f} MB.")
        try:
            self._on_files(batch.paths)
        finally:
            self.busy = False

    def _cancel(self, content: dict[str, Any], _: list[Any]) -> None:
        if self._batch and self._batch.id == content["batch"]:
            self._discard()
            reason = content.get("reason", "")
            self.say(reason or "Cancelled.", error=bool(reason))

    def _text(self, content: dict[str, Any], _: list[Any]) -> None:
        if self._on_text is None or self.disabled:
            raise InputError("Text cannot be added here at the moment.")
        self.say("")
        self._on_text(content["text"])
        self._post({"type": "taken"})

    def report_failure(self, content: dict[str, Any], error: Exception) -> None:
        """Discard the batch, show the error, and stop the browser's transfer."""
        self._discard()
        super().report_failure(content, error)
        self._post({"type": "stopped", "batch": content.get("batch")})

    def _discard(self) -> None:
        if self._batch:
            self._batch.remove()
            self._batch = None
            self.busy = False


class DropBatch:
    """Files that are being received.

    Args:
        id: the batch's id, chosen by the browser.
        folder: each file gets its own subfolder.
        files: `name` and `size` (bytes) of each file.
    """

    def __init__(self, id: str, folder: Path, files: list[dict[str, Any]]) -> None:  # noqa: A002
        self.id = id
        self.sizes = [int(file["size"]) for file in files]
        self.size = sum(self.sizes)
        self.received = 0
        self.paths = [folder / uuid.uuid4().hex / safe_name(file["name"]) for file in files]

    def create(self) -> None:
        """Create the empty files."""
        for path in self.paths:
            PRIVATE.make_folder(path.parent)
            PRIVATE.touch(path)

    def append(self, index: int, offset: int, data: bytes | memoryview) -> None:
        """Add bytes to the file at `index`.

        Raises:
            InputError: the offset is not the file's present size, or the file becomes larger than
                announced.
            OSError: the disk is full or not available.
        """
        path = self.paths[index]
        size = path.stat().st_size
        if offset != size or size + len(data) > self.sizes[index]:
            raise InputError(f"{path.name} did not arrive completely. Try again.")
        with path.open("r+b") as file:
            file.seek(offset)
            file.write(data)
        self.received += len(data)

    def remove(self) -> None:
        """Delete the files."""
        for path in self.paths:
            shutil.rmtree(path.parent, ignore_errors=True)


def safe_name(name: str) -> str:
    """Return a name that is valid on every system: no folders, no control characters."""
    last = unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1])
    clean = "".join(c for c in last if unicodedata.category(c)[0] != "C")
    clean = re.sub(r'[<>:"|?*]', "_", clean).strip(". ")
    if not clean or _RESERVED_NAME.match(clean):
        clean = f"file_{clean}" if clean else "file"
    path = Path(clean)
    suffix = path.suffix if len(path.suffix.encode()) <= 16 else ""
    stem = clean.removesuffix(suffix) if suffix else clean
    short = stem.encode()[: _MAX_NAME_BYTES - len(suffix.encode())].decode("utf-8", "ignore")
    return (short + suffix).strip(". ")
