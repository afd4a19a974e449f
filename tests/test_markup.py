"""HTML from text that stays text; and that all of the package's HTML is made this way."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmind_widgets.markup import (
    Html,
    badge,
    element,
    figure,
    fragment,
    join,
    lines,
    link,
    output,
    with_links,
)
from tests.page import OUTSIDE, formulas, text_of

TEXTS = st.text(st.sampled_from("$$\\()[]{}<>&\"'b\n ") | st.characters(codec="utf-8")).map(
    lambda text: text.replace("\0", "")
)
MAKERS = {
    "element": lambda text: element("b", text, title=text),
    "fragment": lambda text: fragment(text, element("i", text), text),
    "join": lambda text: join(text, ["a", text, "b"]),
    "lines": lambda text: lines(text, text),
    "output": lambda text: output(text),
    "figure": lambda text: figure(badge(text), text, text),
    "badge": badge,
    "with_links": with_links,
    "link": lambda text: link("https://a.example", f"a {text}"),
    "a pre": lambda text: element("pre", element("b", text)),
}


@pytest.mark.parametrize("maker", MAKERS)
@given(text=TEXTS)
def test_any_text_stays_text(maker: str, text: str) -> None:
    made = MAKERS[maker](text)
    assert isinstance(made, Html)
    assert text.replace("\r\n", "\n") in text_of(made).replace("\r\n", "\n")
    assert formulas(made) == []
    assert "\n" not in made  # a blank line ends HTML inside Markdown


@pytest.mark.parametrize("maker", MAKERS)
def test_a_text_with_formulas_tags_and_quotes_stays_text(maker: str) -> None:
    made = MAKERS[maker](OUTSIDE)
    assert OUTSIDE in text_of(made)
    assert formulas(made) == []


def test_texts_side_by_side_make_no_formula() -> None:
    assert formulas(fragment("$5", "$6", "\\", "(x\\)")) == []
    assert formulas(lines("$5", "$6")) == []


def test_the_tests_see_what_mathjax_would_typeset() -> None:
    for text in ("$5 and $6", "a<br>$5<br>$6", "<b>$</b>$$y$$", r"\(x\)", "<p>$5 &#36;</p>"):
        assert formulas(text), text
    assert formulas("<pre>&#36;5 and &#36;6</pre><b>&#36;</b>5 <b>&#36;</b>") == []


def test_html_is_kept_and_everything_else_is_text_again() -> None:
    bold = element("b", "x")
    assert fragment(bold, "<") == "<b>x</b>&lt;"
    assert fragment(f"{bold}") == "&lt;b&gt;x&lt;/b&gt;"
    assert fragment(bold + bold) == "&lt;b&gt;x&lt;/b&gt;&lt;b&gt;x&lt;/b&gt;"


def test_attributes_have_their_html_names() -> None:
    made = element("video", controls=True, loop=False, poster=None, class_="a b", aria_label='"')
    assert made == '<video controls class="a b" aria-label="&quot;"></video>'
    assert element("td", colspan=2) == '<td colspan="2"></td>'
    assert element("img", alt="") == '<img alt="">'


@pytest.mark.parametrize(
    "address",
    ["javascript:a()", " JavaScript:a()", "java\nscript:a()", "vbscript:a", "\x01data2:a"],
)
def test_an_address_that_could_run_a_program_is_left_out(address: str) -> None:
    assert element("a", "x", href=address) == "<a>x</a>"
    assert element("img", src=address) == "<img>"


@pytest.mark.parametrize("address", ["https://a.example/x?b=1:2", "results/a.png", "data:,a", "#a"])
def test_other_addresses_are_kept(address: str) -> None:
    assert element("a", "x", href=address) == f'<a href="{address}">x</a>'


def test_a_style_sheet_cannot_end_its_element() -> None:
    assert element("style", "a>b{content:'</style>'}") == r"<style>a>b{content:'<\/style>'}</style>"


def test_addresses_in_a_text_become_links() -> None:
    made = with_links("See https://a.example/x, or <https://b.example>.")
    assert text_of(made) == "See https://a.example/x, or <https://b.example>."
    assert re.findall(r'href="(.*?)"', made) == ["https://a.example/x", "https://b.example"]
    assert text_of(link("https://a.example", "page")) == "page"
