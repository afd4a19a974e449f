"""What all magics of a shell share.

Everything heavy is imported by the first use: loading the extension must cost a kernel nothing.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, magics_class

from segmind_widgets.client import SegmindClient

if TYPE_CHECKING:
    from argparse import Namespace

    from segmind_widgets.runs import Runs
    from segmind_widgets.stage import Stage


class Notebook:
    """One shell over one client."""

    def __init__(self, shell: Any, client: SegmindClient) -> None:
        self.shell = shell
        self.client = client

    @property
    def names(self) -> dict[str, Any]:
        """The notebook's variables."""
        return self.shell.user_ns

    @cached_property
    def stage(self) -> Stage:
        """Where this shell's cells show things."""
        from segmind_widgets.stage import Stage

        return Stage(self.shell)

    @cached_property
    def runs(self) -> Runs:
        """What the runs of this shell do."""
        from segmind_widgets.runs import Runs

        return Runs(self.client, self.stage, self.names)

    def close(self) -> None:
        """Take no further part in the shell."""
        stage = vars(self).pop("stage", None)
        if stage is not None:
            stage.close()


@magics_class
class NotebookMagics(Magics):
    """Magics of one notebook."""

    def __init__(self, notebook: Notebook) -> None:
        super().__init__(notebook.shell)
        self.notebook = notebook
        self.client = notebook.client

    def parse(self, name: str, line: str) -> Namespace:
        """The options on the line of the magic `name`. Raises CellError."""
        from segmind_widgets.arguments import parse

        return parse(name, line)
