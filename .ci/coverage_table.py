"""Print the coverage of each folder: `python .ci/coverage_table.py`, after `pytest --cov`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path, PurePath


def main() -> None:
    """Print the coverage of each folder."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "coverage.json"
        subprocess.run([sys.executable, "-m", "coverage", "json", "-q", "-o", path], check=True)
        files = json.loads(path.read_text("utf-8"))["files"]
    statements, covered = Counter[str](), Counter[str]()
    for name, entry in files.items():
        parts = PurePath(name).parts  # segmind_widgets, folder, module
        for folder in (parts[1] if len(parts) > 2 else "(root)", "all"):
            statements[folder] += entry["summary"]["num_statements"]
            covered[folder] += entry["summary"]["covered_lines"]
    print(f"{'folder':<12} {'statements':>10} {'covered':>8}")
    for folder in [*sorted(set(statements) - {"all"}), "all"]:
        share = covered[folder] / max(statements[folder], 1)
        print(f"{folder:<12} {statements[folder]:>10} {share:>8.1%}")


if __name__ == "__main__":
    main()
