"""Check inputs as the setting `check_inputs` says: refuse them, or note what does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from segmind_widgets.catalog.validation import check
from segmind_widgets.types import CheckInputs, Model


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
