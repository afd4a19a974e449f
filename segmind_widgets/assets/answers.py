r"""Answers of language models as Markdown that runs nothing and loads nothing.

Front ends differ in how they read Markdown, and nbconvert renders HTML and `javascript:` links. So
a character outside of code that could begin HTML, a formula, a picture or a link to anything but
the web is written as a reference, wherever it stands: nothing depends on which construct a front
end sees. Code is written in a form that all of them read alike. The work is linear in the text.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from segmind_widgets.markup import element, fragment
from segmind_widgets.printable import printable

_FENCES = ("```", "~~~")
_DIAGRAM = "mermaid"  # front ends draw it with scripts, and nbconvert does not escape it
_LANGUAGE = re.compile(r"[\w+#.-]{1,30}", re.ASCII)
_MATH = ("$$", r"\(", r"\[")  # an answer without any of them has dollars for money only
_CLOSING = {"$$": "$$", "$": "$", r"\(": r"\)", r"\[": r"\]"}
_LONGEST_FORMULA = 2000  # characters
_ACTIVE_TEX = re.compile(  # makes links, styles and attributes, or hides that it does
    r"\\(?:href|url|html|style|class|css|data|require|mml|include|unicode|toggle|texttip|bbox"
    r"|def|gdef|edef|let|newcommand|renewcommand|newenvironment|csname|img)"
)
_IN_FORMULA = {"<": r" \lt ", ">": r" \gt ", "![": "! [", "](": "] (", "]:": "] :"}
_MARKS_IN_CODE = frozenset("<&$\\![]\n")  # of a span that a front end might not read as code
_MARKS = re.compile(r"`+|\$\$?|\\.?|!+|\[|\]\(?|<|&", re.DOTALL)
_WEB = ("https://", "http://", "mailto:")
_DESTINATION = re.compile(r"[^\s()<>`\"']*")
_IN_ADDRESS = str.maketrans({"$": "%24", "\\": "%5C", "[": "%5B", "]": "%5D", "&": "&amp;"})
_ESCAPABLE = frozenset("*_#|~-+.>`{}")  # after a backslash; not what this module writes itself


def to_markdown(text: str) -> str:
    r"""Return an answer as Markdown without pictures and without HTML of its own.

    Dollars are escaped unless the answer has `$$`, `\(` or `\[`. Links to the web stay links, and a
    picture becomes one.
    """
    parts = list(_split(printable(text)))
    has_math = any(mark in part for part, fence in parts if fence is None for mark in _MATH)
    blocks = [
        _prose(part, has_math=has_math) if fence is None else _fenced(part, fence)
        for part, fence in parts
    ]
    return "\n\n".join(filter(None, blocks))


def _split(text: str) -> Iterator[tuple[str, str | None]]:
    """Yield prose (with None) and the content of each fence (with its info string)."""
    lines: list[str] = []
    mark, info, indent = "", "", 0
    for line in text.split("\n"):
        bare = line.strip(" \t")
        if mark:
            if bare.startswith(mark) and not bare.strip(mark[0]):
                yield "\n".join(lines), info
                lines, mark = [], ""
            else:
                lines.append(line[min(indent, len(line) - len(line.lstrip(" \t"))) :])
        elif bare.startswith(_FENCES) and not (bare[0] == "`" and "`" in bare.lstrip("`")):
            yield "\n".join(lines).strip("\n"), None
            info = bare.lstrip(bare[0]).strip()
            mark = bare[0] * (len(bare) - len(bare.lstrip(bare[0])))
            lines, indent = [], len(line) - len(line.lstrip(" \t"))
        else:
            lines.append(line)
    yield "\n".join(lines).strip("\n"), info if mark else None


def _fenced(code: str, info: str) -> str:
    """Return a fence that nothing in the code can end, and that no formula can reach into."""
    if "$$" in code or any(mark in code for mark in (r"\(", r"\[", r"\begin")):
        return str(element("pre", element("code", code)))
    language = info.split()[0] if info else ""
    is_language = _LANGUAGE.fullmatch(language) and not language.lower().startswith(_DIAGRAM)
    runs = [len(run[0]) for run in re.finditer("`+", code)]
    mark = "`" * (max([2, *runs]) + 1)
    return f"{mark}{language if is_language else ''}\n{code}\n{mark}"


def _prose(text: str, *, has_math: bool) -> str:
    paragraphs = re.split(r"\n(?:[ \t]*\n)+", text)
    return "\n\n".join(
        _Paragraph(paragraph, has_math=has_math).to_markdown() for paragraph in paragraphs
    )


class _Paragraph:
    """Text without blank lines, which neither code nor a formula crosses."""

    def __init__(self, text: str, *, has_math: bool) -> None:
        self._text, self._has_math = text, has_math
        self._runs: dict[int, list[int]] = {}  # length of a run of backticks → its places
        for run in re.finditer("`+", text):
            self._runs.setdefault(len(run[0]), []).append(run.start())

    def to_markdown(self) -> str:
        """Return the paragraph with its marks escaped or rewritten."""
        text, done, pieces = self._text, 0, list[str]()
        while match := _MARKS.search(text, done):
            pieces.append(text[done : match.start()])
            piece, done = self._piece(match[0], match.end())
            pieces.append(piece)
        return "".join([*pieces, text[done:]])

    def _piece(self, mark: str, end: int) -> tuple[str, int]:
        """Return the Markdown for one of `_MARKS`, and where the text after it begins."""
        text = self._text
        if mark[0] == "`":
            return self._code(mark, end)
        if self._has_math and mark in _CLOSING and (formula := self._formula(mark, end)):
            return formula
        if mark[0] == "$":
            return str(fragment(mark)), end
        if mark[0] == "\\":
            return self._escaped(mark, end)
        if mark == "<":
            address = _address(text, end)
            stop = end + len(address)
            if address and text[stop : stop + 1] == ">":
                return f"[{_label(address)}]({address.translate(_IN_ADDRESS)})", stop + 1
        if mark == "](":
            address = _address(text, end)
            opened = "](" if address else "]&#40;"
            return opened + address.translate(_IN_ADDRESS), end + len(address)
        if mark == "]" and text[end : end + 1] == ":":
            return self._definition(end + 1)
        if mark[0] == "!" and text[end : end + 1] in ("[", "<"):
            is_bare = text.startswith("[]", end)
            return _reference("!") * (len(mark) - 1) + "[picture" * is_bare, end + is_bare
        return {"<": "&lt;", "&": "&amp;"}.get(mark, mark), end

    def _code(self, mark: str, end: int) -> tuple[str, int]:
        places = self._runs.get(len(mark), [])
        index = bisect_left(places, end)
        if index == len(places):
            return mark, end
        code = self._text[end : places[index]]
        after = places[index] + len(mark)
        if _MARKS_IN_CODE.isdisjoint(code):
            return f"{mark}{code}{mark}", after
        return _verbatim(code.strip(" \n")), after

    def _formula(self, opening: str, end: int) -> tuple[str, int] | None:
        """Return a formula between dollars, which all front ends know."""
        text, closing = self._text, _CLOSING[opening]
        stop = text.find(closing, end, end + _LONGEST_FORMULA)
        body = text[end:stop].strip() if stop >= 0 else ""
        if not body or "$" in body or "`" in body or body.endswith("\\"):
            return None
        after = stop + len(closing)
        if opening == "$" and (
            text[end].isspace() or text[stop - 1].isspace() or text[after : after + 1].isdigit()
        ):
            return None  # money
        if _ACTIVE_TEX.search(body):
            return _verbatim(text[end - len(opening) : after]), after
        mark = "$" if opening in ("$", r"\(") else "$$"
        for character, text_of_it in _IN_FORMULA.items():
            body = body.replace(character, text_of_it)
        is_followed = text[after : after + 1] in ("$", "\\")  # `$a$$b$` would be read otherwise
        return f"{mark}{body}{mark}{' ' * is_followed}", after

    def _escaped(self, mark: str, end: int) -> tuple[str, int]:
        r"""Return what a backslash and the next character stand for.

        `\begin` and `\(` would begin a formula where the backslash stays in the page's text.
        """
        after = mark[1:]
        if after in _ESCAPABLE or after in ("", "\n"):
            return mark, end
        if after in ("$", "<", "&", "!"):
            return {"<": "&lt;", "&": "&amp;", "!": "&#33;"}.get(after) or str(fragment(after)), end
        return str(fragment("\\")), end - 1

    def _definition(self, end: int) -> tuple[str, int]:
        """Return the end of a link's label and its colon, which only an address may follow."""
        start = end + (self._text[end : end + 1] == " ")
        address = _address(self._text, start)
        if not address:
            return "]&#58;", end
        return f"]: {address.translate(_IN_ADDRESS)}", start + len(address)


def _address(text: str, start: int) -> str:
    """Return the address of the web that begins here; "" for any other scheme."""
    if not text[start : start + 8].lower().startswith(_WEB):
        return ""
    match = _DESTINATION.match(text, start)
    return match[0] if match else ""


def _label(address: str) -> str:
    return "".join(_reference(c) if not c.isalnum() and c not in "/:.-" else c for c in address)


def _verbatim(code: str) -> str:
    """Return code as an element in which no character means anything to Markdown."""
    text = "".join(c if c.isalnum() or c == " " else _reference(c) for c in code)
    return f"{_CODE_START}{text}{_CODE_END}"


def _reference(character: str) -> str:
    return f"&#{ord(character)};"


_CODE_START, _CODE_END = str(element("code", "|")).split("|")
