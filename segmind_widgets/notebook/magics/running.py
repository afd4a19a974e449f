"""Magics that run models and workflows."""

from __future__ import annotations

from typing import Any

from IPython.core.magic import line_cell_magic, no_var_expand

from segmind_widgets.notebook.magics._base import MagicsBase, with_options


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

        %segmind_run? shows the options.
        """
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
        return self.run_command.run("workflow", line, cell)
