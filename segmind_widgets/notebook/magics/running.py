"""Magics that run models and workflows."""

from __future__ import annotations

import re
from typing import Any

from IPython.core.magic import line_cell_magic, no_var_expand

from segmind_widgets.errors import CellError
from segmind_widgets.notebook.magics._base import MagicsBase, with_options

_MAGIC = re.compile(r"\s*(%%?)(segmind_\w+)")
_ALONE = re.compile(r"%%(segmind_(?:run|workflow)[ \t][^\n]*)\n?\s*\Z")


def without_body(lines: list[str]) -> list[str]:
    """Return `%%segmind_run …` without a body as the line magic: IPython refuses an empty cell."""
    match = _ALONE.match("".join(lines).lstrip())
    return [f"%{match[1]}\n"] if match else lines


class CheckName:
    """Refuses a cell that begins with a magic which nobody has, and names the near one.

    IPython says only that it was not found.
    """

    has_side_effects = True  # not for IPython's question whether a cell is complete

    def __init__(self, shell: Any) -> None:
        self._shell = shell

    def __call__(self, lines: list[str]) -> list[str]:
        """Return the lines. Raises CellError."""
        match = _MAGIC.match("".join(lines))
        if match is None or self._shell.find_magic(match[2]):
            return lines
        from segmind_widgets.likeness import did_you_mean
        from segmind_widgets.notebook.arguments import PARSERS

        meant = did_you_mean(match[2], PARSERS, f" Did you mean {match[1]}{{}}?")
        raise CellError(
            f"There is no magic {match[1]}{match[2]}.{meant}",
            hint=f"There are {', '.join(f'%{name}' for name in PARSERS)}.",
        )


class RunMagics(MagicsBase):
    """Magics that submit jobs."""

    @with_options
    @no_var_expand
    @line_cell_magic
    def segmind_run(self, line: str, cell: str | None = None) -> Any:
        """Run a model, watch it, and show its outputs. The value is the Job.

        %%segmind_run MODEL [options]
        a prompt, or inputs as YAML

        %segmind_run MODEL [options] prompt="a red fox" seed=7

        An input that is only $name or ${expression} is replaced by that Python object (a number, a
        list, an image, an Asset, a Job: its first output). ${expression} within a text is replaced
        by its text. An input that is only file:cat.png is that file.

        With --rows TABLE it runs once for each row of a CSV or JSONL file, or of $table.

        %segmind_run? shows the options.
        """
        with self.display.first_line(line, cell):
            return self.run_command.run("model", line, cell)

    @with_options
    @no_var_expand
    @line_cell_magic
    def segmind_workflow(self, line: str, cell: str | None = None) -> Any:
        """Run a PixelFlow workflow, watch it, and show its outputs. The value is the Job.

        %%segmind_workflow WORKFLOW [options]
        inputs as YAML; the workflow has defaults for the others

        WORKFLOW is its id (65c9…-v1), its slug, or its full URL. Inputs are written as in
        %%segmind_run.

        %segmind_workflow? shows the options.
        """
        with self.display.first_line(line, cell):
            return self.run_command.run("workflow", line, cell)
