"""The pages as a server, and a client that reaches nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from segmind_widgets.client import SegmindClient
from tests.seeds.pages import Pages, serve


@pytest.fixture
def pages() -> Iterator[Pages]:
    """The services, as their pages say."""
    with serve(Pages()) as served:
        yield served


@pytest.fixture
def client(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> SegmindClient:
    """A client of these services, which polls without long pauses."""
    for name, value in pages.environ.items():
        monkeypatch.setenv(name, value)
    return SegmindClient.instance()
