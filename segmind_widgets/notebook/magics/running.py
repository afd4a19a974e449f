"""Runs of models and workflows."""

from __future__ import annotations

from typing import Any

from IPython.core.magic import line_cell_magic, no_var_expand

from segmind_widgets.notebook.magics._base import MagicsBase


class RunMagics(MagicsBase):
    """What costs money."""

    @no_var_expand
    @line_cell_magic
    def segmind_run(self, line: str, cell: str | None = None) -> Any:
        """Run a model, watch it, and show what it made. The value is the Job.

        %%segmind_run MODEL [options]
        a prompt, or inputs as YAML

        %segmind_run MODEL [options] prompt="a red fox" seed=7

        In the inputs $name and ${expression} alone are that Python object (a number, a list, an
        image, an Asset, a Job: its first output), ${expression} inside text is its text, and
        file:cat.png alone is that file.

          -p, --provider P    segmind, apimart or sandbox
          -o, --output NAME   put the Job into this variable, also when it fails
          -b, --background    return at once; the line goes on living
          --api auto|v1|v2    Segmind's synchronous v1 or asynchronous v2 (auto: v2)
          --seed N            the seed; -1 is a new one each time
          --sweep NAME=V,V    run it for each of these values; again for a further input, and all
                              combinations are run: the value is the Batch. In the cell the same
                              is NAME: {sweep: [V, V]}
          --yes               do not ask before many runs, or beyond the budget
          --timeout S         stop waiting after S seconds; the job goes on
          --max-cost USD      refuse what may cost more, or what nobody knows the cost of
          --again             the very same within ten seconds is meant, and paid twice
          --reuse             show a finished job with the same inputs and seed again, unpaid
          --save DIR          copy the results into this folder too
          --from FILE         the model, the inputs and the seed of a picture made here, a path
                              or $variable; the line and the cell change them
          --dry-run           show what would be sent and what it may cost; send nothing
          --export FORM       show code that does the same: cell, client, python or curl; send
                              nothing
          -q, --quiet         show nothing but errors
        """
        return self.run_command.run("model", line, cell)

    @no_var_expand
    @line_cell_magic
    def segmind_workflow(self, line: str, cell: str | None = None) -> Any:
        """Run a PixelFlow workflow, watch it, and show its outputs. The value is the Job.

        %%segmind_workflow WORKFLOW [options]
        inputs as YAML; what is left out has the workflow's own default

        WORKFLOW is its id (65c9…-v1), its slug, or its full URL. Inputs are written as in
        %%segmind_run.

          -p, --provider P    segmind or sandbox
          -o, --output NAME   put the Job into this variable, also when it fails
          -b, --background    return at once; the line goes on living
          --seed N            sets the input `seed`
          --sweep NAME=V,V    run it for each of these values; again for a further input, and all
                              combinations are run: the value is the Batch. In the cell the same
                              is NAME: {sweep: [V, V]}
          --yes               do not ask before many runs, or beyond the budget
          --timeout S         stop waiting after S seconds; the job goes on
          --max-cost USD      refuse what may cost more, or what nobody knows the cost of
          --again             the very same within ten seconds is meant, and paid twice
          --reuse             show a finished job with the same inputs and seed again, unpaid
          --save DIR          copy the results into this folder too
          --from FILE         the workflow and the inputs of a picture made here, a path or
                              $variable, to change
          --dry-run           show what would be sent and what it may cost; send nothing
          --export FORM       show code that does the same: cell, client, python or curl; send
                              nothing
          -q, --quiet         show nothing but errors
        """
        return self.run_command.run("workflow", line, cell)
