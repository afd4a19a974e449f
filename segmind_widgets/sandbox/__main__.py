"""Command line of the sandbox: `python -m segmind_widgets.sandbox`."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence

from segmind_widgets.sandbox.http.faults import KINDS, Fault
from segmind_widgets.sandbox.server import Sandbox
from segmind_widgets.sandbox.services.service import CHOICES


def _fault(text: str) -> Fault:
    """Parse a `--fault` value, with errors in the form that argparse reports."""
    try:
        return Fault.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def parser() -> argparse.ArgumentParser:
    """Build the argument parser."""
    kinds = "\n".join(f"  {kind:13} {meaning}" for kind, meaning in KINDS.items())
    options = argparse.ArgumentParser(
        prog="python -m segmind_widgets.sandbox",
        description="Run a local server that implements the Segmind and APIMart protocols.\n"
        "It prints the environment variables for its clients, and runs until Ctrl-C.",
        epilog=f"scripted failures for --fault 'METHOD /PATH=KIND': the left side is a\n"
        f"regular expression; KIND is an HTTP status code or one of:\n{kinds}\n\n"
        "examples:\n"
        "  python -m segmind_widgets.sandbox --speed 50 > sandbox.env &\n"
        "  python -m segmind_widgets.sandbox --fault 'POST /v2/.*=503,times=2'",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_account(options)
    _add_behaviour(options)
    options.add_argument(
        "--quiet", action="store_true", help="print only the environment variables"
    )
    return options


def _add_account(options: argparse.ArgumentParser) -> None:
    """Add the options of the address, the key and the account."""
    options.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: %(default)s)"
    )
    options.add_argument(
        "--port",
        type=int,
        default=8765,
        help="port of Segmind; APIMart and the files use the next two; 0 selects any free ports"
        " (default: %(default)s)",
    )
    options.add_argument(
        "--key",
        help="the key that both services accept (default: a random one for each, which is printed)",
    )
    options.add_argument(
        "--speed",
        type=float,
        default=10.0,
        help="speed of the jobs relative to the real services (default: %(default)g)",
    )
    options.add_argument(
        "--credits",
        type=float,
        default=10.0,
        help="initial balance of each account in USD (default: %(default)g)",
    )
    options.add_argument(
        "--rate-limit",
        type=int,
        metavar="N",
        help="POST requests per minute and service (default: no limit)",
    )


def _add_behaviour(options: argparse.ArgumentParser) -> None:
    """Add the options of failures, of times, and of the forms of requests and replies."""
    options.add_argument(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        metavar="PATTERN=KIND[,times=N|always][,after=N][,seconds=S][,words=W][,location=URL]",
        help="scripted failure; the option can be repeated",
    )
    options.add_argument(
        "--request-life",
        type=float,
        default=3600.0,
        metavar="SECONDS",
        help="lifetime of the record of a completed request (default: %(default)g)",
    )
    options.add_argument(
        "--poll-interval",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="minimum time between two polls of a job (default: %(default)g)",
    )
    options.add_argument(
        "--directory",
        metavar="FILE",
        help="a copy of https://www.segmind.com/llms.txt, whose further models are served, too",
    )
    for api, other in (("v1", "v2"), ("v2", "v1")):
        options.add_argument(
            f"--{api}-model",
            action="append",
            default=[],
            metavar="SLUG",
            help=f"a model that {other} does not know; the option can be repeated",
        )
    forms = options.add_argument_group("details on which the services' pages disagree")
    for name, choices in CHOICES.items():
        forms.add_argument(
            f"--{name.replace('_', '-')}",
            choices=choices,
            default=choices[0],
            help=f"see `Sandbox` ({', '.join(choices)}; default: %(default)s)",
        )


def _sandbox(options: argparse.Namespace) -> Sandbox:
    return Sandbox(
        options.host,
        options.port,
        segmind_key=options.key,
        apimart_key=options.key,
        speed=options.speed,
        credits=options.credits,
        rate_limit=options.rate_limit,
        faults=options.fault,
        request_life=options.request_life,
        poll_interval=options.poll_interval,
        directory=options.directory,
        v1_models=options.v1_model,
        v2_models=options.v2_model,
        **{name: getattr(options, name) for name in CHOICES},
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sandbox until SIGINT or SIGTERM.

    Returns:
        The exit code: 0, or 1 if an option is invalid or a port is not free.
    """
    options = parser().parse_args(arguments)
    end = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: end.set())
    try:
        sandbox = _sandbox(options).start()
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    with sandbox:
        lines = [f"export {name}={value}" for name, value in sandbox.environ.items()]
        if not options.quiet:
            lines += [
                "# Copy these lines into the shell that starts the client or the notebook server.",
                "# Ctrl-C here stops the sandbox.",
            ]
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
        while not end.wait(0.2):  # wait() without a timeout blocks signals on Windows
            pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
