"""Plans for the rows of a batch; each input file is read and hashed once for all rows."""

from __future__ import annotations

import json
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from segmind_widgets.assets.asset import Asset
from segmind_widgets.batches.row_sources import Row, RowSource
from segmind_widgets.catalog.validation import types
from segmind_widgets.errors import AssetError, InputError
from segmind_widgets.nested import transform
from segmind_widgets.planning.fingerprint import source_digest
from segmind_widgets.planning.plan import Plan, RunBasis
from segmind_widgets.syntax.yaml_values import parse_scalar
from segmind_widgets.types import Model

_WHOLE_NUMBER = re.compile(r"[-+]?\d+\.0*")  # pandas writes 3.0 in a column with empty cells
_COMMA_NUMBER = re.compile(r"[-+]?\d+,\d+")
_MAX_CACHED_FILES = 64
_BASIS_AGE = 60.0  # seconds: a long batch is planned by its own runs


class RowPlanner:
    """A planner of rows for one model or workflow.

    Args:
        plan: `session.plan`.
        find_basis: returns what all plans have in common; see `session.basis`.
        find: returns a model of the catalog by its slug.
        name: the model's slug, or the workflow's id.
        options: `kind`, `provider` and `api` for `session.plan`.
    """

    def __init__(
        self,
        plan: Callable[..., Plan],
        find_basis: Callable[[], RunBasis],
        find: Callable[[str], Model | None],
        name: str,
        options: Mapping[str, Any],
    ) -> None:
        self.name = name
        self.options = options
        self._plan = plan
        self._find_basis = find_basis
        self._basis = find_basis()
        self._basis_expires = time.monotonic() + _BASIS_AGE
        self._find = find
        self._common: str | None = None
        self._files: OrderedDict[Any, tuple[Any, Asset]] = OrderedDict()

    @cached_property
    def _fields(self) -> Mapping[str, Any]:
        model = self._find(self.name) if self.options.get("kind") == "model" else None
        return ((model.schema or {}) if model else {}).get("properties", {})

    @property
    def basis(self) -> RunBasis:
        """Return what all plans have in common; looked up again each minute."""
        if time.monotonic() > self._basis_expires:
            self._basis = self._find_basis()
            self._basis_expires = time.monotonic() + _BASIS_AGE
        return self._basis

    def source_of(self, row: Row, source: RowSource) -> str | None:
        """Return the digest of a row as it is given, None if it holds files or objects.

        It stands for the request that the row makes, so that a finished row needs no plan.
        """
        if self._common is None:
            self._common = self._digest_common(source) or ""
        return source_digest(self._common, row.inputs) if self._common else None

    def _digest_common(self, source: RowSource) -> str | None:
        endpoint = self._basis.endpoint
        target = [endpoint.provider.name, str(endpoint.sandbox), self.options["kind"], self.name]
        return source_digest("\n".join(target), source.fixed)

    def plan(
        self,
        inputs: Mapping[str, Any],
        *,
        text: bool = False,
        fixed: Mapping[str, Any] | None = None,
    ) -> Plan:
        """Plan a row.

        Args:
            inputs: the inputs of the row.
            text: whether all values are text, as in a CSV file. The schema converts them; inputs
                that are not in the schema are read as YAML.
            fixed: the inputs of all rows, which are no text to convert; those of the row replace
                them.

        Raises:
            InputError: an input is certainly wrong.
        """
        parse = self._parse if text else self._parse_json
        inputs = {name: parse(name, value) for name, value in inputs.items()}
        inputs = transform({**(fixed or {}), **inputs}, self._share_assets)
        return self._plan(self.name, inputs, again=True, basis=self.basis, **self.options)

    def _parse(self, name: str, value: Any) -> Any:
        """Return the value that a text means by the schema."""
        if not isinstance(value, str):
            return value
        kinds = types(self._fields[name]) if name in self._fields else []
        found = self._parse_json(name, value)
        if found is not value or "string" in kinds:
            return found
        if name not in self._fields:
            return parse_scalar(value)
        value = value.strip()
        if "integer" in kinds and _WHOLE_NUMBER.fullmatch(value):
            return value.partition(".")[0]
        if {"integer", "number"}.intersection(kinds) and _COMMA_NUMBER.fullmatch(value):
            raise InputError(
                f"`{name}` is {value}, with a comma: write {value.replace(',', '.')}.",
                hint="Nothing was sent.",
                field=name,
            )
        return value

    def _parse_json(self, name: str, value: Any) -> Any:
        """Return the list or mapping that a text is in JSON, unless the input takes text."""
        if not isinstance(value, str) or value.lstrip()[:1] not in ("[", "{"):
            return value
        is_known = name in self._fields
        kinds = types(self._fields[name]) if is_known else ["array", "object"]
        if "string" in kinds or not {"array", "object"}.intersection(kinds):
            return value
        try:
            return json.loads(value)
        except (ValueError, RecursionError) as error:
            if not is_known:
                return value
            reason = getattr(error, "msg", error)
            raise InputError(
                f"`{name}` is not valid JSON: {reason}.",
                hint='Nothing was sent. Write a list as ["a", "b"].',
                field=name,
            ) from None

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
