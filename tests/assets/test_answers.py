r"""Answers of language models: what nbconvert makes of hostile Markdown, and of usual Markdown."""

from __future__ import annotations

import sys
from html.parser import HTMLParser

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbconvert import HTMLExporter
from nbconvert.filters import markdown2html

from segmind_widgets.assets.answers import to_markdown
from segmind_widgets.assets.asset import Asset
from segmind_widgets.jobs.job import Job
from segmind_widgets.types import Status
from tests.page import formulas

HOST = "https://hostile.example"
RUN = "window.ran=1"
HOSTILE = {
    "picture": f"![alt]({HOST}/a.png)",
    "picture without a text": f"![]({HOST}/b.png)",
    "picture by reference": f"![alt][a]\n\n[a]: {HOST}/c.png",
    "picture by short reference": f"![a]\n\n[a]: {HOST}/d.png 'title'",
    "picture in a link": f"[![a]({HOST}/e.png)]({HOST}/f)",
    "picture in brackets": f"[a ![b [c]({HOST}/g.png) d] e]({HOST}/h)",
    "picture by entities": f"&#33;[a]({HOST}/i.png) &excl;&lbrack;a]({HOST}/j.png)",
    "picture after backslashes": f"\\![a]({HOST}/k.png) \\\\![a]({HOST}/l.png)",
    "many marks": f"!!!![a]({HOST}/m.png)",
    "picture in a table": f"| a |\n|---|\n| ![a]({HOST}/n.png) |",
    "script": f"<script>{RUN}</script>",
    "script in upper case": f"<SCRIPT\n>{RUN}</SCRIPT\t>",
    "image element": f"<img src={HOST}/o.png onerror={RUN}>",
    "image after a quote": f"> <img src='{HOST}/p.png'>",
    "image in a list": f"1. <img src='{HOST}/q.png'>\n    - <img src=x onerror={RUN}>",
    "style": f"<style>@import '{HOST}/r.css'</style>",
    "comment": f"<!-- --><img src={HOST}/s.png><!-- -->",
    "open comment": "<!-- the rest",
    "entities": f"&lt;img src={HOST}/t.png&gt; &#60;script>{RUN}&#60;/script>",
    "autolinks": f"<javascript:{RUN}> <data:text/html,<script>{RUN}</script>> <{HOST}/u>",
    "link to a script": f"[a](javascript:{RUN}) [b]( javascript:{RUN}) [c](\njavascript:{RUN})",
    "link by entities": f"[a](&#106;avascript:{RUN}) [b](javascript&colon;{RUN})",
    "link in angles": f"[a](<javascript:{RUN}>) [b](<{HOST}> 'a')",
    "link to data": "[a](data:text/html;base64,PHNjcmlwdD4=) [b](vbscript:x) [c](file:///etc/passwd)",
    "link by reference": f"[a]\n\n[a]: javascript:{RUN}\n[b]:\n  javascript:{RUN}",
    "attributes": f"[a]({HOST}/v\"onmouseover='{RUN}') [b]({HOST} \"x\\\" onclick='{RUN}\")",
    "a backtick after a backslash": f"\\`` a <img src={HOST}/13.png> \\``",
    "a backtick alone": f"a ` b <img src={HOST}/w.png> ``` c",
    "code that ends in another place": f"`a \\` <img src={HOST}/x.png> `b`",
    "fence in a fence": f"````\n```\n<img src={HOST}/y.png>\n```\n````\n<img src={HOST}/z.png>",
    "fence of another kind": f"~~~\n```\n~~~\n<img src={HOST}/1.png>\n```",
    "open fence": f"```\n<img src={HOST}/2.png>",
    "diagram": f"```mermaid\ngraph TD\nA@{{ img: '{HOST}/3.png' }}\n</pre><script>{RUN}"
    "</script>\n```",
    "diagram in capitals": f"~~~ Mermaid x\n<img src={HOST}/4.png>\n~~~",
    "formula over a fence": f"$$\n```\n$$ <img src={HOST}/5.png>\n```\n$$",
    "formula over code": f"$a `b$ <img src={HOST}/6.png> ` $$ `$$ <script>{RUN}</script>`",
    "formula in code": f"```sh\necho $$ <img src={HOST}/7.png> $$\n```",
    "formula with a link": rf"$$\href{{javascript:{RUN}}}{{x}}$$",
    "formula with a style": rf"\(\style{{background:url({HOST}/8)}}{{y}}\)",
    "formula with Markdown": f"$$[x](javascript:{RUN}) ![y]({HOST}/9.png)$$",
    "formula with HTML": f"$$a<img src={HOST}/10.png onerror={RUN}>$$",
    "environment": rf"\begin{{x}} \href{{javascript:{RUN}}}{{x}} <img src={HOST}/11.png> \end{{x}}",
    "two backslashes": rf"\\(\href{{javascript:{RUN}}}{{x}}\\) \\[a\\]",
}  # fmt: skip
PIECES = (
    *"`$\\[]()!<>&\n ", "```\n", "\n\n", "~~~\n", "- ", "> ", "$$", r"\(", r"\)", r"\[", r"\]",
    "`` ", "    ", "javascript:", "]: ",
)  # fmt: skip
LOADED = ("src", "srcset", "poster", "background", "data", "action")


class Page(HTMLParser):
    """What a page would load or run, its links, and its text."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.active: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.code: list[str] = []
        self._open: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open.append(tag)
        if tag in ("script", "style", "iframe", "object", "embed", "link", "meta", "img", "svg"):
            self.active.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name in LOADED or "url(" in (value or ""):
                self.active.append(f"{name}={value}")
            if name == "class" and "mermaid" in (value or "").lower():
                self.active.append(value or "")
            if name == "href" and not (value or "").startswith("#"):
                self.links.append(value or "")
        if tag == "code" or (tag == "pre" and "code" not in self._open):
            self.code.append("")

    def handle_comment(self, data: str) -> None:
        self.active.append(data)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.text += data
        if {"code", "pre"} & set(self._open):
            self.code[-1] += data


def rendered(answer: str) -> Page:
    return Page(markdown2html(to_markdown(answer)))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_answer_loads_and_runs_nothing(name: str) -> None:
    page = rendered(HOSTILE[name])
    assert page.active == []
    assert all(link.startswith(f"{HOST}") or link == HOST for link in page.links), page.links


@given(
    st.lists(
        st.sampled_from([*HOSTILE.values(), *PIECES]),
        max_size=12,
    ).map("".join)
)
@settings(max_examples=150, deadline=None)
def test_pieces_of_hostile_answers_in_any_order_load_and_run_nothing(answer: str) -> None:
    page = rendered(answer)
    assert page.active == []
    assert all(link.startswith(HOST) for link in page.links), page.links


USUAL = """\
# Heading

A *word*, a **bold** one, [a link](https://a.example/x?a=1&b=2#c), `a < b && c`, 5 > 4, R&D.

| a | b |
|---|---|
| 1 | `x` |

1. one
2. two
   ```python
   if a < b and "$x" != r"\\n":
       print(f"<b>{a}</b>")
   ```
3. three

It costs $5 and $10; \\*no emphasis\\*.
"""


def test_usual_markdown_looks_as_it_is_meant() -> None:
    html = markdown2html(to_markdown(USUAL))
    page = Page(html)
    assert page.links == ["https://a.example/x?a=1&b=2#c"]
    assert [code.strip() for code in page.code[:1]] == ["a < b && c"]
    assert 'if a < b and "$x" != r"\\n":\n    print(f"<b>{a}</b>")' in page.text
    assert "It costs $5 and $10; *no emphasis*." in page.text
    assert all(
        part in html for part in ("<em>word</em>", "<strong>bold</strong>", "<table>", "<li>")
    )
    assert formulas(to_markdown("It costs $5 and $10.")) == []


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (r"Thus \(a < b\) and \[c\].", [r"$a  \lt  b$", "$$c$$"]),
        ("$$x^2$$ and $y$ for $5 or $6", ["$$x^2$$", "$y$"]),
        (r"\begin{align}x\end{align} for $5 and $6", []),
        ("`$$` and $5 and $6", []),
    ],
)
def test_formulas_are_those_of_answers_that_write_them(answer: str, shown: list[str]) -> None:
    made = to_markdown(answer)
    assert all(formula in made for formula in shown)
    if not shown:
        assert formulas(made) == []


def test_a_picture_becomes_its_link() -> None:
    page = rendered(f"![a cat]({HOST}/cat.png) ![]({HOST}/dog.png)")
    assert page.links == [f"{HOST}/cat.png", f"{HOST}/dog.png"]
    assert page.text.split() == ["a", "cat", "picture"]


@pytest.mark.parametrize(
    "piece", ["`", "``a`", "$$a", "$a", r"\(", "](", "]:", "![", "<", "\\", "```\n", "\n \n"]
)
def test_work_grows_as_the_answer_does(piece: str) -> None:
    """Each length has at most its share of calls of Python functions, and of output."""
    counts = [calls(piece * size) for size in (1000, 4000)]
    assert counts[1] < 6 * counts[0]
    assert len(to_markdown(piece * 4000)) < 25 * len(piece * 4000)


def calls(answer: str) -> int:
    count = 0

    def see(_frame: object, _event: str, _value: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(see)
    try:
        to_markdown(answer)
    finally:
        sys.setprofile(None)
    return count


def test_a_job_of_answers_is_shown_as_markdown_with_its_caption() -> None:
    answer = Asset(data=b"# Title\n\n<b>x</b> ![a](https://a.example/b.png)\n```\nopen")
    answer = Asset(data=answer.data, declared_type="text/plain")
    job = Job(id="id <b> $1", model="llm $2", status=Status.COMPLETED, outputs=(answer,))
    bundle = job._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/markdown"}
    page = Page(markdown2html(bundle["text/markdown"]))
    assert page.active == []
    assert page.text.rstrip().endswith("llm $2 · cost not given by the service · id <b> $1")
    assert "open" in page.code[-1]
    notebook = nbformat.v4.new_notebook()
    cell = nbformat.v4.new_code_cell(outputs=[nbformat.v4.new_output("display_data", bundle)])
    notebook.cells = [cell]
    whole, _ = HTMLExporter(template_name="basic").from_notebook_node(notebook)
    assert "<img" not in whole
    assert "<h1" in whole


def test_files_and_data_are_no_answers() -> None:
    text = Asset(data=b"a", declared_type="text/plain", url="https://a.example/a.txt")
    data = Asset(data=b"{}", declared_type="application/json")
    for asset in (text, data, Asset(data=b"a,b", declared_type="text/csv")):
        job = Job(status=Status.COMPLETED, outputs=(asset,))
        assert set(job._repr_mimebundle_()) == {"text/plain", "text/html"}
