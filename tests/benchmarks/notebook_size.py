"""What a picture of 1 MiB adds to a notebook's file, beside the usual ways to show one."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import ipywidgets
import ipywidgets.embed
from IPython.core.formatters import DisplayFormatter
from IPython.display import Image as Shown
from PIL import Image
from table import Row, show

from segmind_widgets import Asset, Job
from segmind_widgets.types import Status


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
    return [
        Row(f"{what}: {name}", "KiB", _size(ours._repr_mimebundle_()), peer, theirs)
        for name, ours in (("Asset", asset), ("Job", job))
        for peer, theirs in (("IPython.display.Image", plain), ("ipywidgets.Image", widget_state))
    ]


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
