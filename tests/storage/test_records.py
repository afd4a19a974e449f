"""What makes two requests the same one, and a thousand rows cheap."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from segmind_widgets.assets.asset import Asset
from segmind_widgets.client import SegmindClient
from segmind_widgets.planning.fingerprint import fingerprint

ROWS = 1000


def test_requests_are_the_same_by_content(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"cat")
    path = Asset(path=tmp_path / "a.png")
    one = fingerprint("segmind", "m", {"image": [path], "n": 3}, sandbox=False)
    assert len(one) == 64
    same = {"n": 3.0, "image": (Asset(data=b"cat", url="https://a/1"),)}
    assert fingerprint("segmind", "m", same, sandbox=False) == one
    others = [
        fingerprint("segmind", "m", {"image": [path], "n": 3}, sandbox=True),
        fingerprint("apimart", "m", {"image": [path], "n": 3}, sandbox=False),
        fingerprint("segmind", "w", {"image": [path], "n": 3}, sandbox=False),
        fingerprint("segmind", "m", {"image": [path], "n": 3}, sandbox=False, kind="workflow"),
        fingerprint("segmind", "m", {"image": path, "n": 3}, sandbox=False),
        fingerprint("segmind", "m", {"image": [path], "n": "3"}, sandbox=False),
        fingerprint("segmind", "m", {"image": [path], "n": True}, sandbox=False),
        fingerprint("segmind", "m", {"image": [Asset(url="https://a/1")], "n": 3}, sandbox=False),
        fingerprint("segmind", "m", {"image": [Asset(data=b"dog")], "n": 3}, sandbox=False),
    ]
    assert len({one, *others}) == len(others) + 1


@pytest.mark.alone
def test_a_thousand_rows_are_jobs_in_a_moment(tmp_path: Path) -> None:
    client = SegmindClient(home=str(tmp_path))
    picture = tmp_path / "a.png"
    picture.write_bytes(b"x")
    for number in range(ROWS):
        client.session.store.add(
            id=f"req-{number}", provider="segmind", place="https://a", sandbox=False, kind="model",
            target="flux-dev", inputs={"prompt": f"fox {number}", "seed": number}, cost=0.04,
            status="completed", outputs=[{"path": str(picture)}], seconds=3.0,
        )  # fmt: skip
    times = []
    for _ in range(5):
        began = time.perf_counter()
        found = client.jobs(ROWS, model="flux", text="fox", with_outputs=True)
        times.append(time.perf_counter() - began)
        assert len(found) == client.count(model="flux") == ROWS
        assert [found[0].id, found[-1].id] == ["req-999", "req-0"]
        assert found[0].outputs[0].path == picture
        assert client.jobs(1)[0] is found[0], "a job that somebody holds is that very job"
        del found
    print(f"{ROWS} rows as jobs: {1000 * min(times):.0f} ms")
    assert min(times) < 0.3, "a panel opens within 300 ms"
    client.close()


@pytest.mark.parametrize("number", [float("inf"), float("nan"), 1e300, -0.0])
def test_odd_numbers_have_a_fingerprint(number: float) -> None:
    assert fingerprint("segmind", "m", {"n": number}, sandbox=False)
