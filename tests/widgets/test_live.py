"""The line's widget without a browser: its messages, and that nothing of it stays."""

from __future__ import annotations

from ipywidgets.widgets.widget import _instances

from segmind_widgets.markup import element
from segmind_widgets.widgets.live import Line, LiveLine
from segmind_widgets.widgets.served import is_served
from tests.comms import Page

LINE = Line(element("b", "<x>"), element("p", "$5"), "x", "x: queued", 0.4, button="Stop")


def test_a_press_and_an_answer_reach_their_functions() -> None:
    calls: list[str] = []
    widget = LiveLine(lambda: calls.append("press"), lambda: calls.append("ready"))
    page = Page(widget)
    page.says(type="ready")
    page.says(type="press")
    assert calls == ["ready", "press"]
    widget.close()


def test_its_end_is_sent_and_frees_its_models() -> None:
    before = len(_instances)
    widget = LiveLine(lambda: None, lambda: None)
    page = Page(widget)
    widget.show(LINE)
    assert (widget.text, widget.share, widget.button) == ("<b>&lt;x&gt;</b>", 0.4, "Stop")
    comm = widget.comm
    assert comm is not None
    assert is_served(comm.comm_id)
    widget.end("<p>done</p>")
    assert page.sent[-1][0] == {"type": "end", "html": "<p>done</p>"}
    assert len(_instances) == before
    assert not is_served(comm.comm_id)


def test_static_html_has_the_bar_the_words_and_the_sentence() -> None:
    html = LINE.to_html()
    assert "width:40%" in html
    assert "&lt;x&gt;" in html
    assert "$" not in html
    unknown = Line(LINE.text, LINE.sentence, "x", "x")
    assert "width:" not in unknown.to_html()
