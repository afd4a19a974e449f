"""Check inputs as the setting `check_inputs` says: refuse them, or note what does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.encoding import is_data_url
from segmind_widgets.catalog.validation import check
from segmind_widgets.errors import AssetError, InputError
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
    pictures = _pictures(inputs, properties) if any(map(_is_mask, inputs)) else {}
    for name in filter(_is_mask, pictures):
        problems = [
            (_size_problem(name, pictures), model is not None),
            (
                _black_problem(name, pictures[name]),
                properties.get(name, {}).get("x-repainted") == "white",
            ),
        ]
        for problem, is_certain in problems:
            if problem and is_certain and mode != "warn":
                raise problem
            notes += [problem.message] if problem else []
    return notes


def _is_mask(name: object) -> bool:
    return "mask" in str(name).lower()


def _pictures(inputs: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Asset]:
    """Return the inputs that are a picture on this machine which can be read, or a list of one."""
    found: dict[str, Asset] = {}
    for name, value in inputs.items():
        only = value[0] if is_list(value) and len(value) == 1 else value
        is_base64 = schema.get(name, {}).get("contentEncoding") == "base64"
        with suppress(AssetError):  # a damaged file is refused where it is sent
            picture = _picture(only, is_base64=is_base64)
            if picture is not None and picture.pixels:
                found[str(name)] = picture
    return found


def _picture(value: Any, *, is_base64: bool) -> Asset | None:
    if isinstance(value, str):
        if is_base64 and "://" not in value and not is_data_url(value):
            value = f"data:;base64,{value}"
        value = Asset.of(value) if is_data_url(value) else None
    is_picture = isinstance(value, Asset) and value.local and value.kind == "image"
    return value if is_picture else None


def _picture_of(name: str, pictures: Mapping[str, Asset]) -> str | None:
    """Return the picture that a mask belongs to, by their names; None where that is not certain."""
    others = [other for other in pictures if not _is_mask(other)]
    names = [name.replace("mask", "image"), name.replace("_mask", "").replace("mask_", ""), "image"]
    names += others if len(others) == 1 else []
    return next((one for one in names if one in others), None)


def _size_problem(name: str, pictures: Mapping[str, Asset]) -> InputError | None:
    other = _picture_of(name, pictures)
    if other is None or pictures[other].pixels == pictures[name].pixels:
        return None
    sizes = ["{}×{}".format(*pictures[one].pixels) for one in (name, other)]
    return InputError(
        f"`{name}` has {sizes[0]} pixels, and its image `{other}` has {sizes[1]}.",
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
