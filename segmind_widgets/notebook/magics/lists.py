"""Magics that list models and jobs."""

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
    """Magics for the catalog and the journal."""

    @with_options
    @no_var_expand
    @line_magic
    def segmind_models(self, line: str) -> Table:
        """Find models, with their usual cost and time.

        %segmind_models [QUERY] [options]

        %segmind_models? shows the options.

        The exact name of a model shows its parameters, the cost of a run, and its page.
        """
        from segmind_widgets.notebook import listings
        from segmind_widgets.planning.targets import plain_name, split_provider

        options = self.options("segmind_models", line)
        session = self.client.session
        query, provider = split_provider(" ".join(options.query), options.provider)
        exact = session.find_model(plain_name(query), provider) if query else None
        if exact is not None:
            kind = session.provider_class(exact.provider)
            cost, usual = self.client.expected(exact, provider=provider)
            return listings.parameters(exact, str(cost), usual, kind.model_page(exact.slug))
        models = self.client.models(query, options.modality, provider)
        if not models:
            raise self._no_model(query, options.modality, provider)
        return listings.models(models)

    def _no_model(self, query: str, modality: str | None, provider: str | None) -> CellError:
        """Return the error of a search without a result, with the provider that has a match."""
        session = self.client.session
        own = session.endpoints.choose(provider).provider
        kind = f"--modality {modality}" if modality else ""
        words = " and ".join(filter(None, [query and repr(query), kind]))
        hint = "Remove --modality, or try fewer words." if kind else "Try fewer words."
        matches = self.client.catalog(provider).search(query, modality)
        for name in dict.fromkeys(m.provider for m in matches if m.provider != own.name):
            title = session.provider_titles()[name]
            hint = f"{title} has some: %segmind_models {f'{query} '.lstrip()}-p {name}"
        fits = f" fits {words}" if words else " is listed"
        return CellError(f"No model of {own.title}{fits}.", hint=hint)

    @with_options
    @no_var_expand
    @line_magic
    def segmind_jobs(self, line: str) -> Any:
        """Show jobs of this and earlier kernels; resume them, or stop watching them.

        %segmind_jobs [ID…] [options]

        %segmind_jobs? shows the options.

        No job is ever submitted again.
        """
        options = self.options("segmind_jobs", line)
        if options.clean:
            return self._clean(options.older, yes=options.yes)
        if options.resume:
            ids = [self._job(i).id if i.startswith("$") else i for i in options.ids]
            return self.run_command.resume(ids, options.output)
        if options.output:
            jobs = [self._job(word) for word in options.ids]
            self.names[options.output] = jobs[0] if len(jobs) == 1 else jobs
        if options.stop:
            return self._stop(options.ids, options.last)
        return self._show(options.ids) if options.ids else self._list(options)

    def _clean(self, older: float, *, yes: bool) -> None:
        freed = self.client.clean(older, dry_run=not yes)
        ask = " Add --yes to delete them." if freed.files and not yes else ""
        self.display.note(f"{freed}{ask}")

    def _stop(self, ids: list[str], last: int) -> Table | None:
        from segmind_widgets.notebook import listings

        live = [job for job in self.client.jobs(last, unfinished=True) if not job.done]
        jobs = [self._job(i) for i in ids] if ids else live
        if not jobs:
            self.display.note("No job is watched here.")
            return None
        for job in jobs:
            job.stop()
        return listings.jobs(jobs, self.client.thumbnail)

    def _show(self, ids: list[str]) -> Any:
        from segmind_widgets.notebook import listings

        jobs = [self._job(word) for word in ids]
        if len(jobs) > 1:
            return listings.jobs(jobs, self.client.thumbnail)
        try:
            cell = self.client.export(jobs[0], "cell")
        except SegmindError as error:
            cell = error.message
        self.display.show(listings.job(jobs[0], cell))
        return jobs[0]

    def _job(self, word: str) -> Job:
        """Return the job with an id, or the value of a $variable: a job, or an id."""
        if not word.startswith("$"):
            return self.client.job(word)
        from segmind_widgets.syntax.cells import parse_variable

        value = parse_variable(word, self.names)
        if isinstance(value, str):  # an id
            return self.client.job(value)
        if not hasattr(value, "outputs"):
            raise CellError(
                f"{word} is a {type(value).__name__}, not a job.",
                hint="Give an id, $name, or ${expression} such as ${jobs[0]}.",
            )
        return value

    def _at(self, provider: str | None) -> dict[str, Any]:
        """Return the filter of jobs for `-p`. Raises CellError for an unknown provider."""
        titles = self.client.session.provider_titles()
        name = (provider or "").strip().lower()
        if name and name not in (*titles, "sandbox"):
            choices = ", ".join([*titles, "sandbox"])
            raise CellError(f"There is no provider {name!r}.", hint=f"There are {choices}.")
        return {"sandbox": True} if name == "sandbox" else {"provider": name}

    def _list(self, options: Namespace) -> Table:
        from segmind_widgets.formatting import MANY
        from segmind_widgets.notebook import listings

        filters = {
            "model": options.model or "",
            "text": " ".join(options.text or ()),
            "status": options.status,
            "unfinished": options.unfinished,
            **self._at(options.provider),
        }
        jobs = self.client.jobs(options.last, **filters)
        most = max(MANY, options.last) + 1
        total = self.client.count(most, **filters) if len(jobs) == options.last else len(jobs)
        filtered = any(filters.values())
        return listings.jobs(jobs, self.client.thumbnail, total=total, filtered=filtered)
