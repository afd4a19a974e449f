"""What there is: models and jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.magic import line_magic, no_var_expand

from segmind_widgets.errors import CellError, SegmindError
from segmind_widgets.notebook.magics._base import MagicsBase, with_options

if TYPE_CHECKING:
    from argparse import Namespace

    from segmind_widgets.jobs.job import Job
    from segmind_widgets.notebook.tables import Table


class ListMagics(MagicsBase):
    """Models, and the journal."""

    @with_options
    @no_var_expand
    @line_magic
    def segmind_models(self, line: str) -> Table:
        """Find models: what they are, what they usually cost and take.

        %segmind_models [QUERY] [options]

        %segmind_models? shows the options.

        A model's own name shows its parameters.
        """
        from segmind_widgets.notebook import listings

        options = self.options("segmind_models", line)
        catalog = self.client.catalog(options.provider)
        query = " ".join(options.query)
        exact = catalog.find(query) if query else None
        if exact is not None and exact.schema:
            return listings.parameters(exact)
        found = catalog.search(query, options.modality)
        if not found:
            kind = f"--modality {options.modality}" if options.modality else ""
            words = " and ".join(filter(None, [query and repr(query), kind]))
            less = "Leave --modality out, or try fewer words." if kind else "Try fewer words."
            raise CellError(f"No model fits {words}.", hint=less)
        return listings.models(found)

    @with_options
    @no_var_expand
    @line_magic
    def segmind_jobs(self, line: str) -> Any:
        """Show jobs of this and earlier kernels; go on with them; stop watching them.

        %segmind_jobs [ID…] [options]

        %segmind_jobs? shows the options.

        Nothing is ever submitted again.
        """
        options = self.options("segmind_jobs", line)
        if options.clean:
            return self._clean(options.older, yes=options.yes)
        if options.resume:
            ids = [self._job(i).id if i.startswith("$") else i for i in options.ids]
            return self.run_command.resume(ids)
        if options.stop:
            return self._stop(options.ids, options.last)
        return self._named(options.ids) if options.ids else self._listed(options)

    def _clean(self, older: float, *, yes: bool) -> None:
        freed = self.client.clean(older, dry_run=not yes)
        ask = " Add --yes to do it." if freed.files and not yes else ""
        self.display.note(f"{freed}{ask}")

    def _stop(self, ids: list[str], last: int) -> Table | None:
        from segmind_widgets.notebook import listings

        live = [job for job in self.client.jobs(last, unfinished=True) if not job.done]
        wanted = [self._job(i) for i in ids] if ids else live
        if not wanted:
            self.display.note("No job is watched here.")
            return None
        for job in wanted:
            job.stop()
        return listings.jobs(wanted, self.client.thumbnail)

    def _named(self, ids: list[str]) -> Any:
        from segmind_widgets.notebook import listings

        found = [self._job(word) for word in ids]
        if len(found) > 1:
            return listings.jobs(found, self.client.thumbnail)
        try:
            again = self.client.export(found[0], "cell")
        except SegmindError as error:
            again = error.message
        self.display.show(listings.job(found[0], again))
        return found[0]

    def _job(self, word: str) -> Job:
        """The job of an id, or of a $variable."""
        if not word.startswith("$"):
            return self.client.job(word)
        from segmind_widgets.syntax.cells import parse_line

        value = parse_line([f"job={word}"], self.names)["job"]
        if not hasattr(value, "outputs"):
            raise CellError(
                f"{word} is a {type(value).__name__}, no job.",
                hint="Give an id, $name, or ${expression} such as ${jobs[0]}.",
            )
        return value

    def _listed(self, options: Namespace) -> Table:
        from segmind_widgets.notebook import listings

        filters = {
            "model": options.model or "",
            "text": " ".join(options.text or ()),
            "status": options.status,
            "unfinished": options.unfinished,
        }
        found = self.client.jobs(options.last, **filters)
        total = self.client.count(**filters) if len(found) == options.last else len(found)
        narrowed = any(filters.values())
        return listings.jobs(found, self.client.thumbnail, total=total, narrowed=narrowed)
