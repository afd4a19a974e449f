"""The magic that uploads files to a provider's storage."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.magic import line_cell_magic, no_var_expand

from segmind_widgets.errors import AssetError, CellError, SegmindError
from segmind_widgets.formatting import seconds
from segmind_widgets.notebook.consent import check_files
from segmind_widgets.notebook.magics._base import MagicsBase, with_options
from segmind_widgets.notebook.pasted_code import note

if TYPE_CHECKING:
    from argparse import Namespace

    from segmind_widgets.assets.asset import Asset
    from segmind_widgets.syntax.snippets import Pasted


class FileMagics(MagicsBase):
    """Magics for uploads."""

    @with_options
    @no_var_expand
    @line_cell_magic
    def segmind_upload(self, line: str, cell: str | None = None) -> Any:
        """Upload files and show them with their URLs. The same content is sent only once.

        %segmind_upload [options] SOURCE…

        A SOURCE is a path, a folder, a pattern such as *.png, a URL, or $variable (a path, bytes, a
        PIL image, an array, an Asset, a Job, or a list of those).

        Segmind takes JPEG, PNG, WebP, and other files that the models support. APIMart takes JPEG,
        PNG, WebP and GIF of at most 20 MB; their URLs are valid for 72 hours.

        Code that uploads files can be pasted below %%segmind_upload; it is parsed, not run.

        %segmind_upload? shows the options.

        %segmind_upload cat.jpg -o cat
        """
        from segmind_widgets.notebook import listings

        code = self._code(line if cell is None else cell)
        options = self.options("segmind_upload", "" if cell is None and code else line)
        if code:
            check_files(code.access, allow_files=options.allow_files)
            code.check()
        if cell is not None and code is None:
            raise CellError(
                "The cell below %%segmind_upload is not code that uploads a file.",
                hint="Write the files on the line: %segmind_upload cat.jpg",
            )
        if code:
            options.provider = options.provider or code.provider
            self.display.note(note(code))
        groups = self._groups(options.sources, code)
        sources = [source for group in groups for source in group]
        if not sources:
            raise CellError("There is nothing to upload.", hint="%segmind_upload cat.jpg")
        assets = self._upload(sources, options)
        several = len(groups) > 1 or isinstance(groups[0], list)
        if options.output:
            self.names[options.output] = assets if several else assets[0]
            if options.quiet:
                return None
        return listings.uploads(assets, self.client.thumbnail) if several else assets[0]

    def _upload(self, sources: list[Any], options: Namespace) -> list[Asset]:
        """Upload sources below a progress bar. Raises SegmindError, also when interrupted."""
        bar = self.display.upload(len(sources), quiet=options.quiet)
        try:
            assets = self.client.upload(
                sources, provider=options.provider, force=options.force, progress=bar.update
            )
        except KeyboardInterrupt:
            bar.end("The upload was stopped.")
            raise SegmindError(
                "You stopped the upload.",
                hint="Files that were already uploaded are not sent again.",
            ) from None
        except SegmindError:
            bar.end("The upload failed.")
            raise
        bar.end(f"Uploaded in {seconds(bar.elapsed)}.")
        return assets

    def _code(self, text: str) -> Pasted | None:
        """Return the code that uploads, None for other text. Raises InputError."""
        code = self.client.session.find_code(text)
        if code is not None and code.kind != "upload":
            magic = "run" if code.kind == "model" else "workflow"
            raise CellError(
                f"The code runs {code.target} and uploads no file.",
                hint=f"Write %%segmind_{magic} on the first line.",
            )
        return code

    def _groups(self, words: Sequence[str], code: Pasted | None) -> list[Sequence[Any]]:
        """Return the sources of each word of a line, and those of pasted code."""
        _check_spaces(words)
        groups = [self._sources(word) for word in words]
        return [*groups, *((file,) for file in code.files)] if code else groups

    def _sources(self, word: str) -> Sequence[Any]:
        """Return the sources that a word stands for: a list of several, or a tuple of one."""
        from segmind_widgets.assets.folders import media_files
        from segmind_widgets.notebook.tables import Table
        from segmind_widgets.syntax.cells import parse_variable

        if word.startswith("$"):
            value = parse_variable(word, self.names)
            return list(value) if isinstance(value, (list, tuple, Table)) else (value,)
        if re.match(r"(https?|data):", word):
            return (word,)
        path = str(Path(word).expanduser())
        if glob.has_magic(path) and not Path(path).exists():
            names = sorted(glob.glob(path, recursive=True))  # noqa: PTH207 - takes absolute patterns
            if not names:
                raise AssetError(
                    f"No file matches {word} in {Path.cwd()}.", hint="Check the pattern."
                )
            return [Path(name) for name in names if Path(name).is_file()]
        if Path(path).is_dir():
            return media_files(Path(path))
        return (Path(path),)


def _check_spaces(words: Sequence[str]) -> None:
    """Refuse a name with spaces that was split into words, none of which is a file.

    Raises:
        AssetError: words next to each other are the name of a file.
    """
    for start, end in combinations(range(len(words) + 1), 2):
        parts, name = words[start:end], " ".join(words[start:end])
        if end - start > 1 and _is_path(name) and not any(map(_is_path, parts)):
            raise AssetError(
                f"There is a file `{name}`, with spaces in its name.",
                hint=f'Put quotes around it: "{name}"',
            )


def _is_path(word: str) -> bool:
    try:
        return Path(word).expanduser().exists()
    except (OSError, RuntimeError, ValueError):  # too long, an unknown ~user, a null
        return False
