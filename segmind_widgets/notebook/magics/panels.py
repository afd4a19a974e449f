"""The magic that shows panels."""

from __future__ import annotations

from IPython.core.magic import line_magic, no_var_expand

from segmind_widgets.errors import CellError
from segmind_widgets.notebook.magics._base import MagicsBase, with_options


class PanelMagics(MagicsBase):
    """Magics for panels."""

    @with_options
    @no_var_expand
    @line_magic
    def segmind_panel(self, line: str) -> None:
        """Show a panel: a form with buttons instead of code.

        %segmind_panel upload
        %segmind_panel run [MODEL]
        %segmind_panel workflow [ID]
        %segmind_panel jobs
        %segmind_panel gallery [WORDS]
        %segmind_panel FILE.py          a panel of your own

        %segmind_panel? shows the options.
        """
        from segmind_widgets import panels

        options = self.options("segmind_panel", line)
        if not options.name:
            raise CellError("Which panel?", hint=f"The panels are {', '.join(panels.names())}.")
        panel_class = panels.find(options.name)
        argument = panel_class.argument_of(options.argument)
        panel = panel_class(argument, client=self.client, names=self.names)
        if options.output:
            self.names[options.output] = panel
        self.display.panel(panel)
