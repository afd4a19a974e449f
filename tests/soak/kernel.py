"""A kernel of the soak: it runs batches to their end, and prints what it saw as JSON.

    python kernel.py REQUEST

The request is JSON: `batches` (the numbers of rows, by the batch's name) and `warm_up` (rows that
run before anything is measured). "begun" is printed once the batches run. The environment leads to
the services.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from pathlib import Path
from typing import Any

MODEL = "fast-flux-schnell"
_RETRIES = 3
_MIB = 1024 * 1024


def rows(name: str, count: int) -> list[dict[str, Any]]:
    """Return the rows of a batch, each with a prompt that no other row has."""
    return [{"prompt": f"{name} {number}", "seed": number} for number in range(count)]


def memory() -> float:
    """Return the memory of this process in MiB, without what is only waiting to be freed."""
    gc.collect()
    pages = Path("/proc/self/statm")
    if not pages.exists():  # not on Linux: nothing is measured
        return 0.0
    return int(pages.read_text().split()[1]) * 4096 / _MIB


def run(batches: dict[str, int], warm_up: int) -> dict[str, Any]:
    """Run the batches at once, then what failed in them."""
    from segmind_widgets import SegmindClient

    client = SegmindClient.instance()
    client.rate_limit = 0
    client.map(MODEL, rows("warm-up", warm_up)).wait()
    before, start = memory(), time.monotonic()
    begun = [client.map(MODEL, rows(name, count), name=name) for name, count in batches.items()]
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    for batch in begun:
        batch.wait()
    seconds = time.monotonic() - start
    for batch in begun:
        for _ in range(_RETRIES):  # what is unknown was looked for already
            if any(job.status == "failed" for job in batch.failures):
                batch.failures.retry().wait()
    growth = memory() - before
    client.close()
    return {"seconds": seconds, "growth": growth}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(**json.loads(sys.argv[1]))) + "\n")
