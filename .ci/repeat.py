"""Run the failed tests of the last run once more, one by one: `python .ci/repeat.py`.

As CPython's own test runner does with `--rerun`. A test that passes now is unsteady: its name is
printed, and it is a defect, of the test or of the product, to be mended next. More than three
failures are not repeated: they are no coincidence.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
MAX_FAILURES = 3


def main() -> int:
    """Return 0 if each of the few failed tests passes alone."""
    failures = ROOT / ".pytest_cache" / "v" / "cache" / "lastfailed"
    names = list(json.loads(failures.read_text("utf-8"))) if failures.exists() else []
    if not 0 < len(names) <= MAX_FAILURES:
        print(f"{len(names)} failures are not repeated.")
        return 1
    command = [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", *names]
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    if code == 0:
        print("UNSTEADY, passed when run once more:", *names, sep="\n  ")
    return code


if __name__ == "__main__":
    sys.exit(main())
