"""The magics by subject: each reads its line, calls the client, and shows the result."""

from __future__ import annotations

from typing import Any

from IPython.core.magic import Magics, magics_class

from segmind_widgets.client import SegmindClient
from segmind_widgets.notebook.magics.account import AccountMagics
from segmind_widgets.notebook.magics.files import FileMagics
from segmind_widgets.notebook.magics.lists import ListMagics
from segmind_widgets.notebook.magics.panels import PanelMagics
from segmind_widgets.notebook.magics.running import RunMagics
from segmind_widgets.notebook.startup import IdleImports


@magics_class  # collects the decorated methods of all bases
class SegmindMagics(AccountMagics, FileMagics, RunMagics, ListMagics, PanelMagics, Magics):
    """The magics of one shell, over one client."""

    def __init__(self, shell: Any, client: SegmindClient) -> None:
        super().__init__(shell)
        self.client = client
        self.idle_imports: IdleImports | None = None

    def close(self) -> None:
        """Unregister everything that was registered at the shell's events."""
        if self.idle_imports is not None:
            self.idle_imports.close()
        if "display" in vars(self):
            self.display.close()
