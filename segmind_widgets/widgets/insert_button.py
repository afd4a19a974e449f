"""A button that inserts a code cell below the cell that shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from traitlets import Unicode

from segmind_widgets.widgets.browser import STATIC, Browser


class InsertButton(Browser):
    """A button that inserts its `text` as a cell; hidden where the page has no notebook.

    Args:
        panel_id: the `model_id` of the displayed widget around the button, to find its cell.
        on_insert: called after a cell was inserted.
        text: initial value of `text`.
    """

    _esm = STATIC / "insert.js"

    panel_id = Unicode("").tag(sync=True)
    text = Unicode("").tag(sync=True)
    """The source of the cell."""

    def __init__(self, panel_id: str, on_insert: Callable[[], Any], *, text: str = "") -> None:
        self._on_insert = on_insert
        super().__init__({"inserted": self._report}, panel_id=panel_id, text=text)

    def _report(self, _: dict[str, Any], __: list[Any]) -> None:
        self._on_insert()
