"""The options of the magics: argparse parsers that raise CellError and split lines like cells."""

from __future__ import annotations

import argparse
import keyword
import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from segmind_widgets.errors import CellError
from segmind_widgets.likeness import did_you_mean
from segmind_widgets.session import Session
from segmind_widgets.syntax.cells import split_line
from segmind_widgets.types import Status

FORMS = (
    "cell",
    "client",
    "python",
    "curl",
    "javascript",
)  # as in `exports.export`, which is slow to import
_SEEN = "_seen"  # of a namespace: the options with a value so far
_MAX_JOBS = 100_000  # in a list of jobs
_MAX_DAYS = 36_500  # a hundred years
_HELP_WIDTH = 92  # characters of a line


class Arguments(argparse.ArgumentParser):
    """A parser of a magic's line. `parse` raises CellError; it never exits or prints."""

    def __init__(self, name: str) -> None:
        super().__init__(prog=name, add_help=False, allow_abbrev=False)
        self.register("action", None, _Once)

    @property
    def options(self) -> list[str]:
        """Return all options, long and short."""
        return [flag for action in self._actions for flag in action.option_strings]

    @property
    def values(self) -> dict[str, list[str]]:
        """Return the choices of each option that has choices."""
        return {
            flag: [str(choice) for choice in action.choices]
            for action in self._actions
            for flag in action.option_strings
            if action.choices
        }

    def describe(self) -> str:
        """Return the arguments that have a help text, as an indented list in two columns."""
        rows = [(_label(action), action.help) for action in self._actions if action.help]
        width = max(len(label) for label, _ in rows) + 3
        return "\n".join(
            textwrap.fill(
                text,
                _HELP_WIDTH,
                initial_indent=f"  {label:<{width}}",
                subsequent_indent=" " * (width + 2),
                break_on_hyphens=False,
            )
            for label, text in rows
        )

    def parse(self, line: str) -> argparse.Namespace:
        """Return the values on the line; text in quotes or brackets is one value.

        Raises:
            CellError: an option or a value is wrong.
        """
        words = [_unquote(word) for word in split_line(line)]
        options, rest = self.parse_known_intermixed_args(words)
        vars(options).pop(_SEEN, None)
        unknown = next((word for word in rest if word.startswith("-")), None)
        if unknown:
            raise CellError(
                f"{self.prog} has no option {unknown}.{did_you_mean(unknown, self.options)}",
                hint=f"{self.prog}? shows its options.",
            )
        if rest:
            raise CellError(f"{self.prog} takes no {rest[0]!r}.", hint=f"{self.prog}? shows more.")
        return options

    def error(self, message: str) -> NoReturn:
        """Raise CellError where argparse would exit."""
        raise CellError(f"{self.prog}: {message}.", hint=f"{self.prog}? shows its options.")


class _Once(argparse.Action):
    """Stores a value; an option that is given twice is refused, not taken from the last place."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002 - of argparse
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Store the value. Raises CellError for an option that has one already."""
        if option_string is not None:
            seen: set[str] = vars(namespace).setdefault(_SEEN, set())
            if self.dest in seen:
                both = "Put all rows into one table, or run the cell once with each."
                hint = both if self.dest == "rows" else "Remove one of them."
                raise CellError(f"{option_string} is given twice.", hint=hint)
            seen.add(self.dest)
        setattr(namespace, self.dest, values)


def _label(action: argparse.Action) -> str:
    """Return an argument in the form `-o, --output NAME`."""
    flags = ", ".join(action.option_strings)
    value = "" if action.nargs == 0 else str(action.metavar)
    return f"{flags} {value}".strip()


def _unquote(word: str) -> str:
    """Remove quotes around a whole word; the quotes in `prompt="…"` belong to the value."""
    return word[1:-1] if len(word) > 1 and word[0] == word[-1] and word[0] in "\"'" else word


def _number(least: float, most: float = float("inf")) -> Any:
    """Return a converter of text to a number from `least` to `most`; infinity is refused."""

    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not least <= value <= most or value == float("inf"):
            end = (
                f"of at least {least:g}" if most == float("inf") else f"from {least:g} to {most:g}"
            )
            raise argparse.ArgumentTypeError(f"{text!r} is not a number {end}")
        return value

    return number


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def _count(text: str) -> int:
    if not 1 <= _whole(text) <= _MAX_JOBS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {_MAX_JOBS}")
    return int(text)


def login() -> Arguments:
    """Return the parser of `%segmind_login`."""
    parser = Arguments("%segmind_login")
    parser.add_argument(
        "provider",
        nargs="?",
        default="segmind",
        metavar="PROVIDER",
        help="{providers}; segmind if left out",
    )
    parser.add_argument("--forget", action="store_true", help="delete the stored key")
    return parser


def status() -> Arguments:
    """Return the parser of `%segmind_status`."""
    parser = Arguments("%segmind_status")
    _add_provider(parser)
    return parser


def upload() -> Arguments:
    """Return the parser of `%segmind_upload`."""
    parser = Arguments("%segmind_upload")
    _add_provider(parser)
    _add_output(parser, "put the Asset, or the list of Assets, into this variable")
    parser.add_argument(
        "--force", action="store_true", help="upload again, even if the file was uploaded before"
    )
    _add_quiet(parser, "show no progress bar; with -o, show no output at all")
    parser.add_argument("sources", nargs="*", metavar="SOURCE")
    return parser


def run(kind: str) -> Arguments:
    """Return the parser of `%%segmind_run`, or of `%%segmind_workflow`."""
    is_model = kind == "model"
    parser = Arguments(f"%segmind_{'run' if is_model else 'workflow'}")
    _add_provider(parser, "{providers} or sandbox" if is_model else "segmind or sandbox")
    _add_output(parser, "put the Job into this variable, also when it fails")
    parser.add_argument(
        "-b",
        "--background",
        action="store_true",
        help="return at once; the job continues, and so does its progress line",
    )
    if is_model:
        parser.add_argument(
            "--api",
            choices=("auto", "v1", "v2"),
            default="auto",
            metavar="auto|v1|v2",
            help="Segmind's synchronous v1 or asynchronous v2 (auto: v2)",
        )
        parser.add_argument(
            "--endpoint",
            default="",
            metavar="PATH",
            help="the address of APIMart to use, such as /v1/videos/generations",
        )
    seed = "the seed; -1 for a new one each time" if is_model else "set the input `seed`"
    parser.add_argument("--seed", type=_whole, metavar="N", help=seed)
    _add_limits(parser)
    parser.add_argument("--save", metavar="DIR", help="copy the results into this folder, too")
    _add_code(parser, is_model=is_model)
    _add_quiet(parser, "show only errors")
    parser.add_argument("target", nargs="?")
    parser.add_argument("inputs", nargs="*")
    return parser


def _add_limits(parser: Arguments) -> None:
    """Add the options for multiple runs, time, cost, and repeated requests."""
    parser.add_argument(
        "--sweep",
        action="append",
        default=[],
        metavar="NAME=V,V",
        help="run once for each of these values; repeat the option for another input to run all"
        " combinations. The value is the Batch. In the cell, write NAME: {sweep: [V, V]}",
    )
    parser.add_argument(
        "--rows",
        metavar="TABLE",
        help="run once for each row of a CSV or JSONL file, or of a DataFrame or list ($name);"
        " columns are inputs, and the cell has what is the same for all rows",
    )
    parser.add_argument(
        "--allow-files",
        action="store_true",
        help="let a table of --rows name files outside its own folder, without asking",
    )
    parser.add_argument(
        "--yes",
        action="store_true",
        help="do not ask for confirmation of many runs, a cost above the budget, or an unknown cost"
        " with --max-cost",
    )
    parser.add_argument(
        "--timeout",
        type=_number(0),
        metavar="S",
        help="stop waiting after S seconds; the job continues",
    )
    parser.add_argument(
        "--max-cost",
        type=_number(0),
        metavar="USD",
        help="refuse a run that may cost more; ask if its cost is unknown",
    )
    parser.add_argument(
        "--again",
        action="store_true",
        help="repeat (and pay for) a request identical to one in the last ten seconds",
    )
    parser.add_argument(
        "--reuse",
        action="store_true",
        help="show the finished job with the same inputs and seed, if there is one, at no cost",
    )


def _add_code(parser: Arguments, *, is_model: bool) -> None:
    """Add the options that read a picture's recipe or send nothing."""
    parser.add_argument(
        "--from",
        dest="recipe",
        metavar="FILE",
        help=f"take the {'model, the inputs and the seed' if is_model else 'workflow and inputs'} "
        "from an image made here (a path or $variable); values on the line or in the cell "
        "override them",
    )
    parser.add_argument(
        "--paste",
        action="store_true",
        help="treat the cell as pasted code or JSON, even if it looks like a prompt",
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="show the request and its possible cost; send nothing",
    )
    parser.add_argument(
        "--export",
        choices=FORMS,
        metavar="FORM",
        help=f"show code that does the same: {_either(FORMS)}; send nothing",
    )


def models() -> Arguments:
    """Return the parser of `%segmind_models`."""
    parser = Arguments("%segmind_models")
    parser.add_argument("query", nargs="*", metavar="QUERY")
    parser.add_argument(
        "--modality", metavar="M", help="image, video, audio, text, edit, inpaint, …"
    )
    _add_provider(parser)
    return parser


def jobs() -> Arguments:
    """Return the parser of `%segmind_jobs`."""
    parser = Arguments("%segmind_jobs")
    parser.add_argument(
        "ids",
        nargs="*",
        metavar="ID",
        help="show this job in full (the beginning of its id is enough, or $job)",
    )
    parser.add_argument(
        "--last", type=_count, default=20, metavar="N", help="the number of jobs to list (20)"
    )
    _add_job_filters(parser)
    _add_job_actions(parser)
    _add_output(parser, "put the Job of an ID, or the list of several, into this variable")
    return parser


def _add_job_filters(parser: Arguments) -> None:
    """Add the options that select the jobs of a list."""
    _add_provider(parser, "list only jobs at this provider: {providers} or sandbox")
    parser.add_argument(
        "--model", metavar="M", help="list only models and workflows with this in their names"
    )
    parser.add_argument(
        "--status",
        choices=[str(status) for status in Status],
        metavar="S",
        help=f"list only jobs with this status: {_either([str(status) for status in Status])}",
    )
    parser.add_argument(
        "--text", nargs="+", metavar="WORDS", help="list only jobs with these words in their inputs"
    )
    parser.add_argument("--unfinished", action="store_true", help="list only unfinished jobs")


def _add_job_actions(parser: Arguments) -> None:
    """Add the options that resume jobs, stop watching them, or delete their results."""
    parser.add_argument(
        "--resume",
        action="store_true",
        help="resume the named jobs; without an ID, all unfinished jobs",
    )
    parser.add_argument(
        "--stop",
        action="store_true",
        help="stop watching the named jobs, or all jobs; they continue at the service",
    )
    parser.add_argument(
        "--clean",
        action="store_true",
        help="show the disk space used by old results; with --yes, delete them",
    )
    parser.add_argument(
        "--older",
        type=_number(0, _MAX_DAYS),
        metavar="DAYS",
        help="with --clean: results of jobs that began more than DAYS days ago",
    )
    parser.add_argument(
        "--yes",
        action="store_true",
        help="with --clean: delete the files. The jobs stay listed; unfinished jobs keep theirs",
    )


def spend() -> Arguments:
    """Return the parser of `%segmind_spend`."""
    parser = Arguments("%segmind_spend")
    parser.add_argument(
        "--by",
        choices=("model", "day", "notebook", "job"),
        default="model",
        metavar="BY",
        help="model (the default), day, notebook or job",
    )
    parser.add_argument(
        "--since",
        type=_number(0, _MAX_DAYS),
        metavar="DAYS",
        help="only jobs of the last DAYS days, from the morning of the first",
    )
    return parser


def panel() -> Arguments:
    """Return the parser of `%segmind_panel`."""
    parser = Arguments("%segmind_panel")
    _add_output(parser, "put the panel into this variable; NAME.close() frees it")
    parser.add_argument("name", nargs="?")
    parser.add_argument("argument", nargs="*")
    return parser


def _add_provider(parser: Arguments, text: str = "{providers} or sandbox") -> None:
    parser.add_argument("-p", "--provider", metavar="P", help=text)


def _add_output(parser: Arguments, text: str) -> None:
    parser.add_argument("-o", "--output", metavar="NAME", help=text)


def _add_quiet(parser: Arguments, text: str) -> None:
    parser.add_argument("-q", "--quiet", action="store_true", help=text)


def _either(words: Sequence[str]) -> str:
    """Return "a, b or c"."""
    return f"{', '.join(words[:-1])} or {words[-1]}"


PARSERS: Mapping[str, Any] = {
    "segmind_login": login,
    "segmind_status": status,
    "segmind_upload": upload,
    "segmind_run": lambda: run("model"),
    "segmind_workflow": lambda: run("workflow"),
    "segmind_models": models,
    "segmind_jobs": jobs,
    "segmind_spend": spend,
    "segmind_panel": panel,
}


def describe(name: str) -> str:
    """Return the options of a magic as text for its help."""
    providers = ", ".join(Session.provider_titles())
    return PARSERS[name]().describe().replace("{providers}", providers)


def parse(name: str, line: str) -> argparse.Namespace:
    """Return the options on a magic's line.

    Raises:
        CellError: an option, a value or a variable's name is wrong.
    """
    options = PARSERS[name]().parse(line)
    if re.match(r"[A-Za-z_][\w.-]*=", getattr(options, "target", None) or ""):
        options.inputs.insert(0, options.target)  # no model: a recipe or the cell's code names it
        options.target = None
    if name == "segmind_jobs":
        _check_jobs(options)
    output = getattr(options, "output", None)
    if output is not None and (not output.isidentifier() or keyword.iskeyword(output)):
        raise CellError(
            f"{output!r} cannot be a variable's name.", hint="Write, for example, -o cat."
        )
    return options


def _check_jobs(options: argparse.Namespace) -> None:
    """Refuse combinations of options if one of them would be ignored."""
    actions = [word for word in ("resume", "stop", "clean") if getattr(options, word)]
    if len(actions) > 1:
        raise CellError(
            f"--{actions[0]} and --{actions[1]} cannot be used together.",
            hint="Run one after the other.",
        )
    action = actions[0] if actions else None
    names = ("provider", "model", "status", "text", "unfinished")
    filters = [f for f in names if getattr(options, f)]
    if filters and (action or options.ids):
        raise CellError(
            f"--{filters[0]} filters the list and cannot be used with "
            f"{f'--{action}' if action else 'an ID'}.",
            hint="List the jobs first, then give their ids.",
        )
    if options.output and (options.clean or not (options.ids or options.resume)):
        raise CellError("-o needs the ID of a job.", hint="%segmind_jobs ID -o job")
    if options.clean and options.ids:
        raise CellError("--clean does not take an ID.", hint="%segmind_jobs --clean --older 30")
    if options.clean and options.older is None:
        raise CellError("--clean needs --older DAYS.", hint="%segmind_jobs --clean --older 30")
    if not options.clean and (options.older is not None or options.yes):
        word = "--older" if options.older is not None else "--yes"
        raise CellError(f"{word} works only with --clean.", hint="%segmind_jobs --clean --older 30")
