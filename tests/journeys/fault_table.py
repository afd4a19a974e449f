"""What must become of a job, an upload or a question when the connection or the service fails.

The rows are what `tests/journeys/test_fault_table.py` expects, and what `docs/faults.md` prints:

    python tests/journeys/fault_table.py > docs/faults.md
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from segmind_widgets.providers import _submits

FAULTS = {  # as the rows name them → in words
    "refused": "connection refused",
    "unread": "reset before the request was read",
    "reset": "reset after the request was read",
    "no-proxy": "a dead proxy",
    "login": "a proxy refuses the login for a tunnel (407)",
    "no-tunnel": "a proxy refuses the tunnel (403)",
    "plain-407": "a plain proxy refuses the login (407)",
    "forwarded": "a plain proxy forwards the request, and loses the reply",
    "tunnelled": "a proxy's tunnel breaks after the request was read",
    "untrusted": "TLS: the certificate is not trusted",
    "handshake": "TLS: reset at the handshake",
    "after-tls": "TLS: reset after the handshake, before the request was read",
    "silence": "no data within the timeout",
    "cut": "body cut half-way",
    "half": "half of a JSON body",
    "html": "502 with a gateway's HTML page",
    "429-wait": "429 with `Retry-After: 7`",
    "429": "429 without `Retry-After`",
    "500": "500",
    "503": "503",
    "504": "504",
    "504-late": "504 though the request was accepted",
    "slow": "slow but complete body",
    "endless": "slow body without end",
    "type": "wrong `Content-Type`",
    "redirect": "redirect to another host",
}


@dataclass(frozen=True)
class Group:
    """Operations that fail alike."""

    title: str
    operations: tuple[str, ...]
    words: str


GROUPS = {
    "model": Group(
        "Submits to Segmind's models",
        ("v1 run", "v2 submit"),
        "Each of them may cost money. It is sent again only if the service cannot have accepted"
        " it: the socket wrote no byte of it (no connection, no tunnel, no TLS), the reply was 429"
        " (after the wait), or a 502 or 503 to a request that the history does not have (once)."
        " If no reply shows whether it was"
        " accepted, the service's request history is searched by model, time and inputs. If it is"
        " found there, the job continues; otherwise it ends as *unknown*.",
    ),
    "submit": Group(
        "Submits of workflows",
        ("workflow submit",),
        "As above, but without a history to search.",
    ),
    "keyed": Group(
        "Submits to APIMart",
        ("APIMart submit",),
        "The identical request is sent again with the same `Idempotency-Key`, so that it is billed"
        " once: three times by the running job, and twice more by `%segmind_jobs --resume` or the"
        " same cell run again, within an hour after the first try.",
    ),
    "poll": Group(
        "Polls",
        ("v2 status", "v2 result", "workflow poll", "APIMart task"),
        "The job is accepted and paid. Polling is free, so every answer that is no state is"
        " repeated, with growing pauses, until the time limit for watching; only a 401 and the"
        " service's own 403 end it at once. The job is left unfinished, with its id in the"
        " journal. The table is for a limit of ten minutes.",
    ),
    "download": Group(
        "Downloads",
        ("download",),
        "The job is done and paid. The key is never sent with a download, so redirects to other"
        " hosts can be followed. Addresses of a reply, and redirects, are fetched by https or at"
        " the service's own host, and never in a private network (`network/addresses.py`): the job"
        " then ends with a DownloadError, and `job.reply` has the service's whole reply.",
    ),
    "upload": Group(
        "Uploads",
        ("upload to Segmind", "upload to APIMart"),
        "Nothing is billed, and no run has begun: after an error, run the cell again.",
    ),
    "ask": Group(
        "Account queries",
        ("credits of Segmind", "credits of APIMart"),
        "Nothing is billed or changed. A person is waiting for the answer, so retries end after"
        " about fifteen seconds.",
    ),
}

# fault, then what follows when it happens once, and when it happens for ever:
#   the end    completed, failed, unknown, running (it goes on without us; resume brings it),
#              done, error (of what is no job)
#   the error  its class, - for none
#   how many times it was sent, and how many paid jobs the service accepted
ROWS = {
    "model": """
        refused   completed -              2 1    failed    Unreachable    3 0
        unread    unknown   SubmitUnknown  1 0    unknown   SubmitUnknown  1 0
        reset     completed -              1 1    completed -              1 1
        no-proxy  completed -              2 1    failed    Unreachable    3 0
        login     completed -              2 1    failed    Unreachable    3 0
        no-tunnel completed -              2 1    failed    Unreachable    3 0
        plain-407 unknown   SubmitUnknown  1 0    unknown   SubmitUnknown  1 0
        forwarded completed -              1 1    completed -              1 1
        tunnelled completed -              1 1    completed -              1 1
        untrusted completed -              2 1    failed    Unreachable    3 0
        handshake completed -              2 1    failed    Unreachable    3 0
        after-tls unknown   SubmitUnknown  1 0    unknown   SubmitUnknown  1 0
        silence   completed -              1 1    completed -              1 1
        cut       completed -              1 1    completed -              1 1
        half      completed -              1 1    completed -              1 1
        html      unknown   SubmitUnknown  1 0    unknown   SubmitUnknown  1 0
        429-wait  completed -              2 1    failed    RateLimited    9 0
        429       completed -              2 1    failed    RateLimited    9 0
        500       failed    ServerError    1 0    failed    ServerError    1 0
        503       completed -              2 1    failed    GatewayError   2 0
        504       unknown   SubmitUnknown  1 0    unknown   SubmitUnknown  1 0
        504-late  completed -              1 1    completed -              1 1
        slow      completed -              1 1    completed -              1 1
        endless   completed -              1 1    completed -              1 1
        type      completed -              1 1    completed -              1 1
        redirect  unknown   SubmitUnknown  1 0    unknown   SubmitUnknown  1 0
    """,
    "submit": """
        refused   completed -              2 1    failed    Unreachable    3 0
        unread    unknown   SubmitUnknown  1 0    unknown   SubmitUnknown  1 0
        reset     unknown   SubmitUnknown  1 1    unknown   SubmitUnknown  1 1
        no-proxy  completed -              2 1    failed    Unreachable    3 0
        login     completed -              2 1    failed    Unreachable    3 0
        no-tunnel completed -              2 1    failed    Unreachable    3 0
        plain-407 unknown   SubmitUnknown  1 0    unknown   SubmitUnknown  1 0
        forwarded unknown   SubmitUnknown  1 1    unknown   SubmitUnknown  1 1
        tunnelled unknown   SubmitUnknown  1 1    unknown   SubmitUnknown  1 1
        untrusted completed -              2 1    failed    Unreachable    3 0
        handshake completed -              2 1    failed    Unreachable    3 0
        after-tls unknown   SubmitUnknown  1 0    unknown   SubmitUnknown  1 0
        silence   unknown   SubmitUnknown  1 1    unknown   SubmitUnknown  1 1
        cut       unknown   SubmitUnknown  1 1    unknown   SubmitUnknown  1 1
        half      unknown   SubmitUnknown  1 1    unknown   SubmitUnknown  1 1
        html      unknown   SubmitUnknown  1 0    unknown   SubmitUnknown  1 0
        429-wait  completed -              2 1    failed    RateLimited    9 0
        429       completed -              2 1    failed    RateLimited    9 0
        500       failed    ServerError    1 0    failed    ServerError    1 0
        503       unknown   SubmitUnknown  1 0    unknown   SubmitUnknown  1 0
        504       unknown   SubmitUnknown  1 0    unknown   SubmitUnknown  1 0
        504-late  unknown   SubmitUnknown  1 1    unknown   SubmitUnknown  1 1
        slow      completed -              1 1    completed -              1 1
        endless   unknown   SubmitUnknown  1 1    unknown   SubmitUnknown  1 1
        type      completed -              1 1    completed -              1 1
        redirect  unknown   SubmitUnknown  1 0    unknown   SubmitUnknown  1 0
    """,
    "keyed": """
        refused   completed -              2 1    failed    Unreachable    3 0
        unread    completed -              2 1    unknown   SubmitUnknown  4 0
        reset     completed -              2 1    unknown   SubmitUnknown  4 1
        no-proxy  completed -              2 1    failed    Unreachable    3 0
        login     completed -              2 1    failed    Unreachable    3 0
        no-tunnel completed -              2 1    failed    Unreachable    3 0
        plain-407 completed -              2 1    unknown   SubmitUnknown  4 0
        forwarded completed -              2 1    unknown   SubmitUnknown  4 1
        tunnelled completed -              2 1    unknown   SubmitUnknown  4 1
        untrusted completed -              2 1    failed    Unreachable    3 0
        handshake completed -              2 1    failed    Unreachable    3 0
        after-tls completed -              2 1    unknown   SubmitUnknown  4 0
        silence   completed -              2 1    unknown   SubmitUnknown  4 1
        cut       completed -              2 1    unknown   SubmitUnknown  4 1
        half      completed -              2 1    unknown   SubmitUnknown  4 1
        html      completed -              2 1    unknown   SubmitUnknown  4 0
        429-wait  completed -              2 1    failed    RateLimited    9 0
        429       completed -              2 1    failed    RateLimited    9 0
        500       completed -              2 1    unknown   SubmitUnknown  4 0
        503       completed -              2 1    unknown   SubmitUnknown  4 0
        504       completed -              2 1    unknown   SubmitUnknown  4 0
        504-late  completed -              2 1    unknown   SubmitUnknown  4 1
        slow      completed -              1 1    completed -              1 1
        endless   completed -              2 1    unknown   SubmitUnknown  4 1
        type      completed -              1 1    completed -              1 1
        redirect  completed -              2 1    unknown   SubmitUnknown  4 0
    """,
    "poll": """
        refused   completed -              2 1    running   StillRunning  15 1
        unread    completed -              2 1    running   StillRunning  15 1
        reset     completed -              2 1    running   StillRunning  15 1
        no-proxy  completed -              2 1    running   StillRunning  15 1
        login     completed -              2 1    running   StillRunning  15 1
        no-tunnel completed -              2 1    running   StillRunning  15 1
        plain-407 completed -              2 1    running   StillRunning  15 1
        forwarded completed -              2 1    running   StillRunning  15 1
        tunnelled completed -              2 1    running   StillRunning  15 1
        untrusted completed -              2 1    running   StillRunning  15 1
        handshake completed -              2 1    running   StillRunning  15 1
        after-tls completed -              2 1    running   StillRunning  15 1
        silence   completed -              2 1    running   StillRunning  15 1
        cut       completed -              2 1    running   StillRunning  15 1
        half      completed -              2 1    running   StillRunning  15 1
        html      completed -              2 1    running   StillRunning  15 1
        429-wait  completed -              2 1    running   StillRunning  15 1
        429       completed -              2 1    running   StillRunning  15 1
        500       completed -              2 1    running   StillRunning  15 1
        503       completed -              2 1    running   StillRunning  15 1
        504       completed -              2 1    running   StillRunning  15 1
        504-late  completed -              2 1    running   StillRunning  15 1
        slow      completed -              1 1    completed -              1 1
        endless   completed -              2 1    running   StillRunning  15 1
        type      completed -              1 1    completed -              1 1
        redirect  completed -              2 1    running   StillRunning  15 1
    """,
    "download": """
        refused   completed -              2 1    running   DownloadError  5 1
        unread    completed -              2 1    running   DownloadError  5 1
        reset     completed -              2 1    running   DownloadError  5 1
        no-proxy  completed -              2 1    running   DownloadError  5 1
        login     completed -              2 1    running   DownloadError  5 1
        no-tunnel completed -              2 1    running   DownloadError  5 1
        plain-407 completed -              2 1    running   DownloadError  5 1
        forwarded completed -              2 1    running   DownloadError  5 1
        tunnelled completed -              2 1    running   DownloadError  5 1
        untrusted completed -              2 1    running   DownloadError  5 1
        handshake completed -              2 1    running   DownloadError  5 1
        after-tls completed -              2 1    running   DownloadError  5 1
        silence   completed -              2 1    running   DownloadError  5 1
        cut       completed -              2 1    running   DownloadError  5 1
        html      completed -              2 1    running   DownloadError  5 1
        429-wait  completed -              2 1    running   DownloadError  5 1
        429       completed -              2 1    running   DownloadError  5 1
        500       completed -              2 1    running   DownloadError  5 1
        503       completed -              2 1    running   DownloadError  5 1
        504       completed -              2 1    running   DownloadError  5 1
        504-late  completed -              2 1    running   DownloadError  5 1
        slow      completed -              1 1    completed -              1 1
        endless   completed -              2 1    running   DownloadError  5 1
        type      completed -              1 1    completed -              1 1
        redirect  completed -              1 1    completed -              1 1
    """,
    "upload": """
        refused   done      -              2 0    error     Unreachable    3 0
        unread    error     ReplyLost      1 0    error     ReplyLost      1 0
        reset     error     ReplyLost      1 0    error     ReplyLost      1 0
        no-proxy  done      -              2 0    error     Unreachable    3 0
        login     done      -              2 0    error     Unreachable    3 0
        no-tunnel done      -              2 0    error     Unreachable    3 0
        plain-407 error     ReplyLost      1 0    error     ReplyLost      1 0
        forwarded error     ReplyLost      1 0    error     ReplyLost      1 0
        tunnelled error     ReplyLost      1 0    error     ReplyLost      1 0
        untrusted done      -              2 0    error     Unreachable    3 0
        handshake done      -              2 0    error     Unreachable    3 0
        after-tls error     ReplyLost      1 0    error     ReplyLost      1 0
        silence   error     ReplyLost      1 0    error     ReplyLost      1 0
        cut       error     ReplyLost      1 0    error     ReplyLost      1 0
        half      error     ReplyError     1 0    error     ReplyError     1 0
        html      done      -              2 0    error     GatewayError   2 0
        429-wait  done      -              2 0    error     RateLimited    9 0
        429       done      -              2 0    error     RateLimited    9 0
        500       error     ServerError    1 0    error     ServerError    1 0
        503       done      -              2 0    error     GatewayError   2 0
        504       error     GatewayError   1 0    error     GatewayError   1 0
        504-late  error     GatewayError   1 0    error     GatewayError   1 0
        slow      done      -              1 0    done      -              1 0
        endless   error     ReplyLost      1 0    error     ReplyLost      1 0
        type      done      -              1 0    done      -              1 0
        redirect  error     ForeignHost    1 0    error     ForeignHost    1 0
    """,
    "ask": """
        refused   done      -              2 0    error     Unreachable    5 0
        unread    done      -              2 0    error     ReplyLost      5 0
        reset     done      -              2 0    error     ReplyLost      5 0
        no-proxy  done      -              2 0    error     Unreachable    5 0
        login     done      -              2 0    error     Unreachable    5 0
        no-tunnel done      -              2 0    error     Unreachable    5 0
        plain-407 done      -              2 0    error     ReplyLost      5 0
        forwarded done      -              2 0    error     ReplyLost      5 0
        tunnelled done      -              2 0    error     ReplyLost      5 0
        untrusted done      -              2 0    error     Unreachable    5 0
        handshake done      -              2 0    error     Unreachable    5 0
        after-tls done      -              2 0    error     ReplyLost      5 0
        silence   done      -              2 0    error     ReplyLost      5 0
        cut       done      -              2 0    error     ReplyLost      5 0
        half      error     ReplyError     1 0    error     ReplyError     1 0
        html      done      -              2 0    error     GatewayError   5 0
        429-wait  done      -              2 0    error     RateLimited    3 0
        429       done      -              2 0    error     RateLimited    4 0
        500       done      -              2 0    error     ServerError    2 0
        503       done      -              2 0    error     GatewayError   5 0
        504       done      -              2 0    error     GatewayError   5 0
        504-late  done      -              2 0    error     GatewayError   5 0
        slow      done      -              1 0    done      -              1 0
        endless   done      -              2 0    error     ReplyLost      5 0
        type      done      -              1 0    done      -              1 0
        redirect  error     ForeignHost    1 0    error     ForeignHost    1 0
    """,
}
MISSING = (
    'Downloads are not JSON, so "half of a JSON body" does not apply to them; a body cut half-way'
    " does."
)


@dataclass(frozen=True)
class Case:
    """One row for one operation, and once or for ever."""

    group: str
    operation: str
    fault: str
    always: bool
    end: str
    error: str
    sent: int
    accepted: int

    @property
    def name(self) -> str:
        return f"{self.operation}-{self.fault}-{'for ever' if self.always else 'once'}"

    @property
    def words(self) -> str:
        """The cell of the table."""
        said = {
            "completed": "completed",
            "done": "done",
            "failed": f"failed: `{self.error}`; run it again",
            "unknown": f"unknown: `{self.error}`; {self._remedy}",
            "running": f"`{self.error}`; resume fetches it",
            "error": f"`{self.error}`; try again",
        }[self.end]
        return f"{said} · sent {self.sent}×{f' · {self.accepted} paid' if self._may_cost else ''}"

    @property
    def _remedy(self) -> str:
        if self.group == "keyed":
            return "resume it, or run the cell again within an hour"
        return "check the history before you run it again"

    @property
    def _may_cost(self) -> bool:
        return self.group not in ("upload", "ask")


def cases() -> Iterator[Case]:
    """All of them."""
    for group in GROUPS:
        for operation in GROUPS[group].operations:
            for line in ROWS[group].strip().splitlines():
                fault, *facts = line.split()
                for always in (False, True):
                    end, error, sent, accepted = facts[4:] if always else facts[:4]
                    yield Case(
                        group, operation, fault, always, end, error, int(sent), int(accepted)
                    )


def document() -> str:
    """The page."""
    lines = [
        "# When the connection or the service fails",
        "",
        "The outcome of each request when the connection or the service fails. In all cases, no",
        "paid result is lost, nothing is paid twice, and the key is sent to no other host.",
        "",
        "- **completed**: the files are on disk. **failed**: nothing was accepted or billed.",
        "- **unknown**: the service may have accepted and billed the request, but no reply",
        "  contained its id. The request is repeated only with an `Idempotency-Key`.",
        "- **resume fetches it**: the job continues at the service; `%segmind_jobs --resume`",
        "  fetches all of its files, and never submits again.",
        "- **sent**: how many times the request went out. **paid**: how many jobs the service",
        "  accepted; this is never more than one.",
        "",
        "Every row is checked over real sockets by `tests/journeys/test_fault_table.py`, and this",
        "page is printed from the test's own data:",
        "`python tests/journeys/fault_table.py > docs/faults.md`.",
    ]
    lines += ["", "## What follows the reply to a paid POST", "", _submits.markdown()]
    lines += ["", _submits.NOTES]
    for name, group in GROUPS.items():
        lines += ["", f"## {group.title}: {', '.join(group.operations)}", "", group.words, ""]
        lines += ["| what happens | once | every time |", "|---|---|---|"]
        lines += _lines(name)
    return "\n".join([*lines, "", MISSING, ""])


def _lines(group: str) -> Iterator[str]:
    """The rows of a group; faults that end alike share one."""
    rows: dict[tuple[str, ...], list[str]] = {}
    first = GROUPS[group].operations[0]
    mine = [case for case in cases() if (case.group, case.operation) == (group, first)]
    for once, always in zip(mine[::2], mine[1::2], strict=True):
        rows.setdefault((once.words, always.words), []).append(FAULTS[once.fault])
    for cells, faults in rows.items():
        yield f"| {'; '.join(faults)} | {' | '.join(cells)} |"


if __name__ == "__main__":
    print(document(), end="")
