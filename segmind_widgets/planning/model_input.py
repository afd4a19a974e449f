"""Refuse an input `model` that would choose the model: a run, and a batch, has one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from segmind_widgets.errors import InputError
from segmind_widgets.types import Model

_NAME = "model"
_WAY = "To run two models, write a cell for each."
_HINT = (
    "Nothing was sent. In Python:"
    ' [client.submit(model, inputs) for model in ("flux-dev", "flux-schnell")].'
)


def refuse_swept_model(target: str, axes: Collection[str], model: Model | None) -> None:
    """Refuse a sweep over `model`, which would run, and bill, the same model each time.

    Raises:
        InputError: `model` is swept, and is not known to be an input of the target.
    """
    name = next((axis for axis in axes if axis.lower() == _NAME), None)
    if name is not None and not _is_input(name, model):
        raise InputError(
            f"`{name}` cannot be swept: each row would run {target}. {_WAY}",
            hint=_HINT,
            field=name,
        )


def without_model(
    target: str,
    inputs: Mapping[str, Any],
    model: Model | None,
    is_model: Callable[[str], bool],
) -> Mapping[str, Any]:
    """Return the inputs without a `model` that only repeats the target.

    Args:
        target: the model's slug.
        inputs: of the run.
        model: the target, with its schema where that is known.
        is_model: returns whether a text is the name of a model.

    Raises:
        InputError: `model` is a list, or names another model, and is no input of the target.
    """
    name = next((key for key in inputs if str(key).lower() == _NAME), None)
    if name is None or _is_input(name, model):
        return inputs
    value = inputs[name]
    if isinstance(value, str) and value.strip().lower() == target.lower():
        return {key: other for key, other in inputs.items() if key != name}
    if isinstance(value, (list, tuple)) or (isinstance(value, str) and is_model(value)):
        raise InputError(
            f"`{name}` is {value!r}, and the run is one of {target}. {_WAY}",
            hint=_HINT,
            field=name,
        )
    return inputs


def _is_input(name: str, model: Model | None) -> bool:
    schema: Mapping[str, Any] = (model.schema if model else None) or {}
    return name in schema.get("properties", {})
