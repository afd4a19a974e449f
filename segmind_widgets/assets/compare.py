"""Two pictures compared in plain HTML, which lasts in a saved notebook without kernel or network.

One piece of HTML serves three kinds of places:

- Where scripts and style sheets are allowed (a live or trusted notebook, nbconvert's pages) a range
  input moves the edge between the pictures, also by the arrow keys.
- JupyterLab's sanitiser for notebooks that are not trusted drops style sheets and scripts, and
  disables inputs. The input is hidden there, since only a style sheet shows it; the edge is moved
  by its lower end, as the box on the left has `resize: horizontal`.
- Where all style is dropped (GitHub) two pictures with captions follow each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.base64_codec import base64_codec
from segmind_widgets.assets.preview import PREVIEW_BYTES, PREVIEW_SIDE, backdrop
from segmind_widgets.errors import AssetError
from segmind_widgets.markup import Html, element, figure
from segmind_widgets.printable import printable

_SIMILAR = 0.01  # ratios of width to height that differ by less are shown as one shape
_HEIGHT = 640  # pixels: the largest height of the slider

# !important, as the input's own style hides it where there is no style sheet
_SHEET = (
    ".segmind-compare input{display:block!important;width:100%;min-height:28px;margin:6px 0 0;"
    "cursor:ew-resize}"
)
_MOVE = "this.parentElement.firstElementChild.firstElementChild.style.width=this.value+'%'"
_LABEL = (
    "position:absolute;top:8px;{side}:8px;padding:2px 8px;border-radius:4px;font-size:12px;"
    "background-color:#222222;color:#ffffff"
)
_GRIP = (  # under the handle of a box that can be resized, which is hard to see on a picture
    "position:absolute;right:0;bottom:0;width:16px;height:16px;background-color:#ffffff"
)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two pictures that a cell shows beside each other; made by `compare`."""

    before: Asset
    after: Asset
    labels: tuple[str, str] = ("Before", "After")

    def to_html(self, side: int = PREVIEW_SIDE) -> Html:
        """Return the comparison as self-contained HTML, of about 140 kB.

        Pictures of another shape are shown side by side. Each is embedded as a copy of at most
        `side` pixels and about 50 kB.

        Raises:
            AssetError: a picture cannot be read.
        """
        sizes = [asset.pixels for asset in (self.before, self.after)]
        ratios = [width / height for width, height in sizes]
        captions = [
            " · ".join([label, *asset.facts])
            for label, asset in zip(self.labels, (self.before, self.after), strict=True)
        ]
        sources = _sources([self.before, self.after], side)
        if abs(ratios[0] / ratios[1] - 1) < _SIMILAR:
            return figure(_slider(sources, self.labels, ratios[0]), *captions)
        return figure(_side_by_side(sources, self.labels), *captions)

    def __str__(self) -> str:
        return printable(f"{self.labels[0]}: {self.before}\n{self.labels[1]}: {self.after}")

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.to_html()}


def compare(before: Any, after: Any, labels: tuple[str, str] = ("Before", "After")) -> Comparison:
    """Return two pictures to be compared in a cell.

    Args:
        before: the picture on the left: a path, bytes, a PIL image, an Asset or a job.
        after: the picture on the right.
        labels: their names.

    Raises:
        AssetError: one of them is not an image on this machine.
    """
    assets = [Asset.of(source) for source in (before, after)]
    for asset, label in zip(assets, labels, strict=True):
        if not asset.local or asset.kind != "image":
            raise AssetError(
                f"{label}: {asset} is not an image on this machine.",
                hint="Save it there first, then compare it.",
            )
    return Comparison(assets[0], assets[1], labels)


def _sources(assets: list[Asset], side: int) -> list[str]:
    """Return both pictures as data URLs, those of one shape with the size of the smaller copy."""
    copies = [asset.preview(side, PREVIEW_BYTES) for asset in assets]
    sizes = [Asset(data=data).pixels for data, _ in copies]
    if sizes[0] != sizes[1]:
        copies = [asset.preview(min(map(max, sizes)), PREVIEW_BYTES) for asset in assets]
    encode = base64_codec().b64encode
    return [f"data:{kind};base64,{encode(data).decode()}" for data, kind in copies]


def _slider(sources: list[str], labels: tuple[str, str], ratio: float) -> Html:
    pictures = [
        element("img", src=source, alt=label, style=style + backdrop(source))
        for source, label, style in zip(
            sources,
            labels,
            # as high as the other one, however narrow the box around it is
            ("display:block;height:100%;width:auto;max-width:none", "display:block;width:100%"),
            strict=True,
        )
    ]
    names = [
        element("div", label, style=_LABEL.format(side=side))
        for label, side in zip(labels, ("left", "right"), strict=True)
    ]
    edge = (
        "position:absolute;left:0;top:0;width:50%;height:100%;max-width:100%;overflow:hidden;"
        "resize:horizontal;box-sizing:border-box;border-right:2px solid #ffffff"
    )
    # the box comes first for places without style; being positioned, it still lies on top
    grip = element("div", style=_GRIP)
    hint = "Drag the lower end of the line to move it"
    box = element("div", pictures[0], names[0], grip, style=edge, title=hint)
    stage = element("div", box, pictures[1], names[1], style="position:relative;overflow:hidden")
    width = f"width:{round(_HEIGHT * ratio)}px;max-width:100%"
    return element(
        "div",
        stage,
        _range(labels[0]),
        element("style", _SHEET),
        class_="segmind-compare",
        style=width,
    )


def _range(label: str) -> Html:
    """Return the input that moves the edge; it is hidden where there is no style sheet."""
    return element(
        "input",
        type="range",
        min=0,
        max=100,
        step="any",
        value=50,
        title="Move the edge between the two images",
        aria_label=f"Part of the image that shows {label}, in per cent",
        oninput=_MOVE,
        onkeydown="event.stopPropagation()",  # JupyterLab would move to another cell
        data_lm_suppress_shortcuts="true",
        style="display:none",
    )


def _side_by_side(sources: list[str], labels: tuple[str, str]) -> Html:
    style = "display:block;max-width:100%;max-height:640px;height:auto"
    cells = [
        element(
            "div",
            element("img", src=source, alt=label, style=style + backdrop(source)),
            element("div", label, style="margin-top:4px;font-size:12px"),
            style="display:inline-block;width:48%;margin-right:2%;vertical-align:top",
        )
        for source, label in zip(sources, labels, strict=True)
    ]
    return element("div", *cells)
