"""What the magics of all subjects share.

Everything heavy is imported by the first use: loading the extension must cost a kernel nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from segmind_widgets.client import SegmindClient

if TYPE_CHECKING:
    from argparse import Namespace

    from segmind_widgets.notebook.display import CellDisplay
    from segmind_widgets.notebook.run_command import RunCommand

Magic = TypeVar("Magic", bound=Callable[..., Any])


def with_options(magic: Magic) -> Magic:
    """Let `?` show a magic's docstring with its options instead of "… shows the options."

    IPython asks an object's `getdoc` before it reads `__doc__`, so that the parsers are built by
    the first `?` and not by `%load_ext`.
    """
    name, doc = magic.__name__, magic.__doc__ or ""

    def getdoc() -> str:
        from inspect import cleandoc

        from segmind_widgets.notebook.arguments import describe

        return cleandoc(doc).replace(f"%{name}? shows the options.", describe(name))

    magic.getdoc = getdoc  # type: ignore[attr-defined]
    return magic


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
