"""Find the inputs that a Markdown page describes: in tables, in lists, below headings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from segmind_widgets.syntax.parameter_words import TYPES, is_name, sections

_COLUMNS = {  # word in the head of a table: what its column has
    "name": "name", "parameter": "name", "parameters": "name", "param": "name", "field": "name",
    "argument": "name", "key": "name", "input": "name", "property": "name", "attribute": "name",
    "type": "kind", "data type": "kind", "required": "required", "required?": "required",
    "req": "required", "default": "default", "default value": "default", "values": "values",
    "allowed values": "values", "allowed": "values", "options": "values", "range": "values",
    "constraints": "values", "choices": "values", "enum": "values", "possible values": "values",
    "range / options": "values", "range/options": "values", "min": "min", "max": "max",
    "minimum": "min", "maximum": "max", "description": "text", "notes": "text", "details": "text",
}  # fmt: skip
_OTHERS = ("response", "output", "error", "header", "pricing", "status", "returns", "example")
_INPUTS = ("parameter", "input", "argument", "attribute", "body", "field", "propert", "request")
_YES = ("yes", "true", "required", "y", "✓", "✅", "✔", "*")
_MARKS = "`*_ \t"
_BULLETS = ("- ", "* ", "+ ", "• ")
_BREAK = re.compile(r"<br ?/?>")
_LEAD = " \t*`:_-–—,"  # between a name and what is said of it
_SEPARATOR = re.compile(r": |:\*| [-–—] |\. |\n|, ")
_WORD = re.compile(r"[a-z]{1,20}")
_MAX_SPEC = 100  # characters of the words for a type and whether it is required
_MAX_SPECS = 4
_NEEDS = ("required", "optional")


@dataclass(frozen=True)
class Entry:
    """An input on a page: the words for its type, and its facts by the keys of `sections`."""

    name: str
    kind: str = ""
    required: bool = False
    text: str = ""
    values: str = ""
    facts: Mapping[str, str] = field(default_factory=dict[str, str])


def _is_about(heading: str, words: Sequence[str]) -> bool:
    return any(word in heading.lower() for word in words)


# tables


def tables(text: str) -> Iterator[Entry]:
    """Yield the rows of the tables of inputs; those of replies, errors and headers have none."""
    heading, columns, before = "", list[str](), list[str]()
    for line in text.split("\n"):
        line = line.strip()
        if line.startswith("#"):
            heading, columns = line, []
        if not line.startswith("|"):
            columns, before = [], []
            continue
        cells = _cells(line)
        if _is_rule(cells):
            columns = [] if _is_about(heading, _OTHERS) else _columns(before)
        elif columns and (entry := _of_row(dict(zip(columns, cells, strict=False)))):
            yield entry
        before = cells


def _cells(line: str) -> list[str]:
    cells = line.replace("\\|", "\0").strip("|").split("|")
    return [_BREAK.sub("\n", cell.replace("\0", "|")).strip() for cell in cells]


def _is_rule(cells: Sequence[str]) -> bool:
    return all(cell.strip(":-") == "" and "-" in cell for cell in cells)


def _columns(head: Sequence[str]) -> list[str]:
    """Return what each column has; [] if the table is not one of inputs."""
    columns = [_COLUMNS.get(cell.strip(_MARKS).lower(), "") for cell in head]
    is_inputs = "name" in columns and {"kind", "default", "required"}.intersection(columns)
    return columns if is_inputs else []


def _of_row(row: Mapping[str, str]) -> Entry | None:
    name, _, remark = row.get("name", "").partition("(")
    name = name.strip()
    starred = name.endswith("*") and not name.startswith("*")
    need = f"{row.get('required', '')} {remark.strip(')')}".strip().strip(_MARKS).lower()
    name = name.strip(_MARKS.replace("_", ""))
    if not name or not is_name(name):
        return None
    facts = {key: row[key].strip("`") for key in ("default", "min", "max") if row.get(key)}
    return Entry(
        name,
        row.get("kind", ""),
        starred or need in _YES or need.startswith("required"),
        row.get("text", ""),
        row.get("values", "").replace("`", ""),
        facts,
    )


# lists and headings


@dataclass(frozen=True)
class _Block:
    """The lines below a heading; `title` is that of an input, "" for the heading of a section."""

    title: str
    lines: Sequence[str]


def _blocks(text: str) -> Iterator[_Block]:
    """Yield the blocks of the sections of inputs."""
    section, level, title, lines = "", 0, "", list[str]()
    for line in [*text.split("\n"), "#"]:
        if not line.startswith("#"):
            lines.append(line)
            continue
        is_other = _is_about(section, _OTHERS) or title.lower().rstrip("s") in _OTHERS
        if _is_about(section, _INPUTS) and not is_other:
            yield _Block(title, lines)
        depth, title, lines = len(line) - len(line.lstrip("#")), line.strip("# \t"), []
        if depth <= level or not _is_about(section, _INPUTS):
            section, level, title = title, depth, ""


def headings(text: str) -> Iterator[Entry]:
    """Yield the inputs that are headings, such as "### prompt" and below "Type: string"."""
    for block in _blocks(text):
        lines = [line for one in block.lines if (line := _without_bullet(one))]
        if block.title and (entry := _of_item("\n".join([block.title, *lines]))):
            yield entry


def lists(text: str) -> Iterator[Entry]:
    """Yield the inputs of lists such as "- **prompt** (string, required): what to draw"."""
    for block in _blocks(text):
        item, indent = list[str](), 0
        for line in [*block.lines, "- "]:
            depth = len(line) - len(line.lstrip())
            if line.lstrip().startswith(_BULLETS) and (not item or depth <= indent):
                if item and (entry := _of_item("\n".join(item))):
                    yield entry
                item, indent = [], depth
            elif not item:
                continue
            if plain := _without_bullet(line):
                item.append(plain)


def _without_bullet(line: str) -> str:
    plain = line.strip()
    return plain[2:].strip() if plain.startswith(_BULLETS) else plain


def _of_item(text: str) -> Entry | None:
    """Return the input that an item describes: a name, then its type or whether it is required."""
    first = text.split("\n", 1)[0]
    end = next((i for i, char in enumerate(first) if char in " :(\t=" and i), len(first))
    name = first[:end].strip("`*:")
    if not name or not is_name(name):
        return None
    head, rest = _split(text[end:])
    facts = {**sections(rest), **{k: v for k, v in sections(head).items() if k != "text"}}
    kind = facts.pop("type", "") or sections(head)["text"]
    said = facts.get("required", "").strip(" .*`").lower()
    if not (_is_spec(kind) or said):
        return None
    required = "required" in kind.lower() and "not required" not in kind.lower()
    return Entry(name, kind, required or said.startswith(_YES[:3]), facts=facts)


def _split(text: str) -> tuple[str, str]:
    """Split an item behind its name into the words for its type and need, and the rest."""
    text = text.lstrip(_LEAD)
    if text.startswith("("):
        end = _closing(text)
        return text[1:end], text[end + 1 :].lstrip(_LEAD)
    words = ""
    for _ in range(_MAX_SPECS):
        match = _SEPARATOR.search(text)
        piece = text[: match.start()] if match else text
        if len(piece) > _MAX_SPEC or not _is_spec(piece):
            break
        if match is None:
            return f"{words} {text}", ""
        words, text = f"{words} {piece}", text[match.end() :].lstrip(_LEAD)
    return words, text


def _closing(text: str) -> int:
    """Return where the parenthesis closes that a text begins with."""
    depth = 0
    for index, char in enumerate(text[:_MAX_SPEC]):
        depth += (char == "(") - (char == ")")
        if not depth:
            return index
    return len(text[:_MAX_SPEC])


def _is_spec(text: str) -> bool:
    """Return whether a text begins with a type, or with whether an input is required."""
    word = next(iter(_WORD.findall(text[:_MAX_SPEC].lower())), "")
    return word in (*TYPES, *_NEEDS) or word.rstrip("s") in TYPES
