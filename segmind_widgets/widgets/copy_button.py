"""A button that copies a text to the clipboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from traitlets import Unicode

from segmind_widgets.widgets.browser import STATIC, Browser


class CopyButton(Browser):
    """A button that copies its `text`.

    Args:
        label: the button's label.
        on_copy: called after a click, with False if the browser does not allow copying.
        title: the tooltip.
        text: initial value of `text`.
    """

    _esm = STATIC / "copy.js"

    label = Unicode("").tag(sync=True)
    title = Unicode("").tag(sync=True)
    text = Unicode("").tag(sync=True)
    """The text that a click copies."""

    def __init__(
        self, label: str, on_copy: Callable[[bool], Any], *, title: str = "", text: str = ""
    ) -> None:
        self._on_copy = on_copy
        receivers = {"copied": self._report_copy}
        super().__init__(receivers, label=label, title=title or label, text=text)

    def _report_copy(self, content: dict[str, Any], _: list[Any]) -> None:
        self._on_copy(bool(content["done"]))
