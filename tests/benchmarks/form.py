"""A form of a model until its messages are ready to leave the kernel, beside bare ipywidgets.

All models of the catalogue are built. Messages are serialized and signed as ipykernel does; what
is left out is the socket.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import comm
import ipywidgets
from comm.base_comm import BaseComm
from jupyter_client.session import Session
from table import Row, show

from segmind_widgets import SegmindClient
from segmind_widgets.catalog.catalog import Catalog
from segmind_widgets.panels._base import Panel
from segmind_widgets.types import Model
from segmind_widgets.widgets.base import free
from segmind_widgets.widgets.form import Form

AIM = 60.0  # ms


class BarePanel(Panel):
    title = "Bare"

    def build(self, argument: str) -> tuple[()]:
        return ()


def rows(*, tiny: bool = False) -> list[Row]:
    """Milliseconds, medians of each model; the slowest model and the middle one are shown."""
    runs = 2 if tiny else 15
    models = [model for model in Catalog() if model.schema]
    with tempfile.TemporaryDirectory() as home, kernel_like():
        client = SegmindClient(home=home, provider="sandbox")
        panel = BarePanel(client=client)
        took = {model.slug: _median(lambda m=model: Form(m, panel), runs) for model in models}
        order = sorted(models, key=lambda model: took[model.slug])
        found = [
            Row(
                f"form of {model.slug} ({place}), {len(fields(model))} fields",
                "ms",
                took[model.slug],
                "as many bare ipywidgets",
                _median(lambda m=model: bare(m), runs),
                AIM,
            )
            for place, model in (("slowest", order[-1]), ("middle", order[len(order) // 2]))
        ]
        panel.close()
        client.close()
    return found


def fields(model: Model) -> Any:
    return (model.schema or {})["properties"]


def bare(model: Model) -> ipywidgets.Widget:
    return ipywidgets.VBox([ipywidgets.Text(description=name) for name in fields(model)])


def _median(build: Callable[[], Any], runs: int) -> float:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        built = build()
        times.append((time.perf_counter() - start) * 1000)
        free(built)
    return statistics.median(times)


class KernelComm(BaseComm):
    """Does with a message what ipykernel does, up to the socket."""

    session = Session(key=b"a key", username="")

    def publish_msg(
        self,
        msg_type: str,
        data: Any = None,
        metadata: Any = None,
        buffers: Any = None,
        **keys: Any,
    ) -> None:
        content = {"data": data or {}, "comm_id": self.comm_id, **keys}
        message = self.session.msg(msg_type, content, metadata=metadata)
        self.session.serialize(message, ident=b"comm")


@contextmanager
def kernel_like() -> Iterator[None]:
    """Widgets get comms as in a kernel."""
    before = comm.create_comm
    comm.create_comm = KernelComm
    try:
        yield
    finally:
        comm.create_comm = before


if __name__ == "__main__":
    show(rows())
