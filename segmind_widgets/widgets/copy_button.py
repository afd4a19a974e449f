"""A button that puts a text on the clipboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from traitlets import Unicode

from segmind_widgets.widgets.browser import STATIC, Browser


class CopyButton(Browser):
    """The button.

    Args:
        label: what stands on it.
        on_copy: called when it was pressed: with True, or with False where the browser does not
            let pages copy.
        title: its tooltip.
        text: what is copied, first value.
    """

    _esm = STATIC / "copy.js"

    label = Unicode("").tag(sync=True)
    title = Unicode("").tag(sync=True)
    text = Unicode("").tag(sync=True)
    """What is copied."""

    def __init__(
        self, label: str, on_copy: Callable[[bool], Any], *, title: str = "", text: str = ""
    ) -> None:
        self._on_copy = on_copy
        receivers = {"copied": self._report_copy}
        super().__init__(receivers, label=label, title=title or label, text=text)

    def _report_copy(self, content: dict[str, Any], _: list[Any]) -> None:
        self._on_copy(bool(content["done"]))
