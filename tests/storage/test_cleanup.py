"""Room on the disk, without touching what is not done, not ours, or not old."""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import InputError, StoreError
from segmind_widgets.storage.cleanup import Cleaned
from segmind_widgets.storage.queries import moment


@pytest.fixture
def made(client: SegmindClient, tmp_path: Path) -> dict[str, Path]:
    """One file of each kind of job, by name."""
    store, paths = client.session.store, {}
    old = datetime.now(timezone.utc) - timedelta(days=30)
    kinds: dict[str, dict[str, Any]] = {
        "old": {"cost": 0.04},
        "new": {"created": moment(datetime.now(timezone.utc))},
        "running": {"status": "downloading"},
        "elsewhere": {},
    }
    for name, more in kinds.items():
        key = store.add(
            provider="segmind", place="https://a", sandbox=False, kind="model", target=name,
            inputs={}, **{"status": "completed", "created": moment(old), **more},
        )  # fmt: skip
        path = store.new_file(name, key, 0, ".png").parent / name / "a.png"
        path = tmp_path / "mine.png" if name == "elsewhere" else path
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x" * 1000)
        store.update(key, outputs=[{"path": str(path), "url": "https://a/1"}])
        paths[name] = path
    return paths


def test_it_says_how_much_and_then_does_that(client: SegmindClient, made: dict[str, Path]) -> None:
    would = client.clean(7)
    assert would == Cleaned(jobs=1, files=1, bytes=1000, dry_run=True)
    assert str(would) == "1 file of 1 job would be removed: 1000 bytes."
    assert all(path.exists() for path in made.values())
    done = client.clean(7, dry_run=False)
    assert done == Cleaned(1, 1, 1000, dry_run=False)
    assert str(done) == "1 file of 1 job was removed: 1000 bytes."
    assert [name for name, path in made.items() if not path.exists()] == ["old"]
    assert not made["old"].parent.exists(), "an empty folder goes, too"
    assert client.clean(7) == Cleaned(0, 0, 0, dry_run=True)


def test_the_ledger_does_not_change(client: SegmindClient, made: dict[str, Path]) -> None:
    before = client.session.store.spend()
    client.clean(0, dry_run=False)
    assert client.session.store.spend() == before
    assert client.count() == len(made)
    [job] = client.jobs(model="old")
    assert job.outputs == ()
    assert made["running"].exists()
    assert made["elsewhere"].exists(), "a file that is not in our folder is not ours"


@pytest.mark.parametrize("days", [-1, float("nan")])
def test_days_that_are_none_are_refused(client: SegmindClient, days: float) -> None:
    with pytest.raises(InputError, match="older_days"):
        client.clean(days, dry_run=False)


def test_a_file_that_cannot_be_removed_is_named(
    client: SegmindClient, made: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(self: Path, **_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refused)
    with pytest.raises(StoreError, match=r"a\.png cannot be removed: Permission denied"):
        client.clean(7, dry_run=False)
    assert made["old"].exists()


def test_what_a_killed_kernel_left_half_written_goes_too(
    client: SegmindClient, made: dict[str, Path]
) -> None:
    folder = made["old"].parent.parent
    halves = [folder / name for name in ("a.0.part", "a.png.recipe", "b.0.part")]
    for half in halves:
        half.write_bytes(b"x" * 10)
    for half in halves[:2]:
        os.utime(half, (0, time.time() - 90_000))
    assert client.clean(0) == Cleaned(2, 4, 2020, dry_run=True)
    client.clean(0, dry_run=False)
    assert [half.exists() for half in halves] == [False, False, True], "one may be written now"
