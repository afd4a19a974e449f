"""The implementation of `%%segmind_run`, `%%segmind_workflow`, `%segmind_jobs --resume`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segmind_widgets.batches.sweeps import split
from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import AssetError, CellError, LimitError, SegmindError
from segmind_widgets.formatting import date_and_time
from segmind_widgets.jobs.job import Job
from segmind_widgets.markup import verbatim
from segmind_widgets.notebook.arguments import parse
from segmind_widgets.notebook.consent import agrees, check_files
from segmind_widgets.notebook.display import CellDisplay, Upload
from segmind_widgets.notebook.live_output import LiveOutput
from segmind_widgets.notebook.pasted_code import apply, note, read_cell
from segmind_widgets.planning.plan import Plan
from segmind_widgets.syntax.cells import parse_body, parse_line, parse_variable

if TYPE_CHECKING:
    from segmind_widgets.assets.recipes import Recipe
    from segmind_widgets.batches.row_table import RowTable
    from segmind_widgets.notebook.sweep_command import SweepCommand
    from segmind_widgets.syntax.snippets import Pasted

_MISSING = {
    "model": "%%segmind_run seedream-4.5 · %segmind_models lists them.",
    "workflow": "%%segmind_workflow 65c9c7f641c340d7ef2f7134-v1 · its API page shows the id.",
}


class Code(str):
    """A text for copying, shown verbatim; a click selects all of it."""

    __slots__ = ()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("…" if cycle else str(self).rstrip())

    def _repr_html_(self) -> str:
        return verbatim(str(self), "Code", "user-select:all;margin:4px 0;font-size:13px")


class RunCommand:
    """Runs models and workflows in one shell.

    Args:
        client: plans and starts the runs.
        display: the outputs of the shell.
        names: the notebook's variables.
    """

    def __init__(self, client: SegmindClient, display: CellDisplay, names: dict[str, Any]) -> None:
        self._client = client
        self._display = display
        self._names = names

    @cached_property
    def many(self) -> SweepCommand:
        """Return the command for sweeps, which also shows batches."""
        from segmind_widgets.notebook.sweep_command import SweepCommand

        return SweepCommand(self._client, self._display, self._names)

    def run(self, kind: Any, line: str, cell: str | None) -> Any:
        """Run a line and its cell; return the Job, the Batch, a plan, or Code.

        Raises:
            CellError: the line or the cell is wrong; nothing was sent.
            SegmindError: the run failed.
        """
        if cell is None and self._client.session.find_code(line):
            line, cell = "", line  # %segmind_run curl …
        options = parse("segmind_run" if kind == "model" else "segmind_workflow", line)
        code = read_cell(self._client.session, cell or "", is_pasted=options.paste)
        if code:
            check_files(code.access, allow_files=options.allow_files)
        recipe = self._recipe(options.recipe) if options.recipe else None
        if code and recipe:
            raise CellError(
                "--from and pasted code cannot be used together.", hint="Remove one of them."
            )
        body = self._of_code(code, options, kind) if code else None
        if not (options.target or recipe):
            raise CellError(f"Which {kind}?", hint=_MISSING[kind])
        if options.save and not (options.dry_run or options.export):
            _make_folder(options.save)
        inputs = self._inputs(options, cell) if body is None else self._with_seed(options, body)
        table = self._table(options, inputs, () if code else inputs)
        if recipe:
            inputs = recipe.changed(inputs)
        if recipe and not options.target:
            options.target, kind = recipe.model, recipe.kind
            options.provider = options.provider or recipe.provider_option
        if table or options.sweep or split(inputs)[1]:
            return self.many.run(kind, options, inputs, table)
        if options.yes and options.max_cost is None:
            raise CellError(
                "--yes works only with many runs, or with --max-cost.",
                hint="--sweep seed=1,2,3 --yes",
            )
        return self._one(kind, options, inputs, as_written=code is not None)

    def _table(
        self, options: Namespace, inputs: dict[str, Any], written: Iterable[str]
    ) -> RowTable | None:
        """Return the table of `--rows`, of which no column is among the written names."""
        if options.rows is None:
            return None
        if options.sweep or split(inputs)[1]:
            raise CellError(
                "--rows and a sweep cannot be used together.",
                hint="Give each combination a row of its own, or run the cell once with each.",
            )
        table = self.many.table(options.rows, allow_files=options.allow_files)
        table.check_fixed(written)
        return table

    def _one(
        self, kind: Any, options: Namespace, inputs: dict[str, Any], *, as_written: bool
    ) -> Any:
        plan = self._client.session.plan(
            options.target,
            inputs,
            kind=kind,
            provider=options.provider,
            api=getattr(options, "api", "auto"),
            endpoint=getattr(options, "endpoint", ""),
            again=options.again,
            as_written=as_written,
            needs_price=options.dry_run or options.max_cost is not None,
            waits_for_page=options.dry_run,
        )
        if options.export:
            return Code(self._client.export(plan, options.export))
        if options.dry_run:
            self._note_refusal(plan, options)
            return plan
        earlier = self._client.earlier(plan) if options.reuse else None
        job, output = (earlier, None) if earlier else self._send(plan, options)
        if options.output:
            self._names[options.output] = job
        if earlier and not options.quiet:
            self._display.note(
                f"This result was made on {date_and_time(earlier.created)}, by the same model"
                " from the same inputs. Nothing was sent or billed."
            )
        return self._watch(job, options, output)

    def _note_refusal(self, plan: Plan, options: Namespace) -> None:
        """Display a note if the plan would not be sent, with the reason."""
        try:
            earlier = self._client.earlier(plan) if options.reuse else None
            if earlier:
                self._display.note(
                    f"The result of job {earlier.id} would be shown again, and "
                    "nothing would be sent."
                )
            elif options.max_cost is not None:
                plan.within(options.max_cost)
            self._client.session.budget.check(plan, 0 if earlier else self._client.budget)
        except SegmindError as error:
            self._display.note(f"This run would be refused: {error.message}")

    def _send(self, plan: Plan, options: Namespace) -> tuple[Job, LiveOutput | None]:
        """Start a plan; return the job, and the output of its upload, if any."""
        self._check_cost(plan, options)
        if not options.quiet:
            for note in plan.notes:
                self._display.note(note)
        bar = self._display.upload(len(plan.files), quiet=options.quiet)
        return self._start(plan, bar), bar.output

    def _check_cost(self, plan: Plan, options: Namespace) -> None:
        """Refuse a plan beyond --max-cost; where its cost is unknown, ask the person.

        Raises:
            LimitError: it may cost more, or its cost is unknown and nobody agreed.
        """
        is_unknown = plan.estimate.high is None
        if options.max_cost is None or (is_unknown and options.yes):
            return
        try:
            plan.within(options.max_cost)
        except LimitError as error:
            if not is_unknown or not agrees(f"{error.message} Send it anyway?"):
                raise

    def _recipe(self, word: str) -> Recipe:
        """Return the recipe in the picture of --from: a path, or the value of a $variable."""
        from segmind_widgets.assets.recipes import read

        return read(parse_variable(word, self._names) if word[0] == "$" else word)

    def _inputs(self, options: Namespace, cell: str | None) -> dict[str, Any]:
        inputs = parse_line(options.inputs, self._names)
        for name, value in parse_body(cell or "", self._names).items():
            if name in inputs:
                raise CellError(
                    f"`{name}` is given both on the line and in the cell.",
                    hint="Remove one of them.",
                    field=name,
                )
            inputs[name] = value
        return self._with_seed(options, inputs)

    def _of_code(self, code: Pasted, options: Namespace, kind: Any) -> dict[str, Any]:
        """Return the inputs of pasted code, set its target in the options, and show a note."""
        inputs = apply(code, options, kind, parse_line(options.inputs, self._names))
        if not options.quiet:
            self._display.note(note(code))
        return inputs

    def _with_seed(self, options: Namespace, inputs: dict[str, Any]) -> dict[str, Any]:
        if options.seed is not None:
            if inputs.get("seed") is not None:
                raise CellError(
                    "The seed is given twice: by --seed and by the input `seed`.",
                    hint="Remove one of them.",
                    field="seed",
                )
            inputs["seed"] = options.seed
        return inputs

    def _start(self, plan: Plan, bar: Upload) -> Job:
        try:
            return self._client.start(plan, bar.update)
        except KeyboardInterrupt:
            bar.end("The upload was stopped.")
            job_id = self._client.session.budget.job_id_of(plan)
            if job_id:
                raise self._client.job(job_id).still_running("You stopped waiting") from None
            raise SegmindError("You stopped the upload; nothing was submitted.") from None
        except SegmindError:
            bar.end("The upload failed.")
            raise

    def _watch(self, job: Job, options: Namespace, output: LiveOutput | None) -> Job:
        if options.save:
            recipe = self._client.recipes

            def save(_: Any = None) -> None:
                if job.outputs:
                    job.save(options.save, recipe=recipe)

            job.observe(save, "outputs")
            if job.done:  # a job shown again by --reuse
                save()
        if options.background:
            if options.quiet:
                self._display.hide(job)
            else:
                self._display.show_in_background(job, output)
            return job
        if options.quiet:
            self._display.hide(job)
            self._wait(job, options.timeout)
        else:
            self._display.follow(job, options.timeout, output)
        if job.error is not None:
            raise job.error
        return job

    def _wait(self, job: Job, timeout: float | None) -> None:
        try:
            job.wait(timeout)
        except KeyboardInterrupt:
            raise job.still_running("You stopped waiting") from None

    def resume(self, ids: list[str], output: str | None = None) -> Any:
        """Resume these jobs, or all unfinished ones, and wait; return the Job, or a table.

        `output` is the variable that gets the Job, or the list of jobs, also when they fail.
        """
        resumed = [self._client.resume(i) for i in ids] if ids else self._client.resume_all()
        if not resumed:
            self._display.note("There are no unfinished jobs.")
            return None
        if output:
            self._names[output] = resumed[0] if len(resumed) == 1 else resumed
        for job in resumed[1:]:
            self._display.show_in_background(job)
        self._display.follow(resumed[0])
        for job in resumed[1:]:
            self._wait(job, None)
        if len(resumed) == 1 and resumed[0].error is not None:
            raise resumed[0].error
        if len(resumed) == 1:
            return resumed[0]
        from segmind_widgets.notebook import listings

        return listings.jobs(resumed, self._client.thumbnail)


def _make_folder(folder: str) -> None:
    """Make the folder before anything is sent, so that every paid result can be saved."""
    try:
        Path(folder).expanduser().mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AssetError(
            f"The folder {folder} cannot be created: {error.strerror}.",
            hint="Choose another folder for --save.",
        ) from error
