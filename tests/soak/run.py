"""Kills and faults at random, and whether a row was lost or paid twice.

    python tests/soak/run.py [--short] [--seed N]

First, kernels that run batches are killed (SIGKILL) at random moments, and the batches are run
again. Then one kernel runs rows of which 5 % meet one of 15 kinds of faults. The services are the
sandbox; what it has billed is compared with the journal and the files. Exit code 1 where a row was
lost or paid twice, the ledger differs, memory grows by more than 16 MiB, or the faults cost more
than half of the time without them.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from kernel import MODEL
from PIL import Image

from segmind_widgets.sandbox import Sandbox
from segmind_widgets.storage.store import Store

KILLS_PER_BATCH = 4
KILLED_ROWS = 60  # in a batch
LONGEST_LIFE = 1.5  # seconds from the first row to the kill
SHARE = 0.05  # of the requests of a kind meet a fault
MOST_MIB, MOST_TIMES = 16.0, 1.5
LOOK_UP = 40.0  # seconds: a lost submit is looked for during 26, and may then be sent again
SPEED = 40.0
SUBMITS, POLLS, FILES = "POST /v2/.*", "GET /v2/.*", "GET /outputs/.*"
KINDS: list[tuple[str, str | int, dict[str, Any]]] = [
    (SUBMITS, "reset_before", {}),
    (SUBMITS, "reset_after", {}),
    (SUBMITS, "silence", {"seconds": 2.0}),
    (SUBMITS, "cut", {}),
    (SUBMITS, "late_504", {}),
    (SUBMITS, "bad_json", {}),
    (SUBMITS, "empty", {}),
    (SUBMITS, "html_502", {}),
    (SUBMITS, 503, {}),
    (SUBMITS, "job_failed", {}),
    (POLLS, "reset_after", {}),
    (POLLS, 500, {}),
    (POLLS, "not_utf8", {}),
    (FILES, "cut", {}),
    (FILES, 503, {}),
]


@dataclass
class Account:
    """What the server billed, by prompt, beside the journal of a home."""

    posts: int
    billed: Counter[str]
    cost: float
    ledger: float
    saved: set[str]
    statuses: Counter[str]
    faults: Counter[str]

    @classmethod
    def of(cls, sandbox: Sandbox, home: Path) -> Account:
        """Read both."""
        billed: Counter[str] = Counter()
        for record in sandbox.billed_posts:
            if record.fault != "job_failed":  # such a run is refunded
                billed[record.json["prompt"]] += 1
        store = Store(home)
        try:
            jobs = store.jobs(1_000_000)
            ledger = sum(row.usd for row in store.spend())
        finally:
            store.close()
        saved = {
            job["inputs"]["prompt"]
            for job in jobs
            if job["status"] == "completed" and all(_is_whole(o) for o in job["outputs"])
        }
        statuses = Counter(job["status"] for job in jobs)
        used = sandbox._accounts["segmind"].used
        met = Counter(f"{r.method} {r.fault}" for r in sandbox.requests() if r.fault)
        posts = len(sandbox.requests("POST", "/v2"))
        return cls(posts, billed, used, ledger, saved, statuses, met)

    @property
    def lost(self) -> list[str]:
        """Return the prompts that were billed and whose result is not on the disk."""
        return sorted(set(self.billed) - self.saved)

    @property
    def double(self) -> list[str]:
        """Return the prompts that were billed more than once."""
        return sorted(prompt for prompt, count in self.billed.items() if count > 1)


def _list(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))


def _is_whole(output: dict[str, Any]) -> bool:
    path = Path(output.get("path") or "")
    return path.is_file() and path.stat().st_size > 0


@dataclass
class Report:
    """The lines that are printed, and what is wrong."""

    wrong: list[str] = field(default_factory=list)

    def line(self, name: str, value: str, *, good: bool = True) -> None:
        """Print one measurement."""
        sys.stdout.write(f"{name:<44} {value}{'' if good else '   WRONG'}\n")
        sys.stdout.flush()
        if not good:
            self.wrong.append(name)

    def account(self, title: str, account: Account) -> None:
        """Print what was billed."""
        self.line(f"{title}: POSTs", str(account.posts))
        self.line(f"{title}: rows in the journal", _list(account.statuses))
        equal = abs(account.cost - account.ledger) < 1e-6
        amounts = f"{account.cost:.4f} USD = {account.ledger:.4f} USD"
        self.line(f"{title}: billed by the server = ledger", amounts, good=equal)
        for name, prompts in (("lost", account.lost), ("double", account.double)):
            examples = f" ({', '.join(prompts[:3])})" if prompts else ""
            self.line(f"{title}: {name}", f"{len(prompts)}{examples}", good=not prompts)


@cache
def _picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (32, 24), "teal").save(out, "PNG")
    return out.getvalue()


def _artist(*_: Any) -> Sequence[tuple[bytes, str]]:
    return [(_picture(), "image/png")]


def _sandbox() -> Sandbox:
    return Sandbox(speed=SPEED, artist=_artist, credits=1e6)


def _kernel(home: Path, sandbox: Sandbox, **request: Any) -> subprocess.Popen[str]:
    command = [sys.executable, str(Path(__file__).with_name("kernel.py")), json.dumps(request)]
    others = {k: v for k, v in os.environ.items() if not k.startswith(("SEGMIND_", "APIMART_"))}
    environ = {**others, **sandbox.environ, "SEGMIND_WIDGETS_HOME": str(home)}
    environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)


def _result(kernel: subprocess.Popen[str]) -> dict[str, Any]:
    out, _ = kernel.communicate(timeout=3600)
    if kernel.returncode:
        raise RuntimeError(f"A kernel ended with the code {kernel.returncode}.")
    return json.loads(out.splitlines()[-1])


def kills(count: int, dice: random.Random, home: Path, report: Report) -> None:
    """Kill kernels at random moments, then let one finish all."""
    batches = {f"killed {n}": KILLED_ROWS for n in range(-(-count // KILLS_PER_BATCH))}
    early = 0
    with _sandbox() as sandbox:
        for number in range(count):
            name = f"killed {number // KILLS_PER_BATCH}"
            kernel = _kernel(home, sandbox, batches={name: KILLED_ROWS}, warm_up=0)
            assert kernel.stdout
            kernel.stdout.readline()  # "begun"
            try:
                kernel.wait(dice.uniform(0, LONGEST_LIFE))
                early += 1
            except subprocess.TimeoutExpired:
                kernel.kill()
            kernel.communicate(timeout=60)
        _result(_kernel(home, sandbox, batches=batches, warm_up=0))
        account = Account.of(sandbox, home)
    report.line("kills", f"{count - early}, and {early} kernels that had ended before")
    report.line("kills: rows", str(sum(batches.values())))
    report.account("kills", account)
    unknown = account.statuses["unknown"]
    missing = sum(batches.values()) - len(account.saved) - unknown
    report.line("kills: rows that are neither done nor unknown", str(missing), good=not missing)


def faults(rows: int, dice: random.Random, folder: Path, report: Report, allowance: float) -> None:
    """Run rows without faults, then others with them."""
    plain, _ = _run(rows, folder / "plain", lambda _: None)
    planned: list[tuple[str, str | int, dict[str, Any]]] = []

    def plan(sandbox: Sandbox) -> None:
        planned.extend(KINDS[n % len(KINDS)] for n in range(round(rows * SHARE)))
        moments = dice.sample(range(round(0.9 * rows)), len(planned))
        for (match, kind, options), after in zip(planned, moments, strict=True):
            sandbox.faults.add(match, kind, after=after, **options)

    faulty, account = _run(rows, folder / "faulty", plan)
    report.line("faults: rows", str(rows))
    met = account.faults
    report.line("faults: requests that failed", f"{met.total()} of {len(planned)}: {_list(met)}")
    report.account("faults", account)
    for name, run in (("without faults", plain), ("with faults", faulty)):
        growth = run["growth"]
        report.line(f"memory {name}", f"{growth:+.1f} MiB", good=growth <= MOST_MIB)
    most = MOST_TIMES * plain["seconds"] + allowance
    times = f"{faulty['seconds']:.1f} s, {plain['seconds']:.1f} s without (at most {most:.1f} s)"
    report.line("time with faults", times, good=faulty["seconds"] <= most)


def _run(
    rows: int, home: Path, plan: Callable[[Sandbox], object]
) -> tuple[dict[str, Any], Account]:
    with _sandbox() as sandbox:
        warm_up = min(100, rows // 5)
        kernel = _kernel(home, sandbox, batches={"rows": rows}, warm_up=warm_up)
        sandbox.wait_for(lambda log: len(log.billed_posts) >= warm_up, 60)
        plan(sandbox)
        return _result(kernel), Account.of(sandbox, home)


def main() -> int:
    """Run the soak; return the exit code."""
    options = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    options.add_argument("--short", action="store_true", help="20 kills and 300 rows")
    options.add_argument("--seed", type=int, help="repeat the run of this seed")
    chosen = options.parse_args()
    seed = random.SystemRandom().randrange(10**6) if chosen.seed is None else chosen.seed
    report, began = Report(), time.monotonic()
    report.line("seed", f"{seed} (model {MODEL})")
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        home = Path(folder)
        kills(20 if chosen.short else 200, random.Random(seed), home / "kills", report)
        count = 300 if chosen.short else 3000
        allowance = LOOK_UP if chosen.short else 0.0
        faults(count, random.Random(seed + 1), home, report, allowance)
    report.line("minutes", f"{(time.monotonic() - began) / 60:.1f}")
    sys.stdout.write(f"wrong: {', '.join(report.wrong) or 'nothing'}\n")
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
