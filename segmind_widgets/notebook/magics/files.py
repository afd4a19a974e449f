"""Files to a provider's storage."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from IPython.core.magic import line_magic, no_var_expand

from segmind_widgets.errors import AssetError, CellError, SegmindError
from segmind_widgets.notebook.magics._base import MagicsBase, with_options


class FileMagics(MagicsBase):
    """Uploads."""

    @with_options
    @no_var_expand
    @line_magic
    def segmind_upload(self, line: str) -> Any:
        """Upload files and show them with their URLs. The same content is uploaded once.

        %segmind_upload [options] SOURCE…

        A SOURCE is a path, a pattern such as *.png, a URL, or $variable (a path, bytes, a PIL
        image, an array, an Asset, a Job, or a list of those).

        %segmind_upload? shows the options.

        %segmind_upload cat.jpg -o cat
        """
        from segmind_widgets.notebook import listings

        options = self.options("segmind_upload", line)
        found = [self._sources(word) for word in options.sources]
        sources = [source for sources in found for source in sources]
        if not sources:
            raise CellError("There is nothing to upload.", hint="%segmind_upload cat.jpg")
        bar = self.display.upload(len(sources), quiet=options.quiet)
        try:
            assets = self.client.upload(
                sources,
                provider=options.provider,
                force=options.force,
                progress=bar.told,
            )
        except KeyboardInterrupt:
            raise SegmindError(
                "You stopped the upload.", hint="Files that were done are not sent again."
            ) from None
        finally:
            bar.clear()
        several = len(found) > 1 or isinstance(found[0], list)
        if options.output:
            self.names[options.output] = assets if several else assets[0]
            if options.quiet:
                return None
        return listings.uploads(assets, self.client.thumbnail) if several else assets[0]

    def _sources(self, word: str) -> Sequence[Any]:
        """What a word means: a list of files, or one (a variable's, a URL, a path) in a tuple."""
        from segmind_widgets.notebook.tables import Table
        from segmind_widgets.syntax.cells import parse_line

        if word.startswith("$"):
            value = parse_line([f"source={word}"], self.names)["source"]
            return list(value) if isinstance(value, (list, tuple, Table)) else (value,)
        if re.match(r"(https?|data):", word):
            return (word,)
        path = str(Path(word).expanduser())
        if glob.has_magic(path) and not Path(path).exists():
            found = sorted(glob.glob(path, recursive=True))  # noqa: PTH207 - takes absolute patterns
            if not found:
                raise AssetError(f"No file fits {word} in {Path.cwd()}.", hint="Check the pattern.")
            return [Path(name) for name in found if Path(name).is_file()]
        return (Path(path),)
