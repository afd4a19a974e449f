"""Check inputs as the setting `check_inputs` says: refuse them, or note what does not fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.encoding import is_data_url
from segmind_widgets.catalog.validation import check
from segmind_widgets.errors import AssetError, InputError
from segmind_widgets.nested import walk
from segmind_widgets.schemas import is_list
from segmind_widgets.types import CheckInputs, Model

_BLACK = 7  # of 255: a JPEG of black has levels up to this


def check_by_setting(
    inputs: Mapping[str, Any], model: Model, mode: CheckInputs, *, is_workflow: bool = False
) -> tuple[dict[str, Any], list[str]]:
    """Return the inputs to send, and notes about them.

    A schema that is only a hint refuses nothing unless the mode is "strict".

    Args:
        inputs: of a run.
        model: what runs, with the schema of its inputs; a workflow, too.
        mode: see `Settings.check_inputs`.
        is_workflow: names that seem misspelt are noted and not refused: other runs, from which the
            inputs are known, may have left them out.

    Raises:
        InputError: the inputs do not fit the schema, and the mode refuses that.
    """
    result = check(model, inputs)
    if mode == "strict" or (mode == "schema" and model.schema_source == "service"):
        result.raise_for_problems()
    is_hint = model.schema_source == "hint" and mode != "strict"
    if mode != "warn" and not is_workflow and not is_hint:
        result.raise_for_misspelt()
    notes = [str(note) for note in result.warnings]
    if result.problems:
        page = f" The parameters of {model.slug} come from a page that may be out of date."
        problems = " ".join(str(note) for note in result.problems)
        source = "" if model.schema_source == "service" else page
        notes.append(f"{problems}{source} The inputs are sent unchanged.")
    return result.inputs, notes


def check_masks(
    inputs: Mapping[str, Any], model: Model | None, mode: CheckInputs = "schema"
) -> list[str]:
    """Check the masks among the inputs, each with its picture; return notes about them.

    A mask that is black all over is refused where the schema of the model says that white is
    repainted (`"x-repainted": "white"`), and noted elsewhere. A mask of another size than its
    picture is refused at a model, and noted at a workflow, which may change its size. Only files
    on this machine are compared.

    Args:
        inputs: of a run, with an Asset for every file.
        model: what runs; None for a workflow and for a model without an entry.
        mode: see `Settings.check_inputs`; "warn" refuses nothing.

    Raises:
        InputError: a mask is useless; `field` names it.
    """
    properties: Mapping[str, Any] = (model.schema or {}).get("properties", {}) if model else {}
    notes: list[str] = []
    for name, mask in _masks(inputs):
        problems = [
            (_size_problem(name, mask, inputs), model is not None),
            (_black_problem(name, mask), properties.get(name, {}).get("x-repainted") == "white"),
        ]
        for problem, is_certain in problems:
            if problem and is_certain and mode != "warn":
                raise problem
            notes += [problem.message] if problem else []
    return notes


def _masks(inputs: Mapping[str, Any]) -> Iterator[tuple[str, Asset]]:
    for (name, *_), value in walk(inputs):
        if "mask" in str(name).lower() and (mask := _local_picture(value)):
            yield name, mask


def _local_picture(value: Any) -> Asset | None:
    """Return a value as a picture that is on this machine and can be read, or None.

    A list of one picture is that picture.
    """
    value = value[0] if is_list(value) and len(value) == 1 else value
    with suppress(AssetError):  # a damaged file is refused where it is sent
        if isinstance(value, str) and is_data_url(value):
            value = Asset.of(value)
        if isinstance(value, Asset) and value.local and value.kind == "image" and value.pixels:
            return value
    return None


def _picture_of(name: str, inputs: Mapping[str, Any]) -> tuple[str, Asset] | None:
    """Return the picture that a mask belongs to, by their names; None where that is not certain."""
    names = [name.replace("mask", "image"), name.replace("_mask", "").replace("mask_", ""), "image"]
    others = [other for other in inputs if "mask" not in str(other).lower()]
    pictures = {
        str(other): picture for other in others if (picture := _local_picture(inputs[other]))
    }
    names += pictures if len(pictures) == 1 else ()
    return next(((one, pictures[one]) for one in names if one in pictures), None)


def _size_problem(name: str, mask: Asset, inputs: Mapping[str, Any]) -> InputError | None:
    found = _picture_of(name, inputs)
    if found is None or found[1].pixels == mask.pixels:
        return None
    sizes = ["{}×{}".format(*asset.pixels) for asset in (mask, found[1])]
    return InputError(
        f"`{name}` has {sizes[0]} pixels, and its picture `{found[0]}` has {sizes[1]}.",
        hint=f"Nothing was sent. Give a mask of {sizes[1]} pixels.",
        field=name,
    )


def _black_problem(name: str, mask: Asset) -> InputError | None:
    with suppress(AssetError):
        picture = mask.image
        if not picture.has_transparency_data and picture.convert("L").getextrema()[1] <= _BLACK:
            return InputError(
                f"`{name}` is black all over, and where white is repainted, nothing would change.",
                hint="Nothing was sent. Make the area white that is to be repainted.",
                field=name,
            )
    return None
