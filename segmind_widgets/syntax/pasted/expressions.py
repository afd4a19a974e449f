"""Evaluate the expressions of a program, which is parsed but not run."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from segmind_widgets.schemas import is_list, is_mapping
from segmind_widgets.syntax.pasted.access import attribute, item, items, join
from segmind_widgets.syntax.pasted.library import pure
from segmind_widgets.syntax.pasted.values import (
    Function,
    FunctionExpr,
    Instance,
    ObjectPattern,
    Reference,
    ReplyPart,
    Scope,
    Unknown,
    is_dict,
    is_known,
)

_MAX_STEPS = 200_000  # maximum number of expressions; no snippet has as many
_MAX_FACTOR = 1e15  # limit of a product; text and lists are never multiplied
_LONG = re.compile(r"\d{4}")  # maximum width in a format
_OPERATORS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.Div: lambda a, b: a / b, ast.FloorDiv: lambda a, b: a // b, ast.Mod: operator.mod,
    ast.BitOr: lambda a, b: a | b, ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt,
    ast.Gt: operator.gt, ast.LtE: operator.le, ast.GtE: operator.ge, ast.Is: operator.is_,
    ast.IsNot: operator.is_not, ast.In: lambda a, b: a in b, ast.NotIn: lambda a, b: a not in b,
}  # fmt: skip


class Expressions:
    """Evaluates expressions; `Interpreter` adds statements and calls."""

    def __init__(self) -> None:
        self._steps = 0

    def call(self, node: ast.Call, scope: Scope) -> Any:
        """Return the value of a call."""
        raise NotImplementedError

    def _get_call(self, node: ast.Call, scope: Scope) -> Any:
        return self.call(node, scope)

    def define(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> Function:
        """Return a function of the program."""
        raise NotImplementedError

    def _bind(self, target: ast.expr, value: Any, scope: Scope) -> None:
        if isinstance(target, ast.Name):
            owner = next((m for m in scope.maps if target.id in m), None)
            outer = getattr(target, "outer", False) and owner is not None
            (owner if outer and owner is not None else scope)[target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            for index, each in enumerate(target.elts):
                self._bind(each, item(value, index), scope)
        elif isinstance(target, ObjectPattern):
            for name, each, default in target.entries:
                part = attribute(value, name)
                if default is not None and not (is_known(part) and part is not None):
                    part = part if isinstance(part, ReplyPart) else self._value(default, scope)
                self._bind(each, part, scope)
        elif isinstance(target, (ast.Subscript, ast.Attribute)):
            owner = self._value(target.value, scope)
            name = target.attr if isinstance(target, ast.Attribute) else None
            key = self._value(target.slice, scope) if isinstance(target, ast.Subscript) else name
            if is_dict(owner) and isinstance(key, str):
                owner[key] = value
            elif isinstance(owner, Instance) and isinstance(key, str):
                owner.scope[key] = value

    def _value(self, node: ast.expr, scope: Scope) -> Any:
        self._steps += 1
        if self._steps > _MAX_STEPS:
            return Unknown("too long")
        name = f"_get_{type(node).__name__.lower()}"
        read: Callable[[Any, Scope], Any] | None = getattr(self, name, None)
        if read is None:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    self._value(child, scope)
        value = Unknown() if read is None else read(node, scope)
        if isinstance(value, Reference) and isinstance(node, ast.Call):
            return replace(value, source=_source(node))
        return Unknown(_source(node)) if value == Unknown() else value

    def _get_constant(self, node: ast.Constant, _: Scope) -> Any:
        value = node.value
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        return value if isinstance(value, (str, int, float, type(None))) else Unknown()

    def _get_name(self, node: ast.Name, scope: Scope) -> Any:
        return scope.get(node.id, Reference(node.id))

    def _get_attribute(self, node: ast.Attribute, scope: Scope) -> Any:
        return attribute(self._value(node.value, scope), node.attr)

    def _get_subscript(self, node: ast.Subscript, scope: Scope) -> Any:
        return item(self._value(node.value, scope), self._value(node.slice, scope))

    def _get_dict(self, node: ast.Dict, scope: Scope) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, each in zip(node.keys, node.values, strict=True):
            value = self._value(each, scope)
            if key is None:
                result |= value if is_dict(value) else {}
                continue
            name = self._value(key, scope)
            name = name.name if isinstance(name, Reference) else name  # JavaScript's `{name: 1}`
            if is_known(name) and not is_mapping(name) and not is_list(name):
                result[str(name)] = value
        return result

    def _get_list(self, node: ast.List | ast.Tuple | ast.Set, scope: Scope) -> list[Any]:
        result: list[Any] = []
        for each in node.elts:
            if isinstance(each, ast.Starred):
                value = self._value(each.value, scope)
                result += value if is_list(value) else [value]
            else:
                result.append(self._value(each, scope))
        return result

    _get_tuple = _get_set = _get_list

    def _get_joinedstr(self, node: ast.JoinedStr, scope: Scope) -> Any:
        return join(self._value(part, scope) for part in node.values)

    def _get_formattedvalue(self, node: ast.FormattedValue, scope: Scope) -> Any:
        value = self._value(node.value, scope)
        if node.format_spec is None or not is_known(value):
            return value
        spec = self._value(node.format_spec, scope)
        return Unknown() if _LONG.search(str(spec)) else pure(format, value, spec)

    def _get_binop(self, node: ast.BinOp, scope: Scope) -> Any:
        return self._binary(node.op, self._value(node.left, scope), node.right, scope)

    def _binary(self, kind: ast.operator, left: Any, node: ast.expr, scope: Scope) -> Any:
        right = self._value(node, scope)
        if isinstance(kind, ast.BitOr) and is_dict(left) and is_dict(right):
            return {**left, **right}
        if isinstance(kind, ast.Add) and (isinstance(left, str) or isinstance(right, str)):
            return join([left, right])
        return _compute(kind, left, right)

    def _get_compare(self, node: ast.Compare, scope: Scope) -> Any:
        values = [self._value(each, scope) for each in (node.left, *node.comparators)]
        return _compute(node.ops[0], *values) if len(values) == 2 else Unknown()

    def _get_unaryop(self, node: ast.UnaryOp, scope: Scope) -> Any:
        value = self._value(node.operand, scope)
        if not is_known(value):
            return Unknown()
        if isinstance(node.op, ast.Not):
            return not value
        if not isinstance(value, (int, float)):
            return Unknown()
        return -value if isinstance(node.op, ast.USub) else value

    def _get_boolop(self, node: ast.BoolOp, scope: Scope) -> Any:
        value: Any = None
        for each in node.values:
            value = self._value(each, scope)
            if not is_known(value) or bool(value) == isinstance(node.op, ast.Or):
                break
        return value

    def _get_ifexp(self, node: ast.IfExp, scope: Scope) -> Any:
        test = self._value(node.test, scope)
        body, orelse = self._value(node.body, scope), self._value(node.orelse, scope)
        return (body if test else orelse) if is_known(test) else Unknown()

    def _get_namedexpr(self, node: ast.NamedExpr, scope: Scope) -> Any:
        value = self._value(node.value, scope)
        self._bind(node.target, value, scope)
        return value

    def _get_await(self, node: ast.Await, scope: Scope) -> Any:
        return self._value(node.value, scope)

    def _get_listcomp(self, node: ast.ListComp | ast.GeneratorExp, scope: Scope) -> Any:
        if len(node.generators) != 1 or node.generators[0].ifs:
            return Unknown()
        generator, inner, result = node.generators[0], scope.new_child(), list[Any]()
        for each in items(self._value(generator.iter, scope)):
            self._bind(generator.target, each, inner)
            result.append(self._value(node.elt, inner))
        return result

    _get_generatorexp = _get_listcomp

    def _get_functionexpr(self, node: FunctionExpr, scope: Scope) -> Function:
        return self.define(node.definition, scope)

    def _get_lambda(self, node: ast.Lambda, scope: Scope) -> Function:
        body: list[ast.stmt] = [ast.Return(node.body)]
        return self.define(ast.FunctionDef("lambda", node.args, body, []), scope)


def _compute(kind: ast.AST, left: Any, right: Any) -> Any:
    compute = _OPERATORS.get(type(kind))
    if compute is None or not (is_known(left) and is_known(right)):
        return Unknown()
    if isinstance(kind, ast.Mult) and not all(map(_is_small, (left, right))):
        return Unknown()
    if sum(len(value) for value in (left, right) if is_list(value)) > _MAX_STEPS:
        return Unknown()
    return pure(compute, left, right)


def _is_small(value: Any) -> bool:
    return isinstance(value, (int, float)) and abs(value) < _MAX_FACTOR


def _source(node: ast.expr) -> str:
    """Return the text of an expression, for a message."""
    text: str = getattr(node, "source", "")
    try:
        text = text or ast.unparse(node)
    except (ValueError, RecursionError, AttributeError):
        text = "an expression"
    return text if len(text) <= 60 else f"{text[:59]}…"
