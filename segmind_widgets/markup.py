r"""All HTML of outputs and widgets, built from escaped text that front ends do not interpret.

Front ends typeset formulas in HTML, too: `$…$`, `$$…$$`, `\(…\)`, `\[…\]`, `\begin{…}`. MathJax
searches for the delimiters within text nodes, and Markdown searches for them in the source. So each
`$` and each backslash is written as a reference, in an element of its own. That works in
JupyterLab, Notebook 7, Voilà, nbconvert's pages and Markdown, and with any sanitiser (JupyterLab
ignores the class `tex2jax_ignore`, nbconvert ignores `mathjax_ignore`). Line breaks are also
written as references, since a blank line would end HTML inside Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from segmind_widgets.printable import printable

Attribute = str | int | float | bool | None

_VOID = frozenset(("br", "hr", "img", "input", "source", "wbr"))
_ADDRESSES = frozenset(("href", "poster", "src"))
_SCHEME = re.compile(r"[\x00- ]*([a-z][a-z0-9+.\-\t\r\n]*):", re.IGNORECASE)  # as browsers parse it
_SAFE_SCHEMES = frozenset(("http", "https", "mailto", "blob", "data"))
_DOLLAR, _BACKSLASH = "&#36;", "&#92;"
_BREAKS_AFTER = frozenset("-/?")
_NO_BREAK = "white-space:nowrap"
_FONT = "font-family:var(--jp-ui-font-family,system-ui,sans-serif)"


class Html(str):
    """A piece of HTML. The functions of this module escape every other `str`.

    Only this module creates it; `+`, `join` and f-strings give a plain `str`, which is escaped
    again.
    """

    __slots__ = ()


def fragment(*children: str) -> Html:
    """Return texts and pieces of HTML side by side."""
    return Html("".join(map(_as_html, children)))


def join(separator: str, children: Iterable[str]) -> Html:
    """Return texts and pieces of HTML with a separator (text or HTML) between them."""
    return Html(_as_html(separator).join(map(_as_html, children)))


def lines(*children: str) -> Html:
    """Return texts and pieces of HTML, each in a line; empty ones are left out."""
    return join(_BREAK, filter(None, children))


def element(tag: str, *children: str, **attributes: Attribute) -> Html:
    """Return an element with texts and pieces of HTML in it.

    Args:
        tag: the name of the element.
        children: its content.
        attributes: in their names `_` is replaced by `-`, and a `_` at the end is removed
            (`class_`). True gives an attribute without a value; None and False give none. An
            address that could run a script (`javascript:`) gives none.
    """
    start = "".join([tag, *(_attribute(*attribute) for attribute in attributes.items())])
    if tag in _VOID:
        return Html(f"<{start}>")
    content = _style_sheet(children) if tag == "style" else fragment(*children)
    return Html(f"<{start}>{content}</{tag}>")


def output(*children: str, **attributes: Attribute) -> Html:
    """Return the outermost element of a cell's output; `style` is added to its style."""
    style = f"{_FONT};font-size:13px;{attributes.pop('style', '')}"
    return element("div", *children, style=style, **attributes)


def scroller(*children: str, label: str, tag: str = "div", style: str = "") -> Html:
    """Return a box that scrolls sideways where its content is too wide; `label` is its name.

    It takes the focus, so that the arrow keys scroll it; JupyterLab would take them for itself.
    """
    return element(
        tag,
        *children,
        style=f"overflow-x:auto;max-width:100%;{style}".rstrip(";"),
        tabindex=0,
        role="group",
        aria_label=label,
        data_lm_suppress_shortcuts="true",
    )


def verbatim(text: str, label: str, style: str = "") -> Html:
    """Return a text with its own line breaks; longer lines break at spaces, or scroll sideways."""
    fixed = "margin:0;white-space:pre-wrap;word-break:normal;overflow-wrap:normal"
    return scroller(whole_words(text), label=label, tag="pre", style=f"{fixed};{style}".rstrip(";"))


def whole_words(text: str) -> Html:
    """Return a text whose words are not broken, as browsers do after a hyphen or a slash."""
    parts = re.split(r"(\s+)", text)
    return fragment(
        *(element("span", part, style=_NO_BREAK) if _is_broken(part) else part for part in parts)
    )


def _is_broken(word: str) -> bool:
    """Return whether browsers break a word; not where scripts have no spaces."""
    return not _BREAKS_AFTER.isdisjoint(word[:-1]) and word.isascii() and word.isprintable()


def figure(content: str, *caption: str) -> Html:
    """Return a cell's output with lines of a caption under it."""
    note = "margin-top:6px;font-size:12px;line-height:1.5;opacity:.75;overflow-wrap:anywhere"
    return element(
        "figure",
        content,
        element("figcaption", lines(*caption), style=f"{note};text-align:left"),
        style=f"margin:4px 0;max-width:100%;{_FONT}",
    )


def badge(text: str) -> Html:
    """Return a text in a rounded frame."""
    frame = "border:1px solid currentColor;border-radius:8px;padding:0 6px;font-size:11px"
    return element("span", text, style=frame)


def link(address: str, label: str = "") -> Html:
    """Return a link that opens in a new tab, under a label or the address itself."""
    return element("a", label or address, href=address, target="_blank", rel="noopener noreferrer")


def with_links(text: str) -> Html:
    """Return a text in which the addresses are links."""
    parts = re.split(r"(https://[\w./#%-]*[\w/])", text)  # every second one is an address
    return fragment(*(link(part) if n % 2 else part for n, part in enumerate(parts)))


def _as_html(child: str) -> str:
    if isinstance(child, Html):
        return child
    text = _escape(child).replace(_DOLLAR, f"<span>{_DOLLAR}</span>")
    return text.replace(_BACKSLASH, f"<span>{_BACKSLASH}</span>")


def _escape(text: str) -> str:
    text = escape(printable(text)).replace("$", _DOLLAR).replace("\\", _BACKSLASH)
    return text.replace("\n", "&#10;")


def _attribute(name: str, value: Attribute) -> str:
    name = name.rstrip("_").replace("_", "-")
    if value is None or value is False or (name in _ADDRESSES and not _is_safe(str(value))):
        return ""
    return f" {name}" if value is True else f' {name}="{_escape(str(value))}"'


def _is_safe(address: str) -> bool:
    scheme = _SCHEME.match(address)
    return scheme is None or scheme[1].lower() in _SAFE_SCHEMES


def _style_sheet(children: Iterable[str]) -> str:
    """Return CSS that cannot end its element; CSS has no character references."""
    return "".join(children).replace("</", r"<\/")


_BREAK = element("br")
