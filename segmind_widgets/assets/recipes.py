"""Every saved picture carries its recipe: what it was made of, in its own metadata.

The recipe is compact JSON, in PNG as the text `segmind_widgets`, in JPEG and WebP as EXIF's
UserComment. It holds no key and no signed URL, and a file that was sent as base64 by name only.
"""

from __future__ import annotations

import contextlib
import json
import math
import mmap
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

from segmind_widgets.assets import containers
from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.exif import OURS, Note
from segmind_widgets.errors import AssetError, InputError

FORMAT = 1  # of the JSON; a reader refuses a later one
FACTS = ("model", "kind", "inputs", "seed", "provider", "id", "cost", "sandbox")  # a job's traits

_LENGTHS = (20_000, 4_000, 1_000, 200, 40)  # characters of a text, shorter until all fits
_LONGEST = 60_000  # bytes of JSON: about what a JPEG segment can take
_LONGEST_READ = 1_000_000
_MOST_BITS = 1_000  # of a number: Python writes no int of more than 4,300 digits
_DEEPEST = 16  # lists in mappings in lists
_SECRET_NAME = re.compile(
    r"api[_-]?key|access[_-]?key|secret|password|authorization|(?:^|[_-])token$", re.IGNORECASE
)
_LINE = r"[A-Za-z0-9+/_-]{60,}"  # of base64, which may be folded
_NOTES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"data:[\w.+-]*/?[\w.+-]*[;,][^\s\"'<>]+"), lambda m: f"<data, {len(m[0])} B>"),
    (re.compile(r"[a-z][a-z0-9+.-]{0,20}://[^\s\"'<>]+", re.IGNORECASE), lambda m: _public(m[0])),
    (re.compile(rf"{_LINE}(?:\s?{_LINE}){{3,}}=*"), lambda m: f"<base64, {len(m[0])} B>"),
    (
        re.compile(r"\b(?:SG_[\w-]{8,}|sk-[\w-]{16,}|hf_\w{16,}|(?<=Bearer )[\w.~+/-]{16,})"),
        lambda _: "<a key>",
    ),
)
_BY_NAME = re.compile(r"<[^<>]*, sha256 [0-9a-f]{64}>")  # `planning.inputs.placeholder`


@dataclass(frozen=True)
class Recipe:
    """What a picture was made of.

    `inputs` are as sent, URLs in the place of files; `cut` names those that are not whole here.
    `seed` is the one used, `cost` USD, `time` UTC (ISO 8601), `version` that of this package.
    """

    model: str
    kind: Literal["model", "workflow"] = "model"
    inputs: Mapping[str, Any] = field(default_factory=dict)
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
        """The recipe of a job that has just ended, from its traits."""
        time = datetime.now(timezone.utc).isoformat(timespec="seconds")
        return cls(**facts, time=time, version=version)

    @property
    def provider_option(self) -> str | None:
        """Where to run it again, as `-p` takes it; None where it does not say."""
        return "sandbox" if self.sandbox and self.provider == "segmind" else self.provider or None

    @property
    def description(self) -> str:
        """A line for people."""
        prompt = self.inputs.get("prompt")
        facts = [self.model, *([f"seed {self.seed}"] if self.seed is not None else [])]
        made = ", ".join([*facts, *(["sandbox"] if self.sandbox else [])])
        if not isinstance(prompt, str):
            return made
        words = "".join(sign if sign.isprintable() else " " for sign in prompt[:500])
        return f"{' '.join(words.split())} ({made})"

    def changed(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """The inputs to run it again: with the seed that was used, and with changes.

        Raises:
            InputError: an input is not whole in the recipe, and not among the changes.
        """
        missing = [name for name in self.cut if name not in changes]
        if missing:
            raise InputError(
                f"The picture's recipe does not hold all of `{'`, `'.join(missing)}`.",
                hint=f"Give it again: {missing[0]}=…",
                field=missing[0],
            )
        used = {"seed": self.seed} if self.seed is not None and "seed" in self.inputs else {}
        return {**self.inputs, **used, **changes}

    def shortened(self, length: int) -> Recipe:
        """The recipe as it may be published: without secrets, no text longer than `length`."""
        kept = {name: _kept(name, value, length) for name, value in self.inputs.items()}
        cut = [
            name
            for name, value in self.inputs.items()
            if kept[name] != value or _BY_NAME.search(str(kept[name]))
        ]
        return replace(self, inputs=kept, cut=tuple(dict.fromkeys([*self.cut, *cut])))

    def to_json(self) -> str:
        """Compact JSON in ASCII, without what is not known."""
        facts = {"segmind_widgets": FORMAT, **vars(self)}
        known = {
            name: value
            for name, value in facts.items()
            if value is not None and value is not False and value not in ("", ())
        }
        return json.dumps(known, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """What `to_json` wrote, by whomever. Raises ValueError: it cannot have been us."""
        if len(text) > _LONGEST_READ:
            raise ValueError("it is too long")
        try:
            facts = json.loads(text)
            json.dumps(facts, ensure_ascii=False, allow_nan=False).encode()  # half characters, NaN
        except RecursionError:
            raise ValueError("it is too deep") from None
        version = facts.pop("segmind_widgets", None) if isinstance(facts, dict) else None
        if type(version) is not int or version < 1:
            raise ValueError("it is no recipe")
        if version > FORMAT:
            raise ValueError("it was written by a newer segmind-widgets; update the package")
        known: dict[str, Any] = {name: facts[name] for name in _CHECKS if name in facts}
        for name, value in known.items():
            if not _CHECKS[name](value):
                raise ValueError(f"its `{name}` is wrong")
        if "model" not in known:
            raise ValueError("it names no model")
        known["cut"] = tuple(known.get("cut", ()))
        return cls(**known)


def write(path: Path, recipe: Recipe) -> bool:
    """Put a recipe into a PNG, JPEG or WebP file; whether it is in now.

    Every other byte stays. Other files, broken and signed (C2PA) ones, and those that cannot be
    written are left as they are: a picture matters more than its recipe.
    """
    path = path.resolve()
    part = path.with_name(f"{path.name}.recipe")
    try:
        with _bytes_of(path) as data:
            edits = _edits(data, recipe)
            if not edits:
                return False
            with part.open("wb") as file, memoryview(data) as view:
                file.writelines(_pieces(view, edits))
        shutil.copymode(path, part)
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        return False
    return True


def stamped(asset: Asset, recipe: Recipe) -> Asset:
    """The asset with a recipe in it, where it takes one: in its file, or in its bytes."""
    if asset.path:
        write(asset.path, recipe)
    elif asset.data is not None and (edits := _edits(asset.data, recipe)):
        return replace(asset, data=b"".join(_pieces(memoryview(asset.data), edits)))
    return asset


def _pieces(view: memoryview, edits: list[containers.Edit]) -> Iterator[memoryview | bytes]:
    at = 0
    for edit in edits:
        yield view[at : edit.start]
        yield edit.new
        at = edit.end
    yield view[at:]


def _edits(data: containers.Data, recipe: Recipe) -> list[containers.Edit]:
    """With as much of the inputs as the file has room for."""
    container = containers.find(data)
    for length in _LENGTHS if container else ():
        short = recipe.shortened(length)
        text = short.to_json()
        software = f"{OURS} {recipe.version}".strip()
        if len(text) <= _LONGEST and container:
            edits = container.edits(Note(text, short.description, software))
            if edits:
                return edits
    return []


def read(source: Any) -> Recipe:
    """The recipe that a picture carries.

    Args:
        source: what `Asset.of` takes, on this disk or in memory.

    Raises:
        AssetError: it carries none, or one that cannot be understood.
    """
    asset = Asset.of(source)
    try:
        with _bytes_of(asset.path) if asset.path else _held(asset.content) as data:
            container = containers.find(data)
            text = container.note() if container else None
    except OSError as error:
        raise AssetError(f"{asset.path} cannot be read: {error.strerror}.") from error
    if text is None:
        raise AssetError(
            f"{asset.filename} carries no recipe.",
            hint="PNG, JPEG and WebP files do that were made here, and not saved anew elsewhere.",
        )
    try:
        return Recipe.from_json(text)
    except ValueError as error:
        said = "it is cut off" if isinstance(error, json.JSONDecodeError) else error
        raise AssetError(f"The recipe in {asset.filename} cannot be read: {said}.") from None


@contextlib.contextmanager
def _bytes_of(path: Path) -> Iterator[containers.Data]:
    """A file's bytes, mapped: what is not looked at is not read."""
    with path.open("rb") as file:
        if not path.stat().st_size:  # nothing can be mapped
            yield b""
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield data


@contextlib.contextmanager
def _held(data: bytes) -> Iterator[containers.Data]:
    yield data


def _kept(name: str, value: Any, length: int) -> Any:
    """An input as it may be published."""
    kept = _within(name, value, length, 0)
    long = not isinstance(kept, str) and len(json.dumps(kept)) > 4 * length
    return f"<{type(value).__name__}, too long>" if long else kept


def _short(value: Any, length: int, depth: int) -> Any:
    if isinstance(value, str):
        value = _encodable(value)
        for pattern, note in _NOTES:
            value = pattern.sub(note, value)
        return value if len(value) <= length else f"{value[: length - 1]}…"
    if isinstance(value, float) and not math.isfinite(value):
        return f"<{value}>"
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return "<int>"
    if isinstance(value, (int, float, type(None))):
        return value
    if isinstance(value, Mapping) and depth < _DEEPEST:
        items = ((_encodable(str(key)), item) for key, item in value.items())
        return {key: _within(key, item, length, depth + 1) for key, item in items}
    if isinstance(value, (list, tuple)) and depth < _DEEPEST:
        return [_short(item, length, depth + 1) for item in value]
    return f"<{type(value).__name__}>"


def _within(name: str, value: Any, length: int, depth: int) -> Any:
    secret = _SECRET_NAME.search(name) and value is not None
    return "<left out>" if secret else _short(value, length, depth)


def _public(url: str) -> str:
    """Scheme, host and path: what follows may be a signature, what precedes the host a password."""
    return re.sub(r"(?<=://)[^/]*@", "", re.sub(r"[?#;].*", "", url))


def _encodable(text: str) -> str:
    """Without halves of characters, which UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode()


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 500 and value.isprintable()


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


_CHECKS: Mapping[str, Callable[[Any], bool]] = {
    "model": lambda value: _is_text(value) and value != "",
    "kind": lambda value: value in ("model", "workflow"),
    "inputs": lambda value: isinstance(value, dict),
    "cut": lambda value: isinstance(value, list) and all(isinstance(name, str) for name in value),
    "seed": lambda value: type(value) is int and abs(value) < 2**64,
    "provider": _is_text,
    "id": _is_text,
    "cost": lambda value: type(value) in (int, float) and 0 <= value < 1e9,
    "time": lambda value: _is_text(value) and _is_time(value),
    "sandbox": lambda value: type(value) is bool,
    "version": _is_text,
}
