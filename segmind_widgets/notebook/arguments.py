"""The options of the magics: a parser for each, and the checks of their values."""

from __future__ import annotations

import argparse
import keyword
import re
from collections.abc import Mapping
from typing import Any

from segmind_widgets.errors import CellError
from segmind_widgets.notebook.argument_parser import (
    Arguments,
    add_output,
    add_provider,
    add_quiet,
    either,
    number_type,
    whole_type,
)
from segmind_widgets.notebook.run_arguments import run
from segmind_widgets.session import Session
from segmind_widgets.types import Status

_MAX_JOBS = 100_000  # in a list of jobs
_MAX_DAYS = 36_500  # a hundred years


def _count(text: str) -> int:
    if not 1 <= whole_type(text) <= _MAX_JOBS:
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
    add_provider(parser)
    return parser


def upload() -> Arguments:
    """Return the parser of `%segmind_upload`."""
    parser = Arguments("%segmind_upload")
    add_provider(parser)
    add_output(parser, "put the Asset, or the list of Assets, into this variable")
    parser.add_argument(
        "--force", action="store_true", help="upload again, even if the file was uploaded before"
    )
    parser.add_argument(
        "--allow-files",
        action="store_true",
        help="let pasted code name files outside the notebook's folder, without asking",
    )
    add_quiet(parser, "show no progress bar; with -o, show no output at all")
    parser.add_argument("sources", nargs="*", metavar="SOURCE")
    return parser


def models() -> Arguments:
    """Return the parser of `%segmind_models`."""
    parser = Arguments("%segmind_models")
    parser.add_argument("query", nargs="*", metavar="QUERY")
    parser.add_argument(
        "--modality", metavar="M", help="image, video, audio, text, edit, inpaint, …"
    )
    add_provider(parser)
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
    add_output(parser, "put the Job of an ID, or the list of several, into this variable")
    return parser


def _add_job_filters(parser: Arguments) -> None:
    """Add the options that select the jobs of a list."""
    add_provider(parser, "list only jobs at this provider: {providers} or sandbox")
    parser.add_argument(
        "--model", metavar="M", help="list only models and workflows with this in their names"
    )
    parser.add_argument(
        "--status",
        choices=[str(status) for status in Status],
        metavar="S",
        help=f"list only jobs with this status: {either([str(status) for status in Status])}",
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
        type=number_type(0, _MAX_DAYS),
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
        type=number_type(0, _MAX_DAYS),
        metavar="DAYS",
        help="only jobs of the last DAYS days, from the morning of the first",
    )
    return parser


def panel() -> Arguments:
    """Return the parser of `%segmind_panel`."""
    parser = Arguments("%segmind_panel")
    add_output(parser, "put the panel into this variable; NAME.close() frees it")
    parser.add_argument("name", nargs="?")
    parser.add_argument("argument", nargs="*")
    return parser


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
