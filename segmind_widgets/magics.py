"""The magics: read the line, make one call of the client, show what came.

Everything heavy is imported by the first use: loading the extension must cost a kernel nothing.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class, no_var_expand

from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import (
    AssetError,
    CellError,
    SegmindError,
    Unauthorized,
)
from segmind_widgets.login import TITLES, ask, without_key

if TYPE_CHECKING:
    from argparse import Namespace

    from segmind_widgets.runs import Runs
    from segmind_widgets.stage import Stage
    from segmind_widgets.tables import Table
    from segmind_widgets.types import Credits


@magics_class
class SegmindMagics(Magics):
    """The magics of one shell, over one client."""

    def __init__(self, shell: Any, client: SegmindClient) -> None:
        super().__init__(shell)
        self.client = client
        self._stage: Stage | None = None

    @property
    def names(self) -> dict[str, Any]:
        """The notebook's variables."""
        return self.shell.user_ns  # type: ignore[union-attr]

    @property
    def stage(self) -> Stage:
        """Where this shell's cells show things."""
        if self._stage is None:
            from segmind_widgets.stage import Stage

            self._stage = Stage(self.shell)  # type: ignore[arg-type]
        return self._stage

    @cached_property
    def runs(self) -> Runs:
        """What the runs of this shell do."""
        from segmind_widgets.runs import Runs

        return Runs(self.client, self.stage, self.names)

    def close(self) -> None:
        """Take no further part in the shell."""
        if self._stage is not None:
            self._stage.close()

    # the account

    @no_var_expand
    @line_magic
    def segmind_login(self, line: str) -> None:
        """Keep an API key: asks for it without showing it.

        %segmind_login [segmind|apimart] [--forget]

        The key goes into the system's keyring, or stays in this kernel's memory where there is no
        keyring. It is never written on the line, which the notebook and its history keep.

          --forget    drop the kept key
        """
        options = _parse("segmind_login", without_key(line))
        provider, keys = options.provider, self.client.keys
        if provider not in TITLES:
            raise CellError(f"There is no provider {provider!r}.", hint="segmind or apimart.")
        if options.forget:
            left = keys.forget(provider)
            also = f" One still comes from {left}." if left else ""
            self.stage.note(f"The kept key for {TITLES[provider]} is forgotten.{also}")
            return
        where = keys.remember(provider, ask(provider))
        told = self._check_key(provider)
        shadow = keys.source(provider)
        also = f" But {shadow} has one too, and it comes first." if "environment" in shadow else ""
        self.stage.note(f"The key for {TITLES[provider]} is kept in {where}. {told}{also}")

    def _check_key(self, provider: str) -> str:
        """Whether the key is taken, in words. A wrong one is not kept."""
        if self.client.places.choose(provider).sandbox:
            return "It was not tried: the sandbox is set as the provider."
        try:
            balance = self.client.credits(provider)
        except Unauthorized:
            self.client.keys.forget(provider)
            raise
        except SegmindError as error:
            return f"It could not be tried: {error.message}"
        return f"It works: {_credits(balance)}."

    @no_var_expand
    @line_magic
    def segmind_status(self, line: str) -> Table:
        """Show the provider, where its key came from, credits and limits.

        %segmind_status [options]

          -p, --provider P   segmind, apimart or sandbox

        Asking for the balance is free, so this is also the way to try a key.
        """
        from segmind_widgets.tables import Table

        options = _parse("segmind_status", line)
        place = self.client.places.choose(options.provider)
        keys, name = self.client.keys, place.provider.name
        try:
            balance = self.client.credits(options.provider)
        except Unauthorized as error:
            error.hint = (
                f"The key {keys.masked(name)} comes from {keys.source(name)};"
                f" %segmind_login {name} sets another."
            )
            raise
        key = "none needed" if place.sandbox else f"{keys.masked(name)} from {keys.source(name)}"
        limit = self.client.rate_limit
        rows = [
            ("provider", f"{place.provider.title}{', on the sandbox' if place.sandbox else ''}"),
            ("address", place.address),
            ("key", key),
            ("credits", _credits(balance)),
            (
                "rate limit",
                f"{limit:g} requests a minute" if limit and not place.sandbox else "none",
            ),
            ("results in", str(self.client.store.home)),
        ]
        caption = "Nothing is billed on the sandbox. %segmind_login sets a key." * place.sandbox
        return Table(rows, {"": lambda row: row[0], " ": lambda row: row[1]}, caption)

    # files

    @no_var_expand
    @line_magic
    def segmind_upload(self, line: str) -> Any:
        """Upload files and show them with their URLs. The same content is uploaded once.

        %segmind_upload [options] SOURCE…

        A SOURCE is a path, a pattern such as *.png, a URL, or $variable (a path, bytes, a PIL
        image, an array, an Asset, a Job, or a list of those).

          -p, --provider P    segmind, apimart or sandbox
          -o, --output NAME   put the Asset, or the list of them, into this variable
          --force             upload again what was uploaded before
          -q, --quiet         show no bar; with -o, nothing at all

        %segmind_upload cat.jpg -o cat
        """
        from segmind_widgets import listing

        options = _parse("segmind_upload", line)
        found = [self._sources(word) for word in options.sources]
        sources = [source for sources in found for source in sources]
        if not sources:
            raise CellError("There is nothing to upload.", hint="%segmind_upload cat.jpg")
        bar = self.stage.upload(len(sources), quiet=options.quiet)
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
        return listing.uploads(assets, self.client.thumbnail) if several else assets[0]

    def _sources(self, word: str) -> Sequence[Any]:
        """What a word means: a list of files, or one (a variable's, a URL, a path) in a tuple."""
        from segmind_widgets.cells import parse_line
        from segmind_widgets.tables import Table

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

    # runs

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
          --timeout S         stop waiting after S seconds; the job goes on
          --max-cost USD      refuse a model that usually costs more
          --save DIR          copy the results into this folder too
          --from FILE         the model, the inputs and the seed of a picture made here; the line
                              and the cell change them
          --dry-run           show what would be sent and what it usually costs; send nothing
          -q, --quiet         show nothing but errors
        """
        return self.runs.run("model", line, cell)

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
          --timeout S         stop waiting after S seconds; the job goes on
          --max-cost USD      refuse what usually costs more
          --save DIR          copy the results into this folder too
          --from FILE         the workflow and the inputs of a picture made here, to change
          --dry-run           show what would be sent; send nothing
          -q, --quiet         show nothing but errors
        """
        return self.runs.run("workflow", line, cell)

    # what there is

    @no_var_expand
    @line_magic
    def segmind_models(self, line: str) -> Table:
        """Find models: what they are, what they usually cost and take.

        %segmind_models [QUERY] [options]

          --modality M       image, video, audio, text, edit, inpaint, …
          -p, --provider P   segmind, apimart or sandbox

        A model's own name shows its parameters.
        """
        from segmind_widgets import listing

        options = _parse("segmind_models", line)
        catalog = self.client.catalog(options.provider)
        query = " ".join(options.query)
        exact = catalog.find(query) if query else None
        if exact is not None and exact.schema:
            return listing.parameters(exact)
        found = catalog.search(query, options.modality)
        if not found:
            raise CellError(
                f"No model fits {query or options.modality!r}.", hint="Try fewer words."
            )
        return listing.models(found)

    @no_var_expand
    @line_magic
    def segmind_jobs(self, line: str) -> Any:
        """Show jobs of this and earlier kernels; go on with them; stop watching them.

        %segmind_jobs [ID…] [--resume] [--stop] [--last N]

          ID         show this job (the beginning of its id is enough)
          --resume   go on with these jobs; without an ID, with every unfinished one
          --stop     stop watching these jobs; they go on at the service
          --last N   how many to list (20)

        Nothing is ever submitted again.
        """
        from segmind_widgets import listing

        options = _parse("segmind_jobs", line)
        if options.resume:
            return self.runs.resume(options.ids)
        if options.stop:
            live = [job for job in self.client.jobs(options.last, unfinished=True) if not job.done]
            wanted = [self.client.job(i) for i in options.ids] if options.ids else live
            for job in wanted:
                job.stop()
            return listing.jobs(wanted, self.client.thumbnail)
        found = [self.client.job(job_id) for job_id in options.ids]
        if len(found) == 1:
            return found[0]
        shown = found or self.client.jobs(options.last)
        return listing.jobs(shown, self.client.thumbnail)

    @no_var_expand
    @line_magic
    def segmind_panel(self, line: str) -> None:
        """Show a panel: a form with buttons in the place of code.

        %segmind_panel upload
        %segmind_panel run [MODEL]
        %segmind_panel workflow [ID]
        %segmind_panel jobs
        %segmind_panel gallery [WORDS]
        %segmind_panel FILE.py          a panel of your own

          -o, --output NAME   put the panel into this variable; NAME.close() frees it
        """
        from segmind_widgets import panels

        options = _parse("segmind_panel", line)
        if not options.name:
            raise CellError("Which panel?", hint=f"There are {', '.join(panels.names())}.")
        shown = panels.find(options.name)
        panel = shown(" ".join(options.argument), client=self.client, names=self.names)
        if options.output:
            self.names[options.output] = panel
        self.stage.panel(panel)


def _parse(name: str, line: str) -> Namespace:
    from segmind_widgets.arguments import parse

    return parse(name, line)


def _credits(balance: Credits) -> str:
    if balance.unlimited:
        return "unlimited"
    free = f" and {balance.free:.2f} free" if balance.free else ""
    return f"{balance.left:.2f} USD{free}"
