"""Read the requests of curl commands in a shell script, without running it."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from segmind_widgets.errors import InputError
from segmind_widgets.nested import transform
from segmind_widgets.syntax.pasted.calls import files_in
from segmind_widgets.syntax.pasted.values import (
    CodeRequest,
    LocalFile,
    Unknown,
    is_dict,
    parse_body,
)

_QUOTED = re.compile(  # `$'…'` is in curl commands that browsers copy
    r"""'[^']*'|"(?:\\.|[^"\\])*"|\\.|\$'((?:\\.|[^'\\])*)'""", re.DOTALL
)
_CONTINUED = re.compile(r"[\\^`][ \t]*\n")  # for a POSIX shell, Windows and PowerShell
_HEREDOC = re.compile(
    r"<<-?[ \t]*(['\"]?)(\w+)\1(?P<rest>[^\n]*)\n(?P<body>.*?)\n?^[ \t]*\2[ \t]*$",
    re.DOTALL | re.MULTILINE,
)
_MARK = re.compile(r"HEREDOC(\d+)\b")
# a function of a script; its body ends at the first `}` at the start of a line
_FUNCTION = re.compile(
    r"^[ \t]*(\w+)\(\)[ \t]*\{(?:(?!^\}).)*?\bcurl\b(?:(?!^\}).)*?\"\$@\"",
    re.MULTILINE | re.DOTALL,
)
_ASSIGNMENT = re.compile(
    r"^[ \t]*(?:export[ \t]+)?(\w+)=('[^'\n]*'|\"[^\"\n]*\"|[^\s;]*)", re.MULTILINE
)
_FILE = re.compile(r"^[ \t]*(\w+)=\$\((?:upload|encoded)[ \t]+('[^']*'|\S+?)[ \t)]", re.MULTILINE)
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_LEADING = re.compile(  # lines that may precede a command
    r"(?:[ \t]*(?:#.*|(?:export[ \t]+)?\w+=.*|(?:set|trap)[ \t].*|[$>!%][ \t]*)?\n)*[$>!%\s]*"
)
_END = {"\n", ";", "|", "&", ")"}
_WITH_VALUE = set("AbcCDeEFhHKmopPQrtTuUwxXyYz")  # short options that take a value
_WITHOUT_VALUE = {"--location", "--compressed", "--silent", "--get", "--insecure", "--fail"}
_NO_DATA = "The data of the curl command is not a JSON object."
_COPY_ALL = 'Data looks like {"prompt": "a red fox"}; copy the complete command.'


def begins(text: str) -> bool:
    """Return whether a text is a shell script in which only comments and variables precede curl."""
    text = _CONTINUED.sub(" ", text)
    match = _LEADING.match(text)
    rest = text[match.end() if match else 0 :]
    return re.match(r"(?:curl(?:\.exe)?\s|\w+\(\)\s*\{)", rest) is not None and "curl" in rest


def requests(text: str) -> list[CodeRequest]:
    """Return the requests of all curl commands, in order.

    Raises:
        InputError: a quote is not closed, or the data is not a JSON object.
    """
    documents: list[str] = []

    def shelve(match: re.Match[str]) -> str:
        documents.append(match["body"])
        return f" HEREDOC{len(documents) - 1} {match['rest']}"

    text = _HEREDOC.sub(shelve, text)
    text = _CONTINUED.sub(" ", text)
    variables = {m[1]: m[2].strip("'\"") for m in _ASSIGNMENT.finditer(text) if "$(" not in m[2]}
    files = {
        m[1].strip("'\""): documents[int(m[2])]
        for m in re.finditer(r"cat[ \t]*>[ \t]*(\S+)[ \t]*HEREDOC(\d+)", text)
    }
    uploaded = {f"${m[1]}": LocalFile(m[2].strip("'")) for m in _FILE.finditer(text)}
    names = ["curl(?:\\.exe)?", *map(re.escape, _FUNCTION.findall(text))]
    start = re.compile(rf"(?:^|[\n;&|(])[$>!%\s]*(?:{'|'.join(names)})\s(?!\(\))")
    commands: list[CodeRequest] = []
    for match in start.finditer(text):
        words = _split(_command(text, match.end()), variables)
        if "$@" not in words:  # the body of the script's own function
            commands.append(_Command(words, documents, files, uploaded).request())
    return commands


def _command(text: str, start: int) -> str:
    """Return the command's words, up to the end of the command outside of quotes."""
    end = start
    while end < len(text) and text[end] not in _END:
        quoted = _QUOTED.match(text, end)
        if quoted is None and text[end] in "'\"":
            raise InputError(
                "A quote is not closed in the curl command.", hint="Copy the whole command."
            )
        end = quoted.end() if quoted else end + 1
    return text[start:end]


def _split(command: str, variables: Mapping[str, str]) -> list[str]:
    def fill(match: re.Match[str]) -> str:
        return variables.get(match[1] or match[2], match[0])

    def convert(match: re.Match[str]) -> str:
        if match[1] is not None:
            return shlex.quote(_ansi_c(match[1]))
        return _VARIABLE.sub(fill, match[0]) if match[0][0] == '"' else match[0]

    parts: list[str] = []
    end = 0
    for match in _QUOTED.finditer(command):
        parts += [_VARIABLE.sub(fill, command[end : match.start()]), convert(match)]
        end = match.end()
    try:
        return shlex.split("".join(parts) + _VARIABLE.sub(fill, command[end:]))
    except ValueError:
        raise InputError(
            "A quote is not closed in the curl command.", hint="Copy the whole command."
        ) from None


def _ansi_c(inner: str) -> str:
    """Return the text of `$'…'`, all of whose escapes are also valid in Python."""
    try:
        return ast.literal_eval(f"'''{inner}'''")
    except (SyntaxError, ValueError, MemoryError):
        return inner


class _Command:
    """The words of one command."""

    def __init__(
        self,
        words: list[str],
        documents: list[str],
        files: Mapping[str, str],
        uploaded: Mapping[str, LocalFile],
    ) -> None:
        # identified by the variable of the URL, in scripts of this package
        self._uploaded = uploaded
        self._options = list(_options(words))
        self._documents = documents
        self._files = files

    def request(self) -> CodeRequest:
        """Return the request that the command would send."""
        url = self._last("--url", "") or ""
        method = self._last("-X", "--request") or ""
        data = [v for n, v in self._options if n in ("-d", "--json") or n.startswith("--data")]
        form = [v for n, v in self._options if n in ("-F", "--form", "--form-string")]
        body: Any = self._form(form) if form else self._data("&".join(data)) if data else None
        method = method.upper() or ("GET" if body is None else "POST")
        return CodeRequest(
            "GET" if self._last("-G", "--get") else method, url, body, files_in(body)
        )

    def _last(self, short: str, long: str) -> str | None:
        values = [value for name, value in self._options if name in (short, long)]
        return values[-1] if values else None

    def _data(self, text: str) -> Any:
        if mark := _MARK.search(text):
            text = self._documents[int(mark[1])]
        elif text == "@-" and self._documents:
            text = self._documents[-1]
        elif text.startswith("@"):
            if text[1:] not in self._files:
                return Unknown(f"the file {text[1:]}")
            text = self._files[text[1:]]
        body = parse_body(text)
        if not is_dict(body):
            raise InputError(
                _NO_DATA, hint='Data looks like {"prompt": "a red fox"}; copy the complete command.'
            )
        return transform(body, lambda leaf: self._uploaded.get(leaf, leaf) if leaf else leaf)

    def _form(self, fields: list[str]) -> dict[str, Any]:
        pairs = (field.partition("=")[::2] for field in fields)
        return {name: _field(value) for name, value in pairs}


def _field(value: str) -> Any:
    """Return a form value: text, or the file after `@`."""
    if value[:1] not in ("@", "<"):
        return value
    return LocalFile(value[1:].partition(";")[0].strip('"'))


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    """Yield each option with its value; addresses are yielded as `--url`."""
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if word.startswith("--"):
            if equals:
                yield name, value
            elif word in (
                "--location",
                "--compressed",
                "--silent",
                "--get",
                "--insecure",
                "--fail",
            ):
                yield word, "yes"
            else:
                yield word, next(rest, "")
        elif word.startswith("-") and len(word) > 1:
            flags = word[1:]
            at = next((i for i, flag in enumerate(flags) if flag in _WITH_VALUE or flag == "d"), -1)
            for flag in flags if at < 0 else flags[:at]:
                yield f"-{flag}", "yes"
            if at >= 0:
                yield f"-{flags[at]}", flags[at + 1 :] or next(rest, "")
        elif not _MARK.fullmatch(word):
            yield "--url", word
