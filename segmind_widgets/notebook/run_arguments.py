"""The options of `%%segmind_run` and `%%segmind_workflow`."""

from __future__ import annotations

from segmind_widgets.notebook.argument_parser import (
    Arguments,
    add_output,
    add_provider,
    add_quiet,
    either,
    number_type,
    whole_type,
)

FORMS = (
    "cell",
    "client",
    "python",
    "curl",
    "javascript",
)  # as in `exports.export`, which is slow to import


def run(kind: str) -> Arguments:
    """Return the parser of `%%segmind_run`, or of `%%segmind_workflow`."""
    is_model = kind == "model"
    parser = Arguments(f"%segmind_{'run' if is_model else 'workflow'}")
    add_provider(parser, "{providers} or sandbox" if is_model else "segmind or sandbox")
    add_output(parser, "put the Job into this variable, also when it fails")
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
    parser.add_argument("--seed", type=whole_type, metavar="N", help=seed)
    _add_many(parser)
    _add_limits(parser)
    parser.add_argument("--save", metavar="DIR", help="copy the results into this folder, too")
    _add_code(parser, is_model=is_model)
    add_quiet(parser, "show only errors")
    parser.add_argument("target", nargs="?")
    parser.add_argument("inputs", nargs="*")
    return parser


def _add_many(parser: Arguments) -> None:
    """Add the options for multiple runs."""
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
        help="let a table of --rows name files outside its own folder, or pasted code outside the"
        " notebook's, without asking",
    )
    parser.add_argument(
        "--yes",
        action="store_true",
        help="do not ask for confirmation of many runs, a cost above the budget, or an unknown cost"
        " with --max-cost",
    )


def _add_limits(parser: Arguments) -> None:
    """Add the options for time, cost, and repeated requests."""
    parser.add_argument(
        "--timeout",
        type=number_type(0),
        metavar="S",
        help="stop waiting after S seconds; the job continues",
    )
    parser.add_argument(
        "--max-cost",
        type=number_type(0),
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
        help=f"show code that does the same: {either(FORMS)}; send nothing",
    )
