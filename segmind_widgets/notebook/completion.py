"""Tab completion for the magics: models, options, parameter names and their values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from segmind_widgets.batches.row_sources import FORMATS
from segmind_widgets.catalog.catalog import MODALITIES
from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import SegmindError
from segmind_widgets.planning.targets import split_provider
from segmind_widgets.types import Model

_ROWS = re.compile(  # up to the cursor: the value of --rows, which may be in quotes
    r"\A\s*(?:[^%\n]*=\s*)?%%?segmind_(?:run|workflow)\s(?:.*\s)?--rows[\s=]\s*"
    r"(\"[^\"\n]*|'[^'\n]*|[^\s\"'-][^\s]*|)\Z"
)
_LINE = re.compile(r"\s*(?:%%|(?:[\w, ]+=\s*)?%)(segmind_\w+)[ \t]")


_RUNS = ("segmind_run", "segmind_workflow")
_FILE = "file:"  # the beginning of a value that names a file


class Completion:
    """Finds the words that can complete the text at the cursor.

    Args:
        client: the source of models and providers.
        words: the options of each magic, by its name.
        values: the choices of these options, by magic and option.
    """

    def __init__(
        self,
        client: SegmindClient,
        words: Mapping[str, Iterable[str]],
        values: Mapping[str, Mapping[str, Iterable[str]]] | None = None,
    ) -> None:
        self._client = client
        self._values = values or {}
        self._words = {name: sorted(options) for name, options in words.items()}

    def matches(self, cell: str, cursor: int) -> tuple[str, list[str]]:
        """Return the fragment before the cursor, and the words that complete it."""
        if not _LINE.match(cell) or not cell.lstrip().startswith("%%"):
            start = cell.rfind("\n", 0, cursor) + 1  # a line magic may be on any line
            cell, cursor = cell[start:].partition("\n")[0], cursor - start
        if table := _ROWS.search(cell[:cursor]):
            return table[1], _tables(table[1])
        fragment = re.search(r"[^\s=]*\Z", cell[:cursor])
        word = fragment[0] if fragment else ""
        return word, self._completions(cell, cursor, word)

    def _completions(self, cell: str, cursor: int, word: str) -> list[str]:
        first = _LINE.match(cell)
        if not first or cursor < first.end():
            return []
        name = first[1]
        before = cell[:cursor]
        line, _, body = before.partition("\n")
        if name in _RUNS and word.startswith(_FILE):
            return _files(word, is_on_line="\n" not in before)
        if "\n" in before:
            return self._in_body(name, line, body, word)
        words = line[first.end() :].split()
        finished_words = words[: len(words) - bool(word)]
        if word.startswith("-"):
            return [option for option in self._words.get(name, ()) if option.startswith(word)]
        if finished_words and finished_words[-1] in ("-p", "--provider"):
            return _starting([*self._client.session.provider_titles(), "sandbox"], word)
        if finished_words and finished_words[-1] == "--modality":
            return _starting(MODALITIES, word)
        if finished_words and finished_words[-1] in self._values.get(name, {}):
            return _starting(self._values[name][finished_words[-1]], word)
        return self._on_line(name, finished_words, word, line)

    def _on_line(self, name: str, finished_words: list[str], word: str, line: str) -> list[str]:
        if name == "segmind_upload":
            return [_quoted(path) for path in _paths(word)]
        if name == "segmind_login":
            return _starting(self._client.session.provider_titles(), word)
        if name == "segmind_panel" and not finished_words:
            from segmind_widgets import panels

            return _starting(panels.names(), word)
        if name not in ("segmind_run", "segmind_models"):
            return []
        plain = [w for w in finished_words if not w.startswith("-")]
        model = self._model(line)
        if name == "segmind_models" or not plain or model is None:
            return _starting(self._slugs(line), word)
        value = re.search(r"(\w+)=([^\s=]*)$", line)
        if value:
            return _starting(_choices(model, value[1]), value[2])
        return _starting((f"{field}=" for field in _fields(model)), word)

    def _in_body(self, name: str, line: str, body: str, word: str) -> list[str]:
        model = self._model(line) if name == "segmind_run" else None
        if model is None:
            return []
        last = body.rpartition("\n")[2]
        value = re.match(r"\s*(\w+):\s*([^\s]*)$", last)
        if value:
            return _starting(_choices(model, value[1]), value[2])
        if last.strip() != word.strip():
            return []
        present = set(re.findall(r"(?m)^\s*(\w+):", body))
        return _starting((f"{f}: " for f in _fields(model) if f not in present), word.strip())

    def _slugs(self, line: str) -> list[str]:
        """Return the models of the provider on the line; without one, first those in use."""
        provider, session = _provider(line), self._client.session
        try:
            own = [model.slug for model in session.models(provider=provider)]
            every: list[str] = []
            if session.takes_any_provider(provider):
                every = [model.slug for model in self._client.catalog(provider)]
        except SegmindError:
            return []
        return list(dict.fromkeys([*own, *every]))

    def _model(self, line: str) -> Model | None:
        """Return the model that the line names, of the provider that it names."""
        for word in line.split()[1:]:
            try:
                name, provider = split_provider(word, _provider(line))
                model = self._client.session.find_model(name, provider)
            except SegmindError:  # no such provider, or no key for it
                continue
            if model:
                return model
        return None


def _provider(line: str) -> str | None:
    """Return the value of `-p` on a line, or None."""
    match = re.search(r"\s(?:-p\s*|--provider[\s=]\s*)([\w/-]+)(?=\s|$)", line)
    return match[1] if match else None


def _paths(word: str, suffixes: Iterable[str] | None = None) -> list[str]:
    """Return the folders and files that begin with a word, hidden ones only after a dot."""
    folder, _, start = word.rpartition("/")
    base = f"{folder}/" if "/" in word else ""
    try:
        entries = sorted(Path(base or ".").expanduser().iterdir())
    except (OSError, RuntimeError):
        return []
    return [
        f"{base}{entry.name}{'/' if entry.is_dir() else ''}"
        for entry in entries
        if entry.name.startswith(start)
        and (start or not entry.name.startswith("."))
        and (suffixes is None or entry.is_dir() or entry.suffix.lower() in suffixes)
    ]


def _files(word: str, *, is_on_line: bool) -> list[str]:
    """Return the values `file:…` that begin with a word; a line needs quotes around spaces."""
    values = [f"{_FILE}{path}" for path in _paths(word.removeprefix(_FILE))]
    if not is_on_line:
        return values
    return [value if value.endswith("/") else _quoted(value) for value in values]


def _tables(word: str) -> list[str]:
    """Return the folders and the files with rows that begin with a word, in quotes if needed."""
    quote = word[:1] if word[:1] in ("'", '"') else ""
    return [_quoted(path, quote) for path in _paths(word.removeprefix(quote), FORMATS)]


def _quoted(path: str, quote: str = "") -> str:
    """Return a path as it is written on the line; the quotes around a folder are not closed."""
    if not quote and re.search(r"[\s'\"]", path):
        quote = "'" if '"' in path else '"'
    return f"{quote}{path}{'' if path.endswith('/') else quote}"


def _fields(model: Model) -> Iterable[str]:
    return (model.schema or {}).get("properties", {})


def _choices(model: Model, field: str) -> Iterable[str]:
    schema = (model.schema or {}).get("properties", {}).get(field, {})
    if schema.get("type") == "boolean":
        return ("true", "false")
    return (str(value) for value in schema.get("enum", schema.get("examples", ())))


def _starting(words: Iterable[str], prefix: str) -> list[str]:
    return [word for word in words if word.lower().startswith(prefix.lower())]
