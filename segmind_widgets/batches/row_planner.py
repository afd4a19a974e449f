"""Plans for the rows of a batch; each input file is read and hashed once for all rows."""

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

_WHOLE_NUMBER = re.compile(r"[-+]?\d+\.0*")  # pandas writes 3.0 in a column with empty cells
_MAX_CACHED_FILES = 64


class RowPlanner:
    """A planner of rows for one model or workflow.

    Args:
        plan: `session.plan`.
        find: returns a model of the catalog by its slug.
        name: the model's slug, or the workflow's id.
        options: `kind`, `provider` and `api` for `session.plan`.
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
        """Plan a row.

        Args:
            inputs: the inputs of the row.
            text: whether all values are text, as in a CSV file. The schema converts them; inputs
                that are not in the schema are read as YAML.

        Raises:
            InputError: an input is certainly wrong.
        """
        if text:
            inputs = {name: self._parse(name, value) for name, value in inputs.items()}
        inputs = transform(inputs, self._share_assets)
        return self._plan(self.name, inputs, again=True, **self.options)

    def _parse(self, name: str, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if name not in self._fields:
            return parse_scalar(value)
        kinds = types(self._fields[name])
        whole = (
            "integer" in kinds and "string" not in kinds and _WHOLE_NUMBER.fullmatch(value.strip())
        )
        return value.partition(".")[0] if whole else value

    def _share_assets(self, value: Any) -> Any:
        """Replace a path or bytes by an asset, the same one for the same file."""
        if isinstance(value, Path):
            return self._asset(_file_key(value), value)
        if isinstance(value, bytes):
            return self._asset(id(value), value)
        return value  # a picture or an array may have changed since the last row

    def _asset(self, key: Any, value: Any) -> Any:
        entry = self._files.get(key)
        if entry is None or (isinstance(value, bytes) and entry[0] is not value):
            try:
                entry = value, Asset.of(value)
            except AssetError:
                return value  # planning raises the error with the name of the field
        if key is not None:
            self._files[key] = entry
            self._files.move_to_end(key)
            if len(self._files) > _MAX_CACHED_FILES:
                self._files.popitem(last=False)
        return entry[1]


def _file_key(path: Path) -> tuple[str, int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return str(path), stat.st_mtime_ns, stat.st_size
