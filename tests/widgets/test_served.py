"""Which messages a waiting cell handles: those of our widgets and of all their parts."""

from __future__ import annotations

import ipywidgets

from segmind_widgets.widgets.served import is_served, serve


def known(widget: ipywidgets.Widget) -> str:
    assert widget.comm is not None
    return widget.comm.comm_id


def test_a_root_serves_its_children_their_layouts_and_styles() -> None:
    button, foreign = ipywidgets.Button(), ipywidgets.Button()
    box = ipywidgets.VBox([ipywidgets.HBox([button])])
    serve(box)
    for part in (box, button, button.layout, button.style):
        assert is_served(known(part))
    assert not is_served(known(foreign))
    assert not is_served("nonsense")
    late = ipywidgets.Text()
    box.children = (*box.children, late)
    assert is_served(known(late))
    box.children = ()
    assert not is_served(known(late))


def test_a_closed_widget_and_a_forgotten_one_are_served_no_more() -> None:
    box = ipywidgets.VBox([ipywidgets.Button()])
    serve(box)
    comm = known(box)
    box.close()
    assert not is_served(comm)
