"""The forms of progress: HTML where no front end answers, HTML or a line of text by the setting."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from segmind_widgets.sandbox import Sandbox
from tests.notebook.test_display import WIDGET, Kernel
from tests.shells import quick

RUN = "%segmind_run flux-dev prompt='a fox'"  # about 4 s at this speed


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    with Sandbox(speed=4, artist=quick) as sandbox:
        opened = Kernel(tmp_path, sandbox)
        yield opened
        opened.close()


def outputs(messages: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [m["content"] for m in messages if m["header"]["msg_type"] == kind]


def timed(kernel: Kernel, code: str) -> list[tuple[float, dict[str, Any]]]:
    """Run a cell; return its updates of displays with the seconds at which they came."""
    came: list[tuple[float, dict[str, Any]]] = []

    def hook(message: dict[str, Any]) -> None:
        if message["header"]["msg_type"] == "update_display_data":
            came.append((time.monotonic(), message["content"]))

    kernel.client.execute_interactive(code, timeout=60, output_hook=hook)
    return came


@pytest.mark.alone
@pytest.mark.parametrize("live", ["auto", "html"])
def test_html_moves_at_most_twice_a_second(kernel: Kernel, live: str) -> None:
    """No front end answers here, as in VS Code."""
    kernel.run(f"%config SegmindClient.live = '{live}'")
    updates = timed(kernel, RUN)
    _, *moving, (_, last) = updates  # the first one takes the place of the first run's line
    assert len(moving) >= 2
    times = [at for at, _ in moving]
    assert max(sum(0 <= other - at < 1 for other in times) for at in times) <= 3  # 2, and jitter
    seconds = [re.findall(r"(\d+\.\d) s of about", c["data"]["text/html"]) for _, c in moving]
    assert len({found[0] for found in seconds}) == len(moving), "the same line was sent again"
    assert "<img" in last["data"]["text/html"]
    assert len({c["transient"]["display_id"] for _, c in updates}) == 1
    assert all(WIDGET not in c["data"] for _, c in updates)


def test_a_second_line_does_not_wait_for_an_answer_again(kernel: Kernel) -> None:
    kernel.run(f"{RUN} -b\n_.wait()")
    began = time.monotonic()
    first, *_ = timed(kernel, f"{RUN} --seed 2")
    assert first[0] - began < 1.5


def test_no_widget_is_opened_where_html_is_set(kernel: Kernel) -> None:
    kernel.run("%config SegmindClient.live = 'html'")
    assert outputs(kernel.run(RUN), "comm_open") == []


def test_text_is_one_line_that_rewrites_itself(kernel: Kernel) -> None:
    kernel.run("%config SegmindClient.live = 'text'")
    messages = kernel.run(f"{RUN} -o job")
    text = "".join(c["text"] for c in outputs(messages, "stream"))
    assert "\n" not in text.rstrip("\n")
    assert len(set(re.findall(r"\rprocessing · flux-dev · ([^ ]+) s", text))) > 1
    assert outputs(messages, "comm_open") == []
    (value,) = outputs(messages, "execute_result")
    assert "<img" in value["data"]["text/html"]


def test_an_unfinished_job_as_a_cells_value_is_live(kernel: Kernel) -> None:
    kernel.run(f"{RUN} -b -q -o job")
    messages = kernel.run("job")
    (shown,) = outputs(messages, "display_data")
    assert "%segmind_jobs --resume" in shown["data"]["text/html"]
    assert outputs(messages, "execute_result") == []
    again = kernel.run("job.wait()\njob")
    (result,) = outputs(again, "execute_result")
    assert "<img" in result["data"]["text/html"]
