"""A model or a workflow at a place, to be planned for many rows: files among them are read once."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from segmind_widgets.assets.asset import Asset
from segmind_widgets.catalog.validation import types
from segmind_widgets.errors import AssetError
from segmind_widgets.nested import transform
from segmind_widgets.planning.plan import Plan
from segmind_widgets.syntax.yaml_values import parse_scalar
from segmind_widgets.types import Model

_WHOLE = re.compile(r"[-+]?\d+\.0*")  # as tables write whole numbers beside empty cells
_KEPT = 64  # files whose digest is remembered


class RowPlanner:
    """What all rows of a batch go to.

    Args:
        plan: `session.plan`.
        find: gives what is known of a model by its name.
        name: the model's slug, or the workflow's id.
        options: kind, provider and api, as `session.plan` takes them.
    """

    def __init__(
        self,
        plan: Callable[..., Plan],
        find: Callable[[str], Model | None],
        name: str,
        options: Mapping[str, Any],
    ) -> None:
        self.name = name
        self.options = options
        self._plan = plan
        self._find = find
        self._files: OrderedDict[Any, tuple[Any, Asset]] = OrderedDict()

    @cached_property
    def _fields(self) -> Mapping[str, Any]:
        model = self._find(self.name) if self.options.get("kind") == "model" else None
        return ((model.schema or {}) if model else {}).get("properties", {})

    def plan(self, inputs: Mapping[str, Any], *, text: bool = False) -> Plan:
        """A row's plan. Of a row of `text`, what no schema knows is read as YAML reads it.

        Raises:
            InputError: an input is certainly wrong.
        """
        if text:
            inputs = {name: self._read(name, value) for name, value in inputs.items()}
        shared = transform(inputs, self._shared)
        return self._plan(self.name, shared, again=True, **self.options)

    def _read(self, name: str, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if name not in self._fields:
            return parse_scalar(value)
        kinds = types(self._fields[name])
        whole = "integer" in kinds and "string" not in kinds and _WHOLE.fullmatch(value.strip())
        return value.partition(".")[0] if whole else value

    def _shared(self, value: Any) -> Any:
        """The value, with the very same Asset for the same file: it is read and hashed once."""
        if isinstance(value, Path):
            return self._asset(self._of_file(value), value)
        if isinstance(value, bytes):
            return self._asset(id(value), value)
        return value  # a picture or an array may have changed since the last row

    def _of_file(self, path: Path) -> Any:
        try:
            stat = path.stat()
        except OSError:
            return None
        return str(path), stat.st_mtime_ns, stat.st_size

    def _asset(self, key: Any, value: Any) -> Any:
        kept = self._files.get(key)
        if kept is None or (isinstance(value, bytes) and kept[0] is not value):
            try:
                kept = value, Asset.of(value)
            except AssetError:
                return value  # the plan says it with the field's name
        if key is not None:
            self._files[key] = kept
            self._files.move_to_end(key)
            if len(self._files) > _KEPT:
                self._files.popitem(last=False)
        return kept[1]
