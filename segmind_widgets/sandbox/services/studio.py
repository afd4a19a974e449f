"""Produce results: load the input files, call the artist, store its output."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import io
import random
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

from PIL import Image, UnidentifiedImageError

from segmind_widgets.sandbox.http.exchange import Refusal
from segmind_widgets.sandbox.state.files import Files
from segmind_widgets.sandbox.state.jobs import Output
from segmind_widgets.sandbox.state.models import Model

Media = dict[str, list[bytes]]
Artist = Callable[[str, str, Mapping[str, Any], int, Media], Sequence[tuple[bytes, str]]]
"""Function of (model, modality, inputs, seed, media) → (bytes, media type) of each result."""


def _real_artist(
    model: str, modality: str, inputs: Mapping[str, Any], seed: int, media: Media
) -> Sequence[tuple[bytes, str]]:
    """Call the sandbox's own artist."""
    from segmind_widgets.sandbox.artist import (
        render,  # slow to import, so only on first use
    )

    return render.make(model, modality, dict(inputs), seed, media)


class Studio:
    """Produces results in the threads of `executor`, not in the event loop."""

    def __init__(self, files: Files, executor: Executor, artist: Artist | None = None) -> None:
        self._files = files
        self._executor = executor
        self._artist = artist or _real_artist

    def media(self, schema: Mapping[str, Any], inputs: Mapping[str, Any]) -> Media:
        """Return the bytes of each file input, by the input's name. Slow: call it in a thread.

        The sandbox is offline: an address of another origin yields a placeholder image, and
        nothing for audio or video inputs.

        Raises:
            Refusal: 400 for a missing file or an unreadable image, 422 for an invalid form; the
                message contains the input's name.
        """
        media: Media = {}
        for name, field in schema.get("properties", {}).items():
            form = field.get("items", field)
            value = inputs.get(name)
            if "contentMediaType" not in form or value in (None, "", []):
                continue
            for item in value if isinstance(value, list) else [value]:
                data = self._load(name, form, item)
                if data is not None:
                    media.setdefault(name, []).append(data)
        return media

    def _load(self, name: str, form: Mapping[str, Any], value: str) -> bytes | None:
        """Return the bytes of one file, or None for audio or video of another origin."""
        picture = form["contentMediaType"].startswith("image/")
        if form.get("contentEncoding") == "base64":
            data = _decoded(name, value)
        elif value.startswith("data:"):
            data = _decoded(name, value.partition(",")[2])
        elif self._files.owns(value):
            file = self._files.of(value)
            if file is None:
                raise Refusal(400, f"Could not fetch '{name}' from {value}")
            data = file.path.read_bytes()
        elif value.startswith(("http://", "https://")):
            return stand_in(value) if picture else None
        else:
            raise Refusal(422, f"'{name}' must be a valid URL")
        if picture and image_format(data) is None:
            raise Refusal(400, f"'{name}' is not an image that can be read")
        return data

    async def run(
        self, model: Model, inputs: Mapping[str, Any], seed: int, media: Media
    ) -> list[Output]:
        """Produce and store the results of a run."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._run, model, inputs, seed, media)

    def _run(
        self, model: Model, inputs: Mapping[str, Any], seed: int, media: Media
    ) -> list[Output]:
        """Do the work of `run` in a thread."""
        if model.kind == "text":
            return [Output(text=reply_text(inputs, seed))]
        results = self._artist(model.slug, model.modality, inputs, seed, media)
        return [Output(self._files.add([data], media_type)) for data, media_type in results]


def used_seed(inputs: Mapping[str, Any]) -> int:
    """Return the seed of the inputs, or a random one if it is missing or negative."""
    seed = inputs.get("seed")
    if isinstance(seed, int) and not isinstance(seed, bool) and seed >= 0:
        return seed
    return random.randrange(2**31)


def image_format(data: bytes) -> str | None:
    """Return Pillow's name of the image format, such as "PNG"; None for an invalid image."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data)) as image:
                image.verify()
                return image.format
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def stand_in(url: str) -> bytes:
    """Return a PNG placeholder for an image: a gradient whose colors depend on the address."""
    digest = hashlib.sha256(url.encode()).digest()
    ramp = Image.linear_gradient("L").resize((512, 512)).rotate(90 * (digest[6] % 4))
    dark, light = Image.new("RGB", ramp.size, tuple(digest[:3])), tuple(digest[3:6])
    dark.paste(Image.new("RGB", ramp.size, light), mask=ramp)
    buffer = io.BytesIO()
    dark.save(buffer, "PNG")
    return buffer.getvalue()


def reply_text(inputs: Mapping[str, Any], seed: int) -> str:
    """Return the reply of a language model; equal questions and seeds give equal replies."""
    messages = [m for m in inputs.get("messages") or [] if isinstance(m, Mapping)]
    content = next((m.get("content") for m in reversed(messages) if m.get("role") == "user"), "")
    if isinstance(content, list):
        texts = [part.get("text", "") for part in content if isinstance(part, Mapping)]
        content = " ".join(text for text in texts if text)
    question = " ".join(str(content).split()) or "nothing"
    question = question if len(question) <= 120 else f"{question[:119]}…"
    ending = random.Random(f"{question}{seed}").choice(
        (
            "A real model would answer at this point.",
            "Run it against the real service for a real answer.",
            "The form of this reply is real, its content is not.",
        )
    )
    return f"This is the sandbox, not a language model. You said: “{question}”. {ending}"


def _decoded(name: str, text: str) -> bytes:
    """Decode base64; refuse invalid text with 422."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refusal(422, f"'{name}' is not valid base64") from None
