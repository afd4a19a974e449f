"""The options of the magics: argparse, with errors as ours and values as the cells read them."""

from __future__ import annotations

import argparse
import difflib
import keyword
from collections.abc import Mapping
from typing import Any, NoReturn

from segmind_widgets.errors import CellError
from segmind_widgets.syntax.cells import split_line
from segmind_widgets.types import Status

FORMS = ("cell", "client", "python", "curl")  # of `exports.export`, which is not loaded here
_MOST = 100_000  # jobs in a list
_DAYS = 36_500  # a hundred years


class Arguments(argparse.ArgumentParser):
    """A parser for a magic's line. `parse` raises CellError and never exits or prints."""

    def __init__(self, name: str) -> None:
        super().__init__(prog=name, add_help=False, allow_abbrev=False)

    @property
    def options(self) -> list[str]:
        """Every option, long and short."""
        return [flag for action in self._actions for flag in action.option_strings]

    @property
    def values(self) -> dict[str, list[str]]:
        """What an option may be followed by, where that is a choice."""
        return {
            flag: [str(choice) for choice in action.choices]
            for action in self._actions
            for flag in action.option_strings
            if action.choices
        }

    def parse(self, line: str) -> argparse.Namespace:
        """The line's values. Words are split as inputs are: quotes and brackets hold together."""
        words = [_unquoted(word) for word in split_line(line)]
        known, rest = self.parse_known_intermixed_args(words)
        strange = [word for word in rest if word.startswith("-")]
        if strange:
            near = difflib.get_close_matches(strange[0], self.options, n=1)
            raise CellError(
                f"{self.prog} has no option {strange[0]}."
                + (f" Did you mean {near[0]}?" if near else ""),
                hint=f"{self.prog}? shows its options.",
            )
        if rest:
            raise CellError(f"{self.prog} takes no {rest[0]!r}.", hint=f"{self.prog}? shows more.")
        return known

    def error(self, message: str) -> NoReturn:
        raise CellError(f"{self.prog}: {message}.", hint=f"{self.prog}? shows how it is used.")


def _unquoted(word: str) -> str:
    """Quotes around a whole word are the shell's; those of `prompt="…"` belong to the value."""
    return word[1:-1] if len(word) > 1 and word[0] == word[-1] and word[0] in "\"'" else word


def _number(least: float, most: float = float("inf")) -> Any:
    """What argparse turns a text into a number with; the bounds are included, inf is none."""

    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not least <= value <= most or value == float("inf"):
            end = "on" if most == float("inf") else f"to {most:g}"
            raise argparse.ArgumentTypeError(f"{text!r} is no number from {least:g} {end}")
        return value

    return number


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None


def _count(text: str) -> int:
    if not 1 <= _whole(text) <= _MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 to {_MOST}")
    return int(text)


def login() -> Arguments:
    """`%segmind_login`"""
    parser = Arguments("%segmind_login")
    parser.add_argument("provider", nargs="?", default="segmind")
    parser.add_argument("--forget", action="store_true")
    return parser


def status() -> Arguments:
    """`%segmind_status`"""
    parser = Arguments("%segmind_status")
    parser.add_argument("-p", "--provider")
    return parser


def upload() -> Arguments:
    """`%segmind_upload`"""
    parser = Arguments("%segmind_upload")
    parser.add_argument("-p", "--provider")
    parser.add_argument("-o", "--output")
    parser.add_argument("--force", action="store_true")
    parser.add_argument("-q", "--quiet", action="store_true")
    parser.add_argument("sources", nargs="*")
    return parser


def run(kind: str) -> Arguments:
    """`%%segmind_run` and `%%segmind_workflow`"""
    parser = Arguments(f"%segmind_{'run' if kind == 'model' else 'workflow'}")
    parser.add_argument("-p", "--provider")
    parser.add_argument("-o", "--output")
    parser.add_argument("-b", "--background", action="store_true")
    if kind == "model":
        parser.add_argument("--api", choices=("auto", "v1", "v2"), default="auto")
    parser.add_argument("--seed", type=_whole)
    parser.add_argument("--sweep", action="append", default=[], metavar="NAME=V1,V2")
    parser.add_argument("--yes", action="store_true")
    parser.add_argument("--timeout", type=_number(0), metavar="S")
    parser.add_argument("--max-cost", type=_number(0), metavar="USD")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--reuse", action="store_true")
    parser.add_argument("--save", metavar="DIR")
    parser.add_argument("--from", dest="recipe", metavar="FILE")
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--export", choices=FORMS, metavar="FORM")
    parser.add_argument("-q", "--quiet", action="store_true")
    parser.add_argument("target", nargs="?")
    parser.add_argument("inputs", nargs="*")
    return parser


def models() -> Arguments:
    """`%segmind_models`"""
    parser = Arguments("%segmind_models")
    parser.add_argument("query", nargs="*")
    parser.add_argument("--modality", metavar="M")
    parser.add_argument("-p", "--provider")
    return parser


def jobs() -> Arguments:
    """`%segmind_jobs`"""
    parser = Arguments("%segmind_jobs")
    parser.add_argument("ids", nargs="*")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--stop", action="store_true")
    parser.add_argument("--last", type=_count, default=20, metavar="N")
    parser.add_argument("--model", metavar="M")
    parser.add_argument("--status", choices=[str(status) for status in Status], metavar="S")
    parser.add_argument("--text", nargs="+", metavar="WORDS")
    parser.add_argument("--unfinished", action="store_true")
    parser.add_argument("--clean", action="store_true")
    parser.add_argument("--older", type=_number(0, _DAYS), metavar="DAYS")
    parser.add_argument("--yes", action="store_true")
    return parser


def spend() -> Arguments:
    """`%segmind_spend`"""
    parser = Arguments("%segmind_spend")
    parser.add_argument("--by", choices=("model", "day", "notebook", "job"), default="model")
    parser.add_argument("--since", type=_number(0, _DAYS), metavar="DAYS")
    return parser


def panel() -> Arguments:
    """`%segmind_panel`"""
    parser = Arguments("%segmind_panel")
    parser.add_argument("-o", "--output")
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


def parse(name: str, line: str) -> argparse.Namespace:
    """The options on a magic's line.

    Raises:
        CellError: an option or a value that there is not, or a name that no variable can have.
    """
    options = PARSERS[name]().parse(line)
    if getattr(options, "recipe", None) and "=" in (options.target or ""):
        options.inputs.insert(0, options.target)  # the model is in the recipe
        options.target = None
    if name == "segmind_jobs":
        _check_jobs(options)
    output = getattr(options, "output", None)
    if output is not None and (not output.isidentifier() or keyword.iskeyword(output)):
        raise CellError(f"{output!r} cannot be a variable's name.", hint="Such as -o cat.")
    return options


def _check_jobs(options: argparse.Namespace) -> None:
    """Refuse what would be passed over in silence."""
    todo = [word for word in ("resume", "stop", "clean") if getattr(options, word)]
    if len(todo) > 1:
        raise CellError(
            f"--{todo[0]} and --{todo[1]} do not go together.", hint="One after the other."
        )
    doing = todo[0] if todo else None
    filters = [f for f in ("model", "status", "text", "unfinished") if getattr(options, f)]
    if filters and (doing or options.ids):
        raise CellError(
            f"--{filters[0]} is for the list, and goes with no {f'--{doing}' if doing else 'ID'}.",
            hint="List the jobs first, and then name them by their ids.",
        )
    if options.clean and options.ids:
        raise CellError("--clean takes no ID.", hint="%segmind_jobs --clean --older 30")
    if options.clean and options.older is None:
        raise CellError("How old?", hint="%segmind_jobs --clean --older 30")
    if not options.clean and (options.older is not None or options.yes):
        word = "--older" if options.older is not None else "--yes"
        raise CellError(f"{word} goes with --clean.", hint="%segmind_jobs --clean --older 30")
