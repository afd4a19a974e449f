"""The heading of a panel, with its style sheet; it also restores lost keyboard focus."""

from __future__ import annotations

from traitlets import Unicode

from segmind_widgets.widgets.browser import STATIC, Browser


class Head(Browser):
    """The heading.

    When the focused element is removed or disabled, browsers drop the focus, and the next key press
    goes to the notebook. The JavaScript moves the focus to an equivalent or preceding element
    instead.

    Args:
        title: plain text.
        look: the CSS of the panel.
    """

    _esm = STATIC / "head.js"

    title = Unicode("").tag(sync=True)
    look = Unicode("").tag(sync=True)

    def __init__(self, title: str, look: str) -> None:
        super().__init__({}, title=title, look=look)

    def scroll_lists(self) -> None:
        """Scroll each list of the panel to its choice."""
        self._post({"type": "lists"})

    def focus_error(self, *, politely: bool = False) -> None:
        """Move the focus to the first field that has an error.

        Args:
            politely: only if the focus is at the buttons below the form, or nowhere.
        """
        self._post({"type": "error", "politely": politely})
