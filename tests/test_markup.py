"""HTML from text that stays text; and that all of the package's HTML is made this way."""

from __future__ import annotations

import ast
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
    scroller,
    verbatim,
    with_links,
)
from segmind_widgets.printable import printable
from tests.page import OUTSIDE, formulas, text_of
from tests.test_layers import ROOT, modules, within

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
    "scroller": lambda text: scroller(text, label=text),
    "verbatim": lambda text: verbatim(text, text),
    "a pre": lambda text: element("pre", element("b", text)),
}


@pytest.mark.parametrize("maker", MAKERS)
@given(text=TEXTS)
def test_any_text_stays_text(maker: str, text: str) -> None:
    made = MAKERS[maker](text)
    assert isinstance(made, Html)
    assert printable(text) in text_of(made)
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


@pytest.mark.parametrize("made", [scroller("x", label="A box"), verbatim("x", "A box")])
def test_a_box_that_scrolls_has_a_name_and_takes_the_focus_and_its_keys(made: str) -> None:
    assert 'tabindex="0" role="group" aria-label="A box" data-lm-suppress-shortcuts="true"' in made
    assert "overflow-x:auto" in made


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


OTHER_MARKUP = {"assets.xmp", "sandbox"}  # XMP is XML; the sandbox answers as a service does
NO_TAGS = {"<a key>"}  # what stands for a key in a recipe
TAG = re.compile(  # the beginning of any element, also of one that a later text ends
    r"(?<!\?P)</?(?:a|abbr|audio|b|base|body|br|button|canvas|code|dd|details|div|dl|dt|em|embed|"
    r"figcaption|figure|font|form|h[1-6]|head|hr|html|i|iframe|img|input|label|li|link|main|math|"
    r"meta|object|ol|option|p|picture|pre|s|script|section|select|small|source|span|strong|style|"
    r"sub|summary|sup|svg|table|tbody|td|template|textarea|th|thead|title|tr|u|ul|video|wbr)"
    r"(?=\s[a-z-]+=|[/>]|\s?(?:$|[%{]))|<!--|<!doctype"
)
SCRIPTED = re.compile(  # ways by which text becomes HTML, or code, in a page
    r"innerHTML|outerHTML|insertAdjacentHTML|createContextualFragment|document\.write|srcdoc|"
    r"setHTML|\beval\(|\bFunction\(|set(?:Timeout|Interval)\(\s*[\"'`]"
)
HTML_MAKERS = {"Html", "HTML", "IFrame", "Markdown", "Javascript", "SVG"}


def literals(tree: ast.AST) -> list[str]:
    """All string literals but docstrings, also those inside f-strings."""
    prose = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
    ]


def test_all_html_is_made_in_one_module() -> None:
    for module, tree in modules().items():
        if module == "markup" or within(module, OTHER_MARKUP):
            continue
        found = [text for text in literals(tree) if TAG.search(text) and text not in NO_TAGS]
        assert found == [], module
        calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
        makers = [function for function in calls if name_of(function) in HTML_MAKERS]
        assert {ast.unparse(maker) for maker in makers} - {"widgets.HTML"} == set(), module


def name_of(function: ast.expr) -> str:
    return getattr(function, "attr", getattr(function, "id", ""))


def test_widgets_of_html_get_it_from_the_builder() -> None:
    """The value of `widgets.HTML(…)` is empty or a call, never a text that is put together."""
    for module, tree in modules().items():
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if name_of(call.func) == "HTML":
                values = [*call.args, *(k.value for k in call.keywords if k.arg == "value")]
                assert all(isinstance(v, (ast.Call, ast.Name)) for v in values), (
                    module,
                    call.lineno,
                )


def test_scripts_of_pages_make_no_html_from_text() -> None:
    scripts = sorted((ROOT / "widgets" / "static").glob("*.js"))
    assert len(scripts) > 5
    for script in scripts:
        assert SCRIPTED.findall(script.read_text("utf-8")) == [], script.name
    assert SCRIPTED.search("row.innerHTML = text")
    assert SCRIPTED.search("setTimeout('x()', 5)")


def test_the_search_for_tags_finds_them() -> None:
    source = "f'<b>{x}</b>'; g('a<br>b'); h(f'<img src={x}>'); '<b>prose</b>'; k('<int> 1 < 2')"
    found = [text for text in literals(ast.parse(source)) if TAG.search(text)]
    assert found == ["<b>", "</b>", "a<br>b", "<img src="]
    others = "'<' + 'b>'; '<td>{}</td>'.format(x); Template('<li>$x'); '<iframe %s>' % x; k('<a ')"
    found = sorted(text for text in literals(ast.parse(others)) if TAG.search(text))
    assert found == ["<a ", "<iframe %s>", "<li>$x", "<td>{}</td>"]
