"""HTML as a reader sees it, and as MathJax reads it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

OUTSIDE = r'$5 and $10 \(x\) <b> & "q" $$y$$ \[z\] \begin{equation}w\end{equation}'
"""A text from outside, with all that must stay text."""
_SKIPPED = {"script", "style", "textarea", "pre", "code"}
_JOINED = {"br": "\n", "wbr": ""}  # MathJax looks for a formula across these
_FORMULA = re.compile(r"\$[^$]*\$|\\[(\[]|\\(?:begin|ref|eqref)\b", re.DOTALL)


class _Page(HTMLParser):
    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.strings = [""]  # as MathJax's HTMLDomStrings splits a page
        self._open: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _JOINED:
            self.handle_data(_JOINED[tag])
            return
        self.strings.append("")
        if tag not in ("img", "hr", "input", "source"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> without a beginning"
        assert self._open.pop() == tag, f"</{tag}> ends another element"
        self.strings.append("")

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.text += data
        if not _SKIPPED.intersection(self._open):
            self.strings[-1] += data

    def close(self) -> None:
        super().close()
        assert not self._open, f"{self._open} have no end"


def text_of(source: str) -> str:
    """The text of a piece of HTML, whose elements must be well nested."""
    return _Page(source).text


def formulas(source: str) -> list[str]:
    """What MathJax would typeset in a page, and Markdown in its source."""
    found = [match[0] for string in _Page(source).strings for match in _FORMULA.finditer(string)]
    return found + _FORMULA.findall(source)
