"""What a picture of 1 MiB adds to a notebook's file, beside the usual ways to show one."""

from __future__ import annotations

import base64
import io
import json
import re
import tempfile
from pathlib import Path
from typing import Any

import ipywidgets
import ipywidgets.embed
from IPython.core.formatters import DisplayFormatter
from IPython.display import Image as Shown
from panels import journal
from PIL import Image
from table import Row, show

from segmind_widgets import Asset, Job
from segmind_widgets.types import Status

MANY = 20
FILE = 1.5e6 / 1024  # KiB: what a notebook with so many pictures may have


def rows(*, tiny: bool = False) -> list[Row]:
    """KiB in the saved file, for an asset and for a finished job."""
    picture = _picture(128 if tiny else 1024)
    output, widget = Shown(data=picture), ipywidgets.Image(value=picture)
    widget_state = _size(_state(widget)) + _size(widget._repr_mimebundle_())
    plain = _size(DisplayFormatter().format(output)[0])
    widget.close()
    asset = Asset.of(picture)
    job = Job(model="a-model", status=Status.COMPLETED, outputs=(asset,))
    what = f"picture of {len(picture) / 1024:.0f} KiB in the file"
    one = [
        Row(f"{what}: {name}", "KiB", _size(ours._repr_mimebundle_()), peer, theirs)
        for name, ours in (("Asset", asset), ("Job", job))
        for peer, theirs in (("IPython.display.Image", plain), ("ipywidgets.Image", widget_state))
    ]
    return [*one, *_many(picture, _size(job._repr_mimebundle_()), widget_state)]


def _many(picture: bytes, cell: float, peer: float) -> list[Row]:
    """Twenty of them: shown by their cells, and in a gallery whose state is saved."""
    from segmind_widgets.panels.gallery import GalleryPanel

    with tempfile.TemporaryDirectory() as home:
        client = journal(Path(home), MANY, picture)
        panel = GalleryPanel(client=client)
        state = _state(panel)
        gallery = _size(state) + _size(panel._repr_mimebundle_())
        panel.close()
        client.close()
    name, what = "ipywidgets.Image", f"{MANY} such pictures"
    return [
        Row(f"{what}: in the file, by cells", "KiB", MANY * cell, name, MANY * peer, FILE),
        Row(f"{what}: in the file, in a gallery", "KiB", gallery, name, MANY * peer, FILE),
        Row(f"{what}: of them in widget state", "KiB", _held(state), name, _bare(picture), 0.0),
    ]


def _bare(picture: bytes) -> float:
    shown = [ipywidgets.Image(value=picture) for _ in range(MANY)]
    held = sum(_held(_state(widget)) for widget in shown)
    for widget in shown:
        widget.close()
    return held


def _held(state: Any) -> float:
    """KiB of base64 in a widget state: its buffers, and data URLs in its texts."""
    buffers = sum(len(b["data"]) for one in state.values() for b in one.get("buffers", ()))
    urls = re.findall(r"data:(?:image|video|audio)/[^\"')]*", json.dumps(state, default=_text))
    return (buffers + sum(map(len, urls))) / 1024


def _picture(kib: int) -> bytes:
    """A PNG of about that size: a gradient under grain, as a photograph has it."""
    side = round((kib * 1024 / 2.25) ** 0.5)
    grain = [Image.effect_noise((side, side), 24) for _ in range(3)]
    shade = Image.linear_gradient("L").resize((side, side))
    out = io.BytesIO()
    Image.merge("RGB", [Image.blend(shade, each, 0.7) for each in grain]).save(out, "PNG")
    return out.getvalue()


def _state(widget: ipywidgets.Widget) -> dict[str, Any]:
    """The widget state that a notebook keeps, with buffers as base64."""
    return ipywidgets.embed.dependency_state([widget], drop_defaults=False)


def _size(value: Any) -> float:
    """KiB as JSON."""
    return len(json.dumps(value, default=_text)) / 1024


def _text(data: Any) -> str:
    return base64.b64encode(data).decode()


if __name__ == "__main__":
    show(rows())
