"""The heading of a panel, with its look; it keeps the keyboard's place in the browser."""

from __future__ import annotations

from traitlets import Unicode

from segmind_widgets.widgets.browser import STATIC, Browser


class Head(Browser):
    """The heading.

    Where a button goes away when it was pressed, the browser would put the focus nowhere, and the
    next key would go to the notebook: it goes to what is like it or stood before it.

    Args:
        title: plain text.
        look: the style sheet of the panel.
    """

    _esm = STATIC / "head.js"

    title = Unicode("").tag(sync=True)
    look = Unicode("").tag(sync=True)

    def __init__(self, title: str, look: str) -> None:
        super().__init__({}, title=title, look=look)
