"""Generate the sandbox's outputs, offline stand-ins for those of a hosted media service.

Pillow draws the pictures and films, and plain arithmetic generates the sounds, from the words of
the prompt and a seed. The same request gives the same bytes; another seed gives another
composition.

Sizes follow the request, but no side is longer than 2048 pixels (also for "4K"), or 4096 for an
upscaler. Films are at most 480 pixels high and 3 seconds long, so that the sandbox answers
quickly.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from PIL import Image, ImageChops, ImageEnhance, ImageOps, UnidentifiedImageError

from . import sound
from .drawing.colour import Size
from .editing import layout, retouch
from .editing.regions import hard
from .editing.repaint import removed, repainted
from .prompt.brief import Brief, read
from .prompt.frame import amount, count, file_format, ratio, size_of
from .scenes import film
from .scenes.compose import compose
from .styles import outline
from .styles.imprint import SOFTWARE, encoded, marked, stamp
from .styles.lettering import lettered
from .styles.styles import finish
from .webm import webm

Output = tuple[bytes, str]
Media = Mapping[str, Sequence[bytes]]

_MOST_PIXELS = 64_000_000  # of an input picture
_CUT = r"bg-remov|background-remov|remove-background|background-eraser|cutout|extract-object|rmbg"
_TRY_ON = "try-?on"  # listed as inpainting, and takes no mask
_ENLARGE = r"esrgan|upscal|increase-resolution|enhance-image|codeformer|gfpgan|restor|topaz"
_FACE = r"instantid|face|portrait|caricature|character|avatar|photomaker|headshot"
_MUSIC = r"music|lyria|song|sonilo|sound-generation|ace-step|beat"
_PROMPTS = (
    "prompt",
    "text",
    "text_prompt",
    "positive_prompt",
    "description",
    "instruction",
    "caption",
    "lyrics",
    "query",
)
# Words of an instruction that adds a subject, or that replaces the background.
_ADDING = {"add", "give", "holding", "insert", "include", "wearing", "introduce"}
_BEHIND = {"background", "backdrop", "behind", "put", "place", "move", "onto", "setting"}
_NOT_PICTURES = (
    b"RIFF....WAVE",
    b"ID3",
    b"\xff[\xfb\xf3\xf2\xf1\xf9]",
    b"OggS",
    b"fLaC",
    b"\x1aE\xdf\xa3",
    b"....ftyp",
)


@dataclass(frozen=True)
class _Request:
    """A request with its opened pictures by input field."""

    model: str
    modality: str
    inputs: Mapping[str, Any]
    seed: int
    pictures: Mapping[str, Sequence[Image.Image]]

    @property
    def prompt(self) -> str:
        """Return the first prompt field with text, else all text inputs that are not links."""
        for name in _PROMPTS:
            value = self.inputs.get(name)
            if isinstance(value, str) and value.strip():
                return value
        texts = (v for v in self.inputs.values() if isinstance(v, str))
        return " ".join(t for t in texts if not re.match(r"(https?|data|file):", t))

    @property
    def brief(self) -> Brief:
        """Return the parsed prompt."""
        return read(self.prompt, str(self.inputs.get("negative_prompt") or ""))

    @property
    def images(self) -> list[Image.Image]:
        """Return the input pictures without the masks.

        Pictures of fields whose names contain "last", "end" or "tail" come last.
        """
        fields = sorted(self.pictures, key=lambda f: bool(re.search(r"last|end|tail", f)))
        return [i for f in fields if "mask" not in f for i in self.pictures[f]]

    def dice(self, index: int) -> Random:
        """Return the random generator of the picture at `index`."""
        return Random(f"{self.model}|{self.prompt}|{self.seed}|{index}")

    def first(self) -> Image.Image:
        """Return the picture to edit.

        Raises:
            ValueError: the request has no picture.
        """
        if not self.images:
            raise ValueError("image is missing: this model works on a picture, so give it one.")
        return self.images[0]


def make(
    model: str, modality: str, inputs: Mapping[str, Any], seed: int, media: Media
) -> list[Output]:
    """Return the outputs of a request as pairs of bytes and media type.

    `modality` is the service's term, such as "Text-to-Image Generation" ("" for a workflow).
    `media` has the bytes of the pictures or sounds of each input field.

    Raises:
        ValueError: a picture is missing or cannot be read, or a value is invalid; the message
            names the field.
    """
    pictures = {field: _opened(field, blobs) for field, blobs in media.items()}
    request = _Request(model, modality, inputs, seed, pictures)
    kind = modality.lower()
    if re.search(r"to-?audio|voice", kind):
        return [_played(request)]
    if re.search(r"to-?video", kind):
        return [_filmed(request)]
    has_mask = any("mask" in field and images for field, images in pictures.items())
    if has_mask or ("inpaint" in kind and not re.search(_TRY_ON, model)):
        return _inpainted(request)
    if re.search(_CUT, model):
        return [_cut_out(request)]
    if re.search(_ENLARGE, model):
        return [_enlarged(request)]
    return [_drawn(request, index) for index in range(count(inputs))]


def _opened(field: str, blobs: Sequence[bytes]) -> list[Image.Image]:
    """Open the pictures among the files; sounds and films are skipped.

    Raises:
        ValueError: a file is not a readable picture or has too many pixels.
    """
    out = []
    for blob in blobs:
        if any(re.match(magic, blob, re.DOTALL) for magic in _NOT_PICTURES):
            continue
        try:
            image = Image.open(io.BytesIO(blob))
            if image.width * image.height > _MOST_PIXELS:
                raise ValueError(
                    f"{field}: this picture has more than 64 million pixels; send a smaller one."
                )
            image.load()
            figure = outline.find(image, image.size)
            image = ImageOps.exif_transpose(image)
        except (
            UnidentifiedImageError,
            OSError,
            SyntaxError,
            Image.DecompressionBombError,
        ) as error:
            raise ValueError(
                f"{field}: this file cannot be read as a picture; send a PNG, JPEG, WebP or GIF."
            ) from error
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
        if figure is not None:
            image.info["outline"] = figure
        out.append(image)
    return out


def _drawn(request: _Request, index: int) -> Output:
    """Draw a new picture from the prompt, or edit the input pictures."""
    rng, images = request.dice(index), request.images
    size = size_of(request.inputs, images[0].size if images else None, _default_side(request.model))
    if "sticker" in request.model:
        image = layout.sticker(request.first(), size, clear=True)
        return encoded(marked(image), *_form(request, "PNG", clear=True))
    brief = request.brief
    if images:
        image, figure = _edited(request, brief, size, rng)
    else:
        stage = compose(brief, size, rng)
        image, figure = stage.canvas, stage.figure
    image = finish(image, brief.styles[0] if brief.styles else "", rng)
    image = _tuned(image, request.inputs)
    if brief.title:
        image = lettered(image, brief.title)
    form, quality = _form(request, "PNG" if "banana" in request.model else "JPEG")
    return encoded(marked(image), form, quality, figure)


def _default_side(model: str) -> int:
    return 2048 if "seedream" in model else 512 if model.startswith("sd1.5") else 1024


def _form(request: _Request, default: str, clear: bool = False) -> tuple[str, int]:
    """Return format and quality; PNG replaces JPEG if the picture is transparent (`clear`)."""
    if request.model.startswith("flux-dev"):
        default = "WEBP"
    form, quality = file_format(request.inputs, default)
    return ("PNG" if clear and form == "JPEG" else form), quality


def _tuned(image: Image.Image, inputs: Mapping[str, Any]) -> Image.Image:
    """Adjust the saturation: a higher guidance gives stronger colours."""
    guidance = amount(inputs, "guidance_scale", "guidance", "cfg_scale", default=5, low=1, high=15)
    if guidance == 5:
        return image
    return ImageEnhance.Color(image).enhance(1 + (guidance - 5) * 0.035)


def _edited(
    request: _Request, brief: Brief, size: Size, rng: Random
) -> tuple[Image.Image, Image.Image | None]:
    """Edit the input pictures for the prompt; also return the subject's mask, if known."""
    images, words = request.images, set(re.findall(r"[a-z]+", request.prompt.lower()))
    strength = amount(
        request.inputs, "prompt_strength", "strength", "denoise", default=0.8, low=0, high=1
    )
    if brief.removing and "background" not in words and not re.search(_FACE, request.model):
        whole = removed(images[0].convert("RGB"), brief, rng)
        return ImageOps.fit(whole, size, Image.Resampling.LANCZOS), None
    if re.search(r"blur-background", request.model):
        return ImageOps.fit(retouch.background(images[0], "blur", "").convert("RGB"), size), None
    palette = brief.palette(rng, brief.place(rng))
    if len(images) > 1 and "pose_image" not in request.pictures:
        return retouch.graded(layout.collage(images, palette, size, rng), palette, 0.25), None
    if re.search(_FACE, request.model):
        scene = (
            brief
            if brief.places
            else Brief(brief.prompt, [], ["backcloth"], brief.moods, colours=brief.colours)
        )
        return retouch.onto_scene(images[0], scene, size, rng)
    adding = bool(brief.subjects and words & _ADDING)
    if brief.places and words & _BEHIND and not adding:
        return retouch.onto_scene(images[0], brief, size, rng)
    fitted = ImageOps.fit(images[0].convert("RGB"), size, Image.Resampling.LANCZOS)
    image = retouch.restyled(fitted, brief, rng, strength)
    if adding:
        return retouch.with_subjects(image, brief.subjects, palette, rng), None
    mask = images[0].info.get("outline")
    return image, mask and ImageOps.fit(mask, size)


def _inpainted(request: _Request) -> list[Output]:
    """Repaint the picture inside the mask; the pixels outside stay unchanged.

    What is repainted of a transparent picture becomes opaque.
    """
    image = request.first()
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    image = image.convert("RGB")
    masks = [m for f, p in request.pictures.items() if "mask" in f for m in p]
    if not masks:
        raise ValueError("mask is missing: give a picture that is white in the area to repaint.")
    flat = Image.new("RGB", masks[0].size)
    flat.paste(
        masks[0].convert("RGB"), mask=masks[0].getchannel("A") if masks[0].mode == "RGBA" else None
    )
    mask = flat.convert("L").resize(image.size, Image.Resampling.BILINEAR)
    hole = hard(mask)
    strength = amount(request.inputs, "strength", default=1, low=0, high=1)
    outputs = []
    for index in range(count(request.inputs)):
        rng, brief = request.dice(index), request.brief
        painted = repainted(image, mask, brief, rng, strength)
        if brief.styles and not brief.removing:
            painted = Image.composite(finish(painted, brief.styles[0], rng), painted, hole)
        if alpha:
            painted.putalpha(ImageChops.lighter(alpha, hole))
        word, at = stamp(image.size)
        room = mask.crop((*at, at[0] + word.width, at[1] + word.height))
        if room.getextrema()[0] == 255:  # the watermark must not change pixels outside the mask
            painted = marked(painted)
        outputs.append(encoded(painted, *_form(request, "PNG", clear=alpha is not None)))
    return outputs


def _cut_out(request: _Request) -> Output:
    kind = str(request.inputs.get("type") or "transparent").lower()
    custom = str(request.inputs.get("custom_color") or "")
    image = retouch.background(request.first(), kind, custom)
    return encoded(marked(image), *_form(request, "PNG", clear=image.mode == "RGBA"))


def _enlarged(request: _Request) -> Output:
    factor = amount(
        request.inputs, "scale", "scale_factor", "upscale_factor", default=2, low=1, high=8
    )
    clarity = amount(request.inputs, "creativity", default=0.35, low=0, high=1)
    image = retouch.enlarged(request.first(), factor, clarity if "clarity" in request.model else 0)
    clear = image.mode == "RGBA"
    form, quality = _form(request, "PNG" if clear else "JPEG", clear=clear)
    return encoded(marked(image), form, quality, request.first().info.get("outline"))


def _filmed(request: _Request) -> Output:
    rng, images = request.dice(0), request.images
    seconds = amount(request.inputs, "duration", "seconds", default=5, low=4, high=6) / 2
    source_shape = images[0].width / images[0].height if images else 16 / 9
    shape = ratio(request.inputs.get("aspect_ratio")) or source_shape
    side = (
        360
        if str(request.inputs.get("resolution") or "").lower() in ("360p", "480p")
        else film.TALLEST
    )
    size = film.film_size(shape, side)
    frames = (
        film.pan(images, size, rng, seconds)
        if images
        else film.drive(request.brief, size, rng, seconds)
    )
    return webm(list(frames), film.RATE, SOFTWARE), "video/webm"


def _played(request: _Request) -> Output:
    inputs = request.inputs
    genres = str(
        inputs.get("genres") or inputs.get("tags") or inputs.get("style") or request.prompt
    )
    if inputs.get("genres") or re.search(_MUSIC, request.model):
        seconds = amount(
            inputs,
            "output_seconds",
            "duration",
            "seconds",
            "duration_seconds",
            default=8,
            low=1,
            high=sound.LONGEST,
        )
        return sound.music(genres, seconds, request.seed), "audio/wav"
    lively = amount(inputs, "exaggeration", "temperature", default=0.5, low=0, high=2)
    speed = amount(inputs, "speed", default=1, low=0.5, high=2)
    return sound.speech(request.prompt, request.seed, lively, speed), "audio/wav"
