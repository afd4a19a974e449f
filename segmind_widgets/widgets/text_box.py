"""Fields for free text, into which an API key may be pasted by mistake.

The browser sends text as a message, never as a trait: traits are saved in the notebook, which could
contain a key even if the kernel removed it at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from traitlets import Bool, Int, Unicode

from segmind_widgets.errors import InputError
from segmind_widgets.widgets.browser import STATIC, Browser

_MAX_LENGTH = 4_000_000  # characters


class TextBox(Browser):
    """A field for text; `value` is the text without API keys.

    Args:
        clean: returns a text without API keys.
        value: the initial text.
        traits: description, placeholder, rows (1 is a line), live.
    """

    _esm = STATIC / "text.js"

    value = Unicode("").tag(sync=True)
    """The text; only the kernel sets it."""
    description = Unicode("").tag(sync=True)
    placeholder = Unicode("").tag(sync=True)
    rows = Int(1, min=1).tag(sync=True)
    live = Bool(False).tag(sync=True)
    """Whether the text is sent after each pause in typing, and not only when the field loses "
    "the focus."""
    button = Unicode("").tag(sync=True)
    """The label of a button that sends the text; "" for none."""
    keeps = Bool(True).tag(sync=True)
    """Whether the text stays in the field after it was sent."""

    def __init__(self, clean: Callable[[str], str], value: str = "", **traits: Any) -> None:
        self._clean = clean
        super().__init__({"text": self._on_message}, value=clean(value), **traits)

    def _on_message(self, content: dict[str, Any], _: list[Any]) -> None:
        text = str(content["text"])
        if len(text) > _MAX_LENGTH:
            raise InputError("The text is too long.", hint="Save it as a file instead.")
        self.say("")
        self.take(text)
        self._post({"type": "taken"})

    def take(self, text: str) -> None:
        """Show a text without the keys in it."""
        value = self._clean(text)
        if value != text:
            self.say("An API key was removed from the text.")
        self.value = value


class PasteBox(TextBox):
    """A field whose text is processed once and not kept.

    Args:
        on_text: called with each text, including keys; it must neither store nor show the text.
        traits: as for `TextBox`.
    """

    def __init__(self, on_text: Callable[[str], object], **traits: Any) -> None:
        self._on_text = on_text
        super().__init__(str, keeps=False, **traits)

    def take(self, text: str) -> None:
        """Pass a text on without keeping it."""
        self._on_text(text)
