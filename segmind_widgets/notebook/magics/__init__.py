"""The magics by subject: read the line, make one call of the client, show what came."""

from __future__ import annotations

from typing import Any

from IPython.core.magic import Magics, magics_class

from segmind_widgets.client import SegmindClient
from segmind_widgets.notebook.magics.account import AccountMagics
from segmind_widgets.notebook.magics.files import FileMagics
from segmind_widgets.notebook.magics.lists import ListMagics
from segmind_widgets.notebook.magics.panels import PanelMagics
from segmind_widgets.notebook.magics.running import RunMagics


@magics_class  # takes what the decorators of the subjects wrote down: all are imported above
class SegmindMagics(AccountMagics, FileMagics, RunMagics, ListMagics, PanelMagics, Magics):
    """The magics of one shell, over one client."""

    def __init__(self, shell: Any, client: SegmindClient) -> None:
        super().__init__(shell)
        self.client = client

    def close(self) -> None:
        """Take no further part in the shell."""
        if "display" in vars(self):
            self.display.close()
