"""Follow a program's syntax tree to the requests that it would send, without running it.

Python's tree also represents JavaScript, which `javascript` translates into it. If a condition
cannot be evaluated, both branches are followed; an endless loop is followed once.
"""

from __future__ import annotations

import ast
from collections import ChainMap
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from segmind_widgets.syntax.pasted.access import attribute, items
from segmind_widgets.syntax.pasted.calls import Calls
from segmind_widgets.syntax.pasted.expressions import Expressions
from segmind_widgets.syntax.pasted.values import (
    Class,
    CodeRequest,
    Function,
    Instance,
    Reference,
    Scope,
    Unknown,
    is_dict,
    is_known,
)

_MAX_DEPTH = 12  # calls within calls
_RESULT = " result"  # the name of a function's result in its scope
_WORDS = {"true": True, "false": False, "null": None, "undefined": None}


class Interpreter(Expressions):
    """Reads one program.

    Args:
        is_service: whether an address is one of the services'.
    """

    def __init__(self, is_service: Callable[[str], bool]) -> None:
        super().__init__()
        self.requests: list[CodeRequest] = []
        self._calls = Calls(is_service, self.requests, self._apply)
        self._functions: list[Function] = []
        self._called: set[int] = set()
        self._depth = 0

    def run(self, tree: ast.Module) -> Scope:
        """Follow a program, then its functions that were not called; return its variables."""
        scope: Scope = ChainMap(dict(_WORDS))
        self._block(tree.body, scope)
        # may grow while it is iterated, since functions define functions
        for function in self._functions:
            if any(request.method != "GET" for request in self.requests):
                break
            if id(function.definition) not in self._called:
                self._apply(function, [], {})
        return scope

    # statements

    def _block(self, body: Iterable[ast.stmt], scope: Scope) -> bool:
        """Follow statements; return whether the block was left by `return` or `raise`."""
        return any(self._statement(statement, scope) for statement in body)

    def _statement(self, node: ast.stmt, scope: Scope) -> bool:
        name = f"_{type(node).__name__.lower()}"
        follow: Callable[[Any, Scope], Any] | None = getattr(self, name, None)
        return bool(follow and follow(node, scope))

    def _expr(self, node: ast.Expr, scope: Scope) -> None:
        self._value(node.value, scope)

    def _assign(self, node: ast.Assign, scope: Scope) -> None:
        value = self._value(node.value, scope)
        for target in node.targets:
            self._bind(target, value, scope)

    def _annassign(self, node: ast.AnnAssign, scope: Scope) -> None:
        if node.value:
            self._bind(node.target, self._value(node.value, scope), scope)

    def _augassign(self, node: ast.AugAssign, scope: Scope) -> None:
        value = self._binary(node.op, self._value(node.target, scope), node.value, scope)
        self._bind(node.target, value, scope)

    def _functiondef(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:
        scope[node.name] = self.define(node, scope)

    _asyncfunctiondef = _functiondef

    def define(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> Function:
        """Return a function, and record it for the end of `run`."""
        function = Function(node, scope)
        self._functions.append(function)
        return function

    def _classdef(self, node: ast.ClassDef, scope: Scope) -> None:
        inner = scope.new_child()
        self._block(node.body, inner)
        scope[node.name] = Class(inner)

    def _return(self, node: ast.Return, scope: Scope) -> bool:
        value = self._value(node.value, scope) if node.value else None
        if isinstance(scope.maps[0].get(_RESULT), (type(None), Unknown, Reference)):
            scope[_RESULT] = value
        return True

    def _raise(self, _: ast.Raise, __: Scope) -> bool:
        return True

    def _if(self, node: ast.If, scope: Scope) -> bool:
        test = self._value(node.test, scope)
        if is_known(test):
            return self._block(node.body if test else node.orelse, scope)
        ends = [self._block(node.body, scope), self._block(node.orelse, scope)]
        return all(ends)

    def _for(self, node: ast.For | ast.AsyncFor, scope: Scope) -> None:
        for each in items(self._value(node.iter, scope)):
            self._bind(node.target, each, scope)
            self._block(node.body, scope)

    _asyncfor = _for

    def _while(self, node: ast.While, scope: Scope) -> None:
        if self._value(node.test, scope):
            self._block(node.body, scope)

    def _with(self, node: ast.With | ast.AsyncWith, scope: Scope) -> bool:
        for item in node.items:
            value = self._value(item.context_expr, scope)
            if item.optional_vars:
                self._bind(item.optional_vars, value, scope)
        return self._block(node.body, scope)

    _asyncwith = _with

    def _try(self, node: ast.Try, scope: Scope) -> bool:
        return self._block([*node.body, *node.orelse, *node.finalbody], scope)

    def _import(self, node: ast.Import, scope: Scope) -> None:
        for alias in node.names:
            top = alias.name.partition(".")[0]
            scope[alias.asname or top] = Reference(alias.name if alias.asname else top)

    def _importfrom(self, node: ast.ImportFrom, scope: Scope) -> None:
        for alias in node.names:
            scope[alias.asname or alias.name] = Reference(f"{node.module or ''}.{alias.name}")

    # calls

    def call(self, node: ast.Call, scope: Scope) -> Any:
        """Return the result of a call: of the program's own function, or one of `Calls`."""
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        owner = (
            self._value(node.func.value, scope) if isinstance(node.func, ast.Attribute) else None
        )
        called = attribute(owner, method) if method else self._value(node.func, scope)
        args = self._get_list(ast.List(node.args), scope)
        words: dict[str, Any] = {}
        for word in node.keywords:
            value = self._value(word.value, scope)
            words |= {word.arg: value} if word.arg else value if is_dict(value) else {}
        if isinstance(called, Function):
            return self._apply(called, args, words)
        if isinstance(called, Class):
            instance = Instance(called.scope.new_child())
            start = attribute(instance, "__init__")
            start = start if isinstance(start, Function) else attribute(instance, "constructor")
            if isinstance(start, Function):
                self._apply(start, args, words)
            return instance
        return self._calls.call(called, owner, method, args, words)

    def _apply(self, function: Function, args: Sequence[Any], words: dict[str, Any]) -> Any:
        """Return the result of a function of the program for these arguments."""
        self._called.add(id(function.definition))
        if self._depth >= _MAX_DEPTH:
            return Unknown()
        scope, definition = function.scope.new_child(), function.definition
        args = [function.owner, *args] if function.owner is not None else args
        self._fill(scope, definition.args, args, dict(words))
        self._depth += 1
        try:
            self._block(definition.body, scope)
        finally:
            self._depth -= 1
        return scope.maps[0].get(_RESULT)

    def _fill(
        self, scope: Scope, signature: ast.arguments, args: Sequence[Any], words: dict[str, Any]
    ) -> None:
        """Set the parameters of a function; those without a value are Unknown."""
        names = [*signature.posonlyargs, *signature.args]
        for parameter, default in zip(reversed(names), reversed(signature.defaults), strict=False):
            scope[parameter.arg] = self._value(default, scope)
        for parameter, default in zip(signature.kwonlyargs, signature.kw_defaults, strict=True):
            scope[parameter.arg] = self._value(default, scope) if default else Unknown()
        for index, parameter in enumerate(names):
            if index < len(args):
                scope[parameter.arg] = args[index]
            else:
                scope.maps[0].setdefault(parameter.arg, Unknown(parameter.arg))
        for parameter in [*names, *signature.kwonlyargs]:
            if parameter.arg in words:
                scope[parameter.arg] = words.pop(parameter.arg)
        if signature.vararg:
            scope[signature.vararg.arg] = list(args[len(names) :])
        if signature.kwarg:
            scope[signature.kwarg.arg] = words
