"""A parser of a magic's line: argparse that raises CellError and splits lines like cells."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Sequence
from typing import Any, NoReturn

from segmind_widgets.errors import CellError
from segmind_widgets.likeness import did_you_mean
from segmind_widgets.syntax.cells import split_line

_SEEN = "_seen"  # of a namespace: the options with a value so far
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
            options: set[str] = vars(namespace).setdefault(_SEEN, set())
            if self.dest in options:
                both = "Put all rows into one table, or run the cell once with each."
                hint = both if self.dest == "rows" else "Remove one of them."
                raise CellError(f"{option_string} is given twice.", hint=hint)
            options.add(self.dest)
        setattr(namespace, self.dest, values)


def _label(action: argparse.Action) -> str:
    """Return an argument in the form `-o, --output NAME`."""
    flags = ", ".join(action.option_strings)
    value = "" if action.nargs == 0 else str(action.metavar)
    return f"{flags} {value}".strip()


def _unquote(word: str) -> str:
    """Remove quotes around a whole word; the quotes in `prompt="…"` belong to the value."""
    return word[1:-1] if len(word) > 1 and word[0] == word[-1] and word[0] in "\"'" else word


def number_type(least: float, most: float = float("inf")) -> Any:
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


def whole_type(text: str) -> int:
    """Convert a text to a whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def add_provider(parser: Arguments, text: str = "{providers} or sandbox") -> None:
    """Add `-p`. In the text, `{providers}` becomes the names of the providers."""
    parser.add_argument("-p", "--provider", metavar="P", help=text)


def add_output(parser: Arguments, text: str) -> None:
    """Add `-o`, the variable that gets the value."""
    parser.add_argument("-o", "--output", metavar="NAME", help=text)


def add_quiet(parser: Arguments, text: str) -> None:
    """Add `-q`."""
    parser.add_argument("-q", "--quiet", action="store_true", help=text)


def either(words: Sequence[str]) -> str:
    """Return "a, b or c"."""
    return f"{', '.join(words[:-1])} or {words[-1]}"
