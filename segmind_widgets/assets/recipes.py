"""Every saved picture carries its recipe: the model, inputs and seed, in its own metadata.

The recipe is compact JSON, a property of the XMP packet of a PNG, JPEG or WebP file, beside IPTC's
digital source type. It holds no key, no signed URL and no folder of this machine; for a file that
was sent as base64 it has only the name and the digest. Texts that are too long for the file are
shortened, and `Recipe.cut` lists their inputs.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path, PureWindowsPath
from typing import Any, Literal, cast

from segmind_widgets.assets import embedding
from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.containers import Data, Edit
from segmind_widgets.assets.xmp import OURS, Properties
from segmind_widgets.errors import AssetError, InputError
from segmind_widgets.file_modes import PRIVATE
from segmind_widgets.formatting import provider_option

FORMAT = 1  # version of the JSON; readers refuse later versions
FACTS = ("model", "kind", "inputs", "seed", "provider", "id", "cost", "sandbox")  # a job's traits
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"

# lengths of a text in characters, tried until everything fits
_LENGTHS = (20_000, 4_000, 1_000, 200, 40)
_JSON_LIMIT = 60_000  # bytes to write: about the capacity of a JPEG segment
_READ_LIMIT = 1_000_000  # characters of JSON
_BIT_LIMIT = 1_000  # digits: Python does not write an int of more than 4,300 digits
_DEPTH_LIMIT = 16  # lists in mappings in lists
_SECRET_NAME = re.compile(
    r"api[_-]?key|access[_-]?key|secret|password|authorization|(?:^|[_-])token$", re.IGNORECASE
)
_BASE64_LINE = r"[A-Za-z0-9+/_-]{60,}"  # header lines may be folded
_REPLACEMENTS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (
        re.compile(r"data:[\w.+-]{0,127}(?:/[\w.+-]{0,127})?[;,][^\s\"'<>]+"),
        lambda m: f"<data, {len(m[0])} B>",
    ),
    (re.compile(r"[a-z][a-z0-9+.-]{0,20}://[^\s\"'<>]+", re.IGNORECASE), lambda m: _public(m[0])),
    (re.compile(r"\Afile:.*", re.IGNORECASE | re.DOTALL), lambda m: _file_name(m[0])),
    (
        re.compile(rf"{_BASE64_LINE}(?:\s?{_BASE64_LINE}){{3,}}=*"),
        lambda m: f"<base64, {len(m[0])} B>",
    ),
    (
        re.compile(r"\b(?:SG_[\w-]{8,}|sk-[\w-]{16,}|hf_\w{16,}|(?<=Bearer )[\w.~+/-]{16,})"),
        lambda _: "<a key>",
    ),
)
_PLACEHOLDER = re.compile(r"<[^<>]*, sha256 [0-9a-f]{64}>")  # `planning.inputs.placeholder`
_PICTURE_FIELD = re.compile(r"image|img|mask|photo|picture|avatar|face", re.IGNORECASE)
_PICTURE = re.compile(
    r"data:image/|[a-z][a-z0-9+.-]{0,20}://[^\s?#]+\.(?:png|jpe?g|webp|gif|avif|bmp|tiff?|heic)(?:[?#]|\Z)"
    r"|<[^<>]*\.(?:png|jpe?g|webp|gif|avif|bmp|tiff?|heic), sha256 ",
    re.IGNORECASE,
)
_FILE = re.compile(rf"data:|https?://|<[^<>]*, sha256 |{_BASE64_LINE}", re.IGNORECASE)


@dataclass(frozen=True)
class Recipe:
    """The model, inputs and seed of a picture.

    `inputs` are the inputs as sent, with URLs in place of files; `cut` lists the shortened inputs.
    `seed` is the seed that was used, `cost` is in USD, `time` in UTC (ISO 8601), `version` is the
    version of this package.
    """

    model: str
    kind: Literal["model", "workflow"] = "model"
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    cut: tuple[str, ...] = ()
    seed: int | None = None
    provider: str = ""
    id: str = ""
    cost: float | None = None
    time: str = ""
    sandbox: bool = False
    version: str = ""

    @classmethod
    def now(cls, version: str, **facts: Any) -> Recipe:
        """Return the recipe of a job that has just ended, from the job's traits (`FACTS`)."""
        time = datetime.now(timezone.utc).isoformat(timespec="seconds")
        return cls(**facts, time=time, version=version)

    @property
    def provider_option(self) -> str | None:
        """Return the value of `-p` that runs the recipe again; None where no provider is known."""
        return provider_option(self.provider, sandbox=self.sandbox) if self.provider else None

    @property
    def source_type(self) -> str:
        """Return IPTC's digital source type of the picture, a URI.

        The inputs are as sent: a picture among them is recognised by its type or suffix, or by the
        name of its field.
        """
        if self.sandbox:
            return f"{SOURCE_TYPES}algorithmicMedia"
        with_picture = any(_is_picture(name, value) for name, value in self.inputs.items())
        return SOURCE_TYPES + (
            "compositeWithTrainedAlgorithmicMedia" if with_picture else "trainedAlgorithmicMedia"
        )

    @property
    def description(self) -> str:
        """Return a readable line with the prompt, the model and the seed."""
        prompt = self.inputs.get("prompt")
        facts = [self.model, *([f"seed {self.seed}"] if self.seed is not None else [])]
        origin = _printable(", ".join([*facts, *(["sandbox"] if self.sandbox else [])]))
        if not isinstance(prompt, str):
            return origin
        return f"{' '.join(_printable(prompt[:500]).split())} ({origin})"

    def changed(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Return the inputs for a rerun, with the seed that was used and with `changes` applied.

        Raises:
            InputError: an input is shortened in the recipe, and `changes` does not replace it.
        """
        missing = [name for name in self.cut if name not in changes]
        if missing:
            raise InputError(
                f"The image's recipe contains only a part of `{'`, `'.join(missing)}`.",
                hint=f"Give it again: {missing[0]}=…",
                field=missing[0],
            )
        seed = {"seed": self.seed} if self.seed is not None and "seed" in self.inputs else {}
        return {**self.inputs, **seed, **changes}

    def shortened(self, length: int) -> Recipe:
        """Return the recipe without secrets and without texts longer than `length`."""
        inputs = {name: _published(name, value, length) for name, value in self.inputs.items()}
        cut = [
            name
            for name, value in self.inputs.items()
            if inputs[name] != value or _PLACEHOLDER.search(str(inputs[name]))
        ]
        return replace(self, inputs=inputs, cut=tuple(dict.fromkeys([*self.cut, *cut])))

    def to_json(self) -> str:
        """Return compact JSON in ASCII, without the fields that are not known."""
        fields = {"segmind_widgets": FORMAT, **vars(self)}
        present = {
            name: value
            for name, value in fields.items()
            if value is not None and value is not False and value not in ("", ())
        }
        return json.dumps(present, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """Parse a text in the form of `to_json`.

        Raises:
            ValueError: the text is not a recipe, or of a later version.
        """
        if len(text) > _READ_LIMIT:
            raise ValueError("it is too long")
        try:
            facts: object = json.loads(text)
            json.dumps(facts, ensure_ascii=False, allow_nan=False).encode()  # surrogates, NaN
        except RecursionError:
            raise ValueError("it is nested too deeply") from None
        facts = cast("dict[str, object]", facts) if isinstance(facts, dict) else {}
        version = facts.pop("segmind_widgets", None)
        if type(version) is not int or version < 1:
            raise ValueError("it is not a recipe")
        if version > FORMAT:
            raise ValueError("it was written by a newer segmind-widgets; update the package")
        fields: dict[str, Any] = {name: facts[name] for name in _CHECKS if name in facts}
        for name, value in fields.items():
            if not _CHECKS[name](value):
                raise ValueError(f"its `{name}` is invalid")
        if "model" not in fields:
            raise ValueError("it has no model")
        fields["cut"] = tuple(fields.get("cut", ()))
        return cls(**fields)


def write(path: Path, recipe: Recipe) -> bool:
    """Write a recipe into a PNG, JPEG or WebP file; return whether the file now has it.

    All other bytes stay unchanged. Files of other formats, broken or signed (C2PA) files, and files
    that cannot be written are not changed: a picture matters more than its recipe.
    """
    path = path.resolve()
    part = path.with_name(f"{path.name}.recipe")
    try:
        with embedding.mapped(path) as data:
            edits = _edits(data, recipe)
            if not edits:
                return False
            with PRIVATE.create(part) as file, memoryview(data) as view:
                file.writelines(embedding.edited(view, edits))
        shutil.copymode(path, part)
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        return False
    return True


def with_recipe(asset: Asset, recipe: Recipe) -> Asset:
    """Return the asset with a recipe in its file or its bytes, if the format can hold one."""
    if asset.path:
        write(asset.path, recipe)
    elif asset.data is not None and (edits := _edits(asset.data, recipe)):
        return replace(asset, data=b"".join(embedding.edited(memoryview(asset.data), edits)))
    return asset


def _edits(data: Data, recipe: Recipe) -> list[Edit]:
    """Return the edits that insert as many of the inputs as the file has room for."""
    return embedding.insertion(data, _candidates(recipe))


def _candidates(recipe: Recipe) -> Iterator[Properties]:
    """Yield the recipe's properties with shorter and shorter inputs."""
    creator_tool = _printable(f"{OURS} {recipe.version}".strip())
    for length in _LENGTHS:
        short = recipe.shortened(length)
        text = short.to_json()
        if len(text) <= _JSON_LIMIT:
            yield Properties(text, recipe.source_type, short.description, creator_tool)


def read(source: Any) -> Recipe:
    """Read the recipe that a picture carries.

    Args:
        source: what `Asset.of` takes, on this disk or in memory.

    Raises:
        AssetError: it carries none, or one that cannot be understood.
    """
    asset = Asset.of(source)
    try:
        if asset.path:
            with embedding.mapped(asset.path) as data:
                text = embedding.recipe_in(data)
        else:
            text = embedding.recipe_in(asset.content)
    except OSError as error:
        raise AssetError(f"{asset.path} cannot be read: {error.strerror}.") from error
    if text is None:
        raise AssetError(
            f"{asset.filename} carries no recipe.",
            hint="Only PNG, JPEG and WebP files that were made here, and not saved again by "
            "another program, carry one.",
        )
    try:
        return Recipe.from_json(text)
    except ValueError as error:
        reason = "it is incomplete" if isinstance(error, json.JSONDecodeError) else error
        raise AssetError(f"The recipe in {asset.filename} cannot be read: {reason}.") from None


def _published(name: str, value: Any, length: int) -> Any:
    """Return an input without secrets and long texts."""
    short = _named_value(name, value, length, 0)
    too_long = not isinstance(short, str) and len(json.dumps(short)) > 4 * length
    return f"<{type(value).__name__}, too long>" if too_long else short


def _short(value: Any, length: int, depth: int) -> Any:
    type_name = type(value).__name__
    if isinstance(value, str):
        value = _encodable(value)
        for pattern, replacement in _REPLACEMENTS:
            value = pattern.sub(replacement, value)
        return value if len(value) <= length else f"{value[: length - 1]}…"
    if isinstance(value, float) and not math.isfinite(value):
        return f"<{value}>"
    if isinstance(value, int) and value.bit_length() > _BIT_LIMIT:
        return "<int>"
    if isinstance(value, (int, float, type(None))):
        return value
    if isinstance(value, Mapping) and depth < _DEPTH_LIMIT:
        mapping = cast("Mapping[object, object]", value)
        items = ((_encodable(str(key)), item) for key, item in mapping.items())
        return {key: _named_value(key, item, length, depth + 1) for key, item in items}
    if isinstance(value, (list, tuple)) and depth < _DEPTH_LIMIT:
        return [_short(item, length, depth + 1) for item in cast("list[object]", value)]
    return f"<{type_name}>"


def _named_value(name: str, value: Any, length: int, depth: int) -> Any:
    secret = _SECRET_NAME.search(name) and value is not None
    return "<omitted>" if secret else _short(value, length, depth)


def _public(url: str) -> str:
    """Return only scheme, host and path: queries may hold signatures, users passwords."""
    if url.lower().startswith("file:"):
        return _file_name(url)
    return re.sub(r"(?<=://)[^/]*@", "", re.sub(r"[?#;].*", "", url))


def _file_name(url: str) -> str:
    """Return the name of a file on this machine, without its folder."""
    return f"<{PureWindowsPath(url.strip()[len('file:') :]).name}>"  # at / and at \


def _is_picture(name: str, value: Any, depth: int = 0) -> bool:
    """Whether an input as sent is a picture, or a list or mapping that holds one."""
    if isinstance(value, str):
        return bool(_PICTURE.match(value) or (_PICTURE_FIELD.search(name) and _FILE.match(value)))
    if depth < _DEPTH_LIMIT and isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return any(_is_picture(f"{name} {key}", item, depth + 1) for key, item in items)
    if depth < _DEPTH_LIMIT and isinstance(value, (list, tuple)):
        items = cast("list[object]", value)
        return any(_is_picture(name, item, depth + 1) for item in items)
    return False


def _encodable(text: str) -> str:
    """Return the text without surrogates, which UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode()


def _printable(text: str) -> str:
    """Return the text with a space for each character that XML or a line cannot hold."""
    return "".join(character if character.isprintable() else " " for character in text)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 500 and value.isprintable()


def _are_texts(values: list[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


_CHECKS: Mapping[str, Callable[[Any], bool]] = {
    "model": lambda value: _is_text(value) and value != "",
    "kind": lambda value: value in ("model", "workflow"),
    "inputs": lambda value: isinstance(value, dict),
    "cut": lambda value: isinstance(value, list) and _are_texts(cast("list[object]", value)),
    "seed": lambda value: type(value) is int and abs(value) < 2**64,
    "provider": _is_text,
    "id": _is_text,
    "cost": lambda value: type(value) in (int, float) and 0 <= value < 1e9,
    "time": lambda value: _is_text(value) and _is_time(value),
    "sandbox": lambda value: type(value) is bool,
    "version": _is_text,
}
