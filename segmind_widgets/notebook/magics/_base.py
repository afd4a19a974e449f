"""The base of the magics.

Slow modules are imported on first use, so that `%load_ext` stays fast.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import CellError, SegmindError
from segmind_widgets.notebook.startup import pause_collector
from segmind_widgets.stopping import stoppable

if TYPE_CHECKING:
    from argparse import Namespace

    from segmind_widgets.notebook.display import CellDisplay
    from segmind_widgets.notebook.run_command import RunCommand

Magic = TypeVar("Magic", bound=Callable[..., Any])


def with_options(magic: Magic) -> Magic:
    """Let `?` and `--help` show a magic's options, and remove keys from the texts of its errors.

    Stop ends a magic with one line.

    The docstring shows the options instead of the line "… shows the options".

    IPython asks an object's `getdoc` before it reads `__doc__`, so that the parsers are built by
    the first `?` and not by `%load_ext`.
    """
    name, doc = magic.__name__, magic.__doc__ or ""

    @wraps(magic)
    @stoppable
    def call(self: MagicsBase, *args: Any) -> Any:
        try:
            if _asks_for_help(args[0]):
                return self.display.text(getdoc())
            return magic(self, *args)
        except SegmindError as error:
            clean = error.without(self.client.session.without_keys)
            if clean is error:
                raise
            raise clean from error.__cause__

    def getdoc() -> str:
        from inspect import cleandoc

        from segmind_widgets.notebook.arguments import describe

        return cleandoc(doc).replace(f"%{name}? shows the options.", describe(name))

    documented: Any = call
    documented.getdoc = getdoc
    return cast("Magic", documented)


def _asks_for_help(line: str) -> bool:
    if "-h" not in line:
        return False
    from segmind_widgets.syntax.cells import split_line

    try:
        words = split_line(line)
    except CellError:  # the magic says what is wrong
        return False
    return "-h" in words or "--help" in words


class MagicsBase:
    """The shell and the client of magics; `SegmindMagics` combines all subclasses."""

    shell: Any
    client: SegmindClient

    @property
    def names(self) -> dict[str, Any]:
        """Return the notebook's variables."""
        return self.shell.user_ns

    @cached_property
    def display(self) -> CellDisplay:
        """Return the outputs of this shell's cells."""
        pause_collector()
        from segmind_widgets.notebook.display import CellDisplay

        return CellDisplay(self.shell, self.client)

    @cached_property
    def run_command(self) -> RunCommand:
        """Return the command that implements `%segmind_run` and similar magics."""
        from segmind_widgets.notebook.run_command import RunCommand

        return RunCommand(self.client, self.display, self.names)

    def options(self, magic: str, line: str) -> Namespace:
        """Return the options on the line of a magic. Raises CellError."""
        from segmind_widgets.notebook.arguments import parse

        return parse(magic, line)
