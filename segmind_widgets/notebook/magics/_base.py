"""What the magics of all subjects share.

Everything heavy is imported by the first use: loading the extension must cost a kernel nothing.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from segmind_widgets.client import SegmindClient

if TYPE_CHECKING:
    from argparse import Namespace

    from segmind_widgets.notebook.display import CellDisplay
    from segmind_widgets.notebook.run_command import RunCommand


class MagicsBase:
    """Some magics of one shell, over one client. `SegmindMagics` puts all of them together."""

    shell: Any
    client: SegmindClient

    @property
    def names(self) -> dict[str, Any]:
        """The notebook's variables."""
        return self.shell.user_ns

    @cached_property
    def display(self) -> CellDisplay:
        """Where this shell's cells show things."""
        from segmind_widgets.notebook.display import CellDisplay

        return CellDisplay(self.shell)

    @cached_property
    def run_command(self) -> RunCommand:
        """What the runs of this shell do."""
        from segmind_widgets.notebook.run_command import RunCommand

        return RunCommand(self.client, self.display, self.names)

    def options(self, magic: str, line: str) -> Namespace:
        """What stands on the line of a magic. Raises CellError."""
        from segmind_widgets.notebook.arguments import parse

        return parse(magic, line)
