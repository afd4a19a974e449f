"""Translate JavaScript and TypeScript into Python's syntax tree, with the extra `paste`."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, cast

from segmind_widgets.errors import InputError
from segmind_widgets.syntax.pasted.values import FunctionExpr, ObjectPattern

if TYPE_CHECKING:
    from tree_sitter import Node

EXTRA = 'pip install "segmind-widgets[paste]"'
_OPERATORS: dict[str, type[ast.operator]] = {
    "+": ast.Add, "-": ast.Sub, "*": ast.Mult, "/": ast.Div, "%": ast.Mod,
}  # fmt: skip
_COMPARISONS: dict[str, type[ast.cmpop]] = {
    "==": ast.Eq, "===": ast.Eq, "!=": ast.NotEq, "!==": ast.NotEq, "<": ast.Lt, ">": ast.Gt,
    "<=": ast.LtE, ">=": ast.GtE,
}  # fmt: skip
_LOGIC: dict[str, type[ast.boolop]] = {"&&": ast.And, "||": ast.Or, "??": ast.Or}
_WRAPPERS = {
    "parenthesized_expression", "await_expression", "as_expression", "satisfies_expression",
    "non_null_expression", "export_statement", "required_parameter", "optional_parameter",
}  # fmt: skip
_FUNCTIONS = {
    "function_declaration", "function_expression", "arrow_function", "method_definition",
    "generator_function_declaration",
}  # fmt: skip
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_CODE_POINT = re.compile(r"\\(?:u\{([0-9a-fA-F]+)\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))")


def parse(text: str) -> tuple[ast.Module, bool]:
    """Return the tree of a program, and whether all of it could be parsed.

    Raises:
        InputError: the extra `paste` is not installed.
    """
    try:
        from tree_sitter import Language, Parser
        from tree_sitter_typescript import language_tsx, language_typescript
    except ImportError:
        raise InputError(
            "Reading JavaScript needs two additional packages (the extra `paste`).",
            hint=f"Install it with {EXTRA}, and restart the kernel.",
        ) from None
    source = text.encode("utf-8", "replace")
    tree = Parser(Language(language_typescript())).parse(source)
    if tree.root_node.has_error:
        other = Parser(Language(language_tsx())).parse(source)
        tree = tree if other.root_node.has_error else other
    return ast.Module(_block(tree.root_node), []), not tree.root_node.has_error


# statements


def _block(node: Node | None) -> list[ast.stmt]:
    """Return the statements in a node, functions first, since they may be called earlier."""
    if node is None:
        return []
    if node.type not in ("program", "statement_block", "class_body", "else_clause"):
        return _statement(node)
    result = [statement for child in node.named_children for statement in _statement(child)]
    return sorted(result, key=lambda statement: not isinstance(statement, ast.FunctionDef))


def _statement(node: Node) -> list[ast.stmt]:
    if node.type in _FUNCTIONS:
        return [_function(node)]
    if node.type in ("export_statement", "statement_block", "else_clause"):
        return [each for child in node.named_children for each in _statement(child)]
    translate = _STATEMENTS.get(node.type)
    if translate:
        return translate(node)
    return [ast.Expr(_expression(node))] if "expression" in node.type else []


def _expression_statement(node: Node) -> list[ast.stmt]:
    inner = node.named_children[0] if node.named_children else None
    if inner is None:
        return []
    left, right = inner.child_by_field_name("left"), inner.child_by_field_name("right")
    if inner.type == "assignment_expression" and left and right:
        return [ast.Assign([_target(left, outer=True)], _expression(right))]
    if inner.type == "augmented_assignment_expression" and left and right:
        operator = _OPERATORS.get(_text(inner.child_by_field_name("operator"))[:1], ast.Pow)
        target = cast("ast.Name", _target(left, outer=True))
        return [ast.AugAssign(target, operator(), _expression(right))]
    return [ast.Expr(_expression(inner))]


def _declaration(node: Node) -> list[ast.stmt]:
    result: list[ast.stmt] = []
    for each in node.named_children:
        name, value = each.child_by_field_name("name"), each.child_by_field_name("value")
        if name and value:
            result.append(ast.Assign([_target(name)], _expression(value)))
    return result


def _import(node: Node) -> list[ast.stmt]:
    module = _string(node.child_by_field_name("source"))
    result: list[ast.stmt] = []
    clause = next((each for each in node.named_children if each.type == "import_clause"), None)
    for each in clause.named_children if clause else ():
        if each.type == "identifier":
            result.append(ast.Import([ast.alias(module, _text(each))]))
        elif each.type == "namespace_import":
            result.append(ast.Import([ast.alias(module, _text(each.named_children[0]))]))
        for one in each.named_children if each.type == "named_imports" else ():
            name, alias = one.child_by_field_name("name"), one.child_by_field_name("alias")
            names = [ast.alias(_text(name), _text(alias) or None)]
            result.append(ast.ImportFrom(module, names, 0))
    return result


def _if(node: Node) -> list[ast.stmt]:
    body = _block(node.child_by_field_name("consequence"))
    orelse = _block(node.child_by_field_name("alternative"))
    return [ast.If(_part(node, "condition"), body, orelse)]


def _for_in(node: Node) -> list[ast.stmt]:
    left = node.child_by_field_name("left")
    target = _target(left) if left else ast.Name("_")
    return [ast.For(target, _part(node, "right"), _block(node.child_by_field_name("body")), [])]


def _for(node: Node) -> list[ast.stmt]:
    start = node.child_by_field_name("initializer")
    return [*_block(start), *_block(node.child_by_field_name("body"))]


def _while(node: Node) -> list[ast.stmt]:
    return [ast.While(_part(node, "condition"), _block(node.child_by_field_name("body")), [])]


def _try(node: Node) -> list[ast.stmt]:
    final = node.child_by_field_name("finalizer")
    end = final.named_children[0] if final and final.named_children else None
    return [ast.Try(_block(node.child_by_field_name("body")), [], [], _block(end))]


def _return(node: Node) -> list[ast.stmt]:
    return [ast.Return(_expression(node.named_children[0]) if node.named_children else None)]


def _class(node: Node) -> list[ast.stmt]:
    body = _block(node.child_by_field_name("body"))
    return [ast.ClassDef(_text(node.child_by_field_name("name")), [], [], body, [])]


def _field(node: Node) -> list[ast.stmt]:
    name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    return [ast.Assign([ast.Name(_text(name))], _expression(value))] if name and value else []


_STATEMENTS: dict[str, Callable[[Node], list[ast.stmt]]] = {
    "expression_statement": _expression_statement, "lexical_declaration": _declaration,
    "variable_declaration": _declaration, "import_statement": _import, "if_statement": _if,
    "for_in_statement": _for_in, "for_statement": _for, "while_statement": _while,
    "do_statement": _while, "try_statement": _try, "return_statement": _return,
    "throw_statement": lambda _: [ast.Raise()], "class_declaration": _class,
    "public_field_definition": _field, "field_definition": _field,
}  # fmt: skip


def _function(node: Node) -> ast.FunctionDef:
    """Return a function; its first statements unpack destructured parameters."""
    body_node = node.child_by_field_name("body")
    listed = node.child_by_field_name("parameters") or node.child_by_field_name("parameter")
    single = listed is not None and listed.type != "formal_parameters"
    nodes = [listed] if single and listed else listed.named_children if listed else []
    arguments = [ast.arg("this")] if node.type == "method_definition" else []
    defaults, first = list[ast.expr](), list[ast.stmt]()
    rest: ast.arg | None = None
    for index, each in enumerate(nodes):
        pattern = each.child_by_field_name("pattern") or each
        default = each.child_by_field_name("value") or each.child_by_field_name("right")
        pattern = pattern.child_by_field_name("left") or pattern
        if pattern.type == "rest_pattern":
            rest = ast.arg(_text(pattern.named_children[0]))
            continue
        name = _text(pattern) if pattern.type == "identifier" else f" {index}"
        arguments.append(ast.arg(name))
        defaults += [_expression(default)] if default else [ast.Constant(None)][: len(defaults)]
        if pattern.type != "identifier":
            first.append(ast.Assign([_target(pattern)], ast.Name(name)))
    signature = ast.arguments([], arguments, rest, [], [], None, defaults)
    is_block = body_node is not None and body_node.type == "statement_block"
    body = _block(body_node) if is_block or body_node is None else _arrow(body_node)
    name = _text(node.child_by_field_name("name")) or "function"
    return ast.FunctionDef(name, signature, [*first, *body], [])


def _arrow(body: Node) -> list[ast.stmt]:
    return [ast.Return(_expression(body))]


def _target(node: Node, *, outer: bool = False) -> ast.expr:
    """Return the target of an assignment; `outer`: whether the variable already exists."""
    if node.type == "array_pattern":
        return ast.List([_target(each) for each in node.named_children])
    if node.type == "object_pattern":
        pattern = ObjectPattern()
        pattern.entries = [_entry(each) for each in node.named_children]
        return pattern
    if node.type in ("member_expression", "subscript_expression"):
        return _expression(node)
    name = ast.Name(_text(node))
    name.outer = outer  # type: ignore[attr-defined]  # a field of ours on an ast node
    return name


def _entry(node: Node) -> tuple[str, ast.expr, ast.expr | None]:
    """Return name, target and default of an entry of an object pattern."""
    key, value = node.child_by_field_name("key"), node.child_by_field_name("value") or node
    left, right = value.child_by_field_name("left"), value.child_by_field_name("right")
    target = left or value
    name = _string(key) if key else _text(target)
    return name, _target(target), _expression(right) if right else None


# expressions


def _expression(node: Node) -> ast.expr:
    translate = _EXPRESSIONS.get(node.type)
    if node.type in _WRAPPERS and node.named_children:
        return _expression(node.named_children[0])
    if node.type in _FUNCTIONS:
        result: ast.expr = FunctionExpr()
        result.definition = _function(node)  # type: ignore[attr-defined]  # likewise a field of ours
    elif translate:
        result = translate(node)
    else:
        inner = [_expression(each) for each in node.named_children if _is_value(each)]
        # operators without a value, whose operands are followed
        result = ast.Slice(*inner[:3]) if inner else ast.Slice()
    result.source = " ".join(_text(node).split())  # type: ignore[attr-defined]  # likewise a field of ours
    return result


def _is_value(node: Node) -> bool:
    return node.type in _EXPRESSIONS or node.type in _WRAPPERS or node.type in _FUNCTIONS


def _call(node: Node) -> ast.expr:
    function = node.child_by_field_name("function") or node.child_by_field_name("constructor")
    arguments = node.child_by_field_name("arguments")
    listed = arguments.named_children if arguments else []
    args = [_expression(each) for each in listed if each.type != "comment"]
    return ast.Call(_expression(function) if function else ast.Name("call"), args, [])


def _object(node: Node) -> ast.expr:
    keys, values = list[ast.expr | None](), list[ast.expr]()
    for each in node.named_children:
        key, value = each.child_by_field_name("key"), each.child_by_field_name("value")
        if each.type == "spread_element":
            keys.append(None)
            values.append(_expression(each.named_children[0]))
        elif each.type == "shorthand_property_identifier":
            keys.append(ast.Constant(_text(each)))
            values.append(ast.Name(_text(each)))
        elif each.type == "pair" and key and value:
            keys.append(_key(key))
            values.append(_expression(value))
    return ast.Dict(keys, values)


def _key(node: Node) -> ast.expr:
    if node.type == "computed_property_name":
        return _expression(node.named_children[0])
    return ast.Constant(_string(node))


def _array(node: Node) -> ast.expr:
    return ast.List([_expression(each) for each in node.named_children if each.type != "comment"])


def _spread(node: Node) -> ast.expr:
    return ast.Starred(_expression(node.named_children[0]))


def _template(node: Node) -> ast.expr:
    parts: list[ast.expr] = []
    for each in node.named_children:
        if each.type == "template_substitution":
            parts.append(ast.FormattedValue(_expression(each.named_children[0]), -1))
        else:
            parts.append(ast.Constant(_piece(each)))
    return ast.JoinedStr(parts)


def _member(node: Node) -> ast.expr:
    return ast.Attribute(_part(node, "object"), _text(node.child_by_field_name("property")))


def _subscript(node: Node) -> ast.expr:
    return ast.Subscript(_part(node, "object"), _part(node, "index"))


def _binary(node: Node) -> ast.expr:
    left, right = _part(node, "left"), _part(node, "right")
    sign = _text(node.child_by_field_name("operator"))
    if sign in _LOGIC:
        return ast.BoolOp(_LOGIC[sign](), [left, right])
    if sign in _COMPARISONS:
        return ast.Compare(left, [_COMPARISONS[sign]()], [right])
    return ast.BinOp(left, _OPERATORS.get(sign, ast.Pow)(), right)


def _unary(node: Node) -> ast.expr:
    sign = _text(node.child_by_field_name("operator"))
    operators: dict[str, type[ast.unaryop]] = {"-": ast.USub, "!": ast.Not, "+": ast.UAdd}
    argument = _part(node, "argument")
    return ast.UnaryOp(operators[sign](), argument) if sign in operators else ast.Slice(argument)


def _ternary(node: Node) -> ast.expr:
    parts = (_part(node, name) for name in ("condition", "consequence", "alternative"))
    return ast.IfExp(*parts)


def _assignment(node: Node) -> ast.expr:
    left = node.child_by_field_name("left")
    target = _target(left, outer=True) if left else ast.Name("_")
    return ast.NamedExpr(cast("ast.Name", target), _part(node, "right"))


def _number(node: Node) -> ast.expr:
    try:
        return ast.Constant(ast.literal_eval(_text(node).removesuffix("n")))
    except (ValueError, SyntaxError):
        return ast.Slice()


_EXPRESSIONS: dict[str, Callable[[Node], ast.expr]] = {
    "call_expression": _call, "new_expression": _call, "object": _object, "array": _array,
    "spread_element": _spread, "template_string": _template, "member_expression": _member,
    "subscript_expression": _subscript, "binary_expression": _binary,
    "unary_expression": _unary, "ternary_expression": _ternary,
    "assignment_expression": _assignment, "number": _number,
    "string": lambda node: ast.Constant(_string(node)),
    "identifier": lambda node: ast.Name(_text(node)), "this": lambda _: ast.Name("this"),
    "undefined": lambda _: ast.Constant(None), "null": lambda _: ast.Constant(None),
    "true": lambda _: ast.Constant(True), "false": lambda _: ast.Constant(False),
}  # fmt: skip


# text


def _part(node: Node, name: str) -> ast.expr:
    child = node.child_by_field_name(name)
    return _expression(child) if child else ast.Slice()


def _text(node: Node | None) -> str:
    return (node.text or b"").decode("utf-8", "replace") if node else ""


def _string(node: Node | None) -> str:
    """Return the text of a string, or a name unchanged."""
    if node is None or node.type != "string":
        return _text(node)
    return _joined(_piece(each) for each in node.named_children)


def _piece(node: Node) -> str:
    return _unescape(_text(node)) if node.type == "escape_sequence" else _text(node)


def _joined(pieces: Iterable[str]) -> str:
    """Join text; two escapes may be a surrogate pair."""
    text = "".join(pieces)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _unescape(text: str) -> str:
    if match := _CODE_POINT.fullmatch(text):
        return chr(int(next(filter(None, match.groups())), 16))
    return "" if text[1:2] in "\r\n\u2028\u2029" else _ESCAPES.get(text[1:], text[1:])
