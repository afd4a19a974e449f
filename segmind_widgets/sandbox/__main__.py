"""`python -m segmind_widgets.sandbox`: the sandbox from a shell."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence

from segmind_widgets.sandbox.http.faults import KINDS, Fault
from segmind_widgets.sandbox.server import Sandbox


def _fault(text: str) -> Fault:
    try:
        return Fault.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def parser() -> argparse.ArgumentParser:
    """The options."""
    kinds = "\n".join(f"  {kind:13} {meaning}" for kind, meaning in KINDS.items())
    options = argparse.ArgumentParser(
        prog="python -m segmind_widgets.sandbox",
        description="A local server that speaks the protocols of Segmind and APIMart.\n"
        "It prints the settings that make a client use it, and runs until Ctrl-C.",
        epilog=f"failures for --fault 'METHOD /PATH=KIND', where the left side is a regular\n"
        f"expression and KIND an HTTP code or one of:\n{kinds}\n\n"
        "examples:\n"
        "  python -m segmind_widgets.sandbox --speed 50 > sandbox.env &\n"
        "  python -m segmind_widgets.sandbox --fault 'POST /v2/.*=503,times=2'",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("--host", default="127.0.0.1", help="where to listen (%(default)s)")
    options.add_argument(
        "--port",
        type=int,
        default=8765,
        help="Segmind's port; APIMart and the files take the next two; 0 is any (%(default)s)",
    )
    options.add_argument(
        "--speed",
        type=float,
        default=10.0,
        help="how many times faster than in reality jobs are (%(default)g)",
    )
    options.add_argument(
        "--credits", type=float, default=10.0, help="USD on each account (%(default)g)"
    )
    options.add_argument(
        "--rate-limit", type=int, metavar="N", help="POSTs a minute (without a limit)"
    )
    options.add_argument(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        metavar="PATTERN=KIND[,times=N|always][,after=N][,seconds=S][,words=W][,location=URL]",
        help="a scripted failure; may be given several times",
    )
    options.add_argument("--quiet", action="store_true", help="print the settings only")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGINT or SIGTERM. The exit code is 0, or 1 where it cannot listen."""
    options = parser().parse_args(arguments)
    end = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: end.set())
    try:
        sandbox = Sandbox(
            options.host,
            options.port,
            speed=options.speed,
            credits=options.credits,
            rate_limit=options.rate_limit,
            faults=options.fault,
        ).start()
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
        while not end.wait(0.2):  # a bare wait() would keep signals out on Windows
            pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
