"""Print figures of the source: sizes, folders, imports between folders, circles, prose, types.

    python tests/figures.py [ROOT]

ROOT is a checkout of the project; this one by default. Needs `grimp` (import-linter brings it) and
`ruff`.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grimp

NAME = "segmind_widgets"
BANNED = re.compile(  # participles as names
    r"_?(said|told|kept|found|given|known|made|done_with|wanted|asked|seen|shown|taken|begun|left)"
)
LONG = 40  # lines of a function


def trees(folder: Path) -> Iterator[tuple[Path, str, ast.Module]]:
    """Path, text and syntax tree of each module below a folder."""
    for path in sorted(folder.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        yield path, text, ast.parse(text)


def names(tree: ast.Module) -> Iterator[str]:
    """Names that a module binds: functions, arguments, variables, attributes of self."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name
            arguments = node.args
            yield from (
                a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
            )
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def participles(tree: ast.Module) -> set[str]:
    """Participles among the names of a module. `left` beside `right` or `top` is a side."""
    bound = set(names(tree))
    sides = {"left"} if bound & {"right", "top"} else set[str]()
    return {name for name in bound - sides if BANNED.fullmatch(name)}


def annotations(tree: ast.Module) -> Iterator[ast.expr]:
    """All annotations of a module."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if node.returns:
                yield node.returns
            every = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
            for argument in (*every, node.args.vararg, node.args.kwarg):
                if argument and argument.annotation:
                    yield argument.annotation
        elif isinstance(node, ast.AnnAssign):
            yield node.annotation


def circles(graph: dict[str, set[str]]) -> int:
    """Strongly connected parts of more than one node (Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found = 0

    def visit(node: str) -> None:
        nonlocal found
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph.get(node, ()):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            part = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            found += len(part) > 1

    for node in list(graph):
        if node not in index:
            visit(node)
    return found


def imports(root: Path) -> dict[str, int]:
    """Arrows between the package's top folders and modules, and circles of modules."""
    sys.path.insert(0, str(root))
    graph = grimp.build_graph(NAME, cache_dir=None)
    modules = {m: set(graph.find_modules_directly_imported_by(m)) for m in graph.modules}
    top = {m: ".".join(m.split(".")[:2]) for m in modules}
    arrows = {(top[a], top[b]) for a, found in modules.items() for b in found if top[a] != top[b]}
    rooms: dict[str, set[str]] = {}
    for a, b in arrows:
        rooms.setdefault(a, set()).add(b)
    return {
        "folders and modules at the top": len({t for t in top.values() if t != NAME}),
        "arrows between them": len(arrows),
        "circles between them": circles(rooms),
        "circles between modules": circles(modules),
    }


def figures(root: Path) -> dict[str, int]:
    """All figures by their names."""
    product, tests = list(trees(root / NAME)), list(trees(root / "tests"))
    classes: dict[str, int] = {}
    functions = [
        node
        for _, _, tree in product
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    for _, _, tree in product:
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                classes[node.name] = classes.get(node.name, 0) + 1
    ruff = subprocess.run(
        [
            *["ruff", "check", "--isolated", "--exit-zero", "--output-format", "json", "--select"],
            "D401,D205,D400,D415",
            str(root / NAME),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    codes = [fault["code"] for fault in json.loads(ruff.stdout)]
    return {
        "modules": len(product),
        "modules in the package's root": len(list((root / NAME).glob("*.py"))),
        "lines of product": sum(text.count("\n") for _, text, _ in product),
        "lines of tests": sum(text.count("\n") for _, text, _ in tests),
        **imports(root),
        "class names that exist twice": sum(count > 1 for count in classes.values()),
        "docstrings that do not begin with a verb (D401)": codes.count("D401"),
        "first lines that are no sentence (D205, D400, D415)": len(codes) - codes.count("D401"),
        "participles as names": sum(len(participles(tree)) for _, _, tree in product),
        f"functions over {LONG} lines": sum(
            (node.end_lineno or 0) - node.lineno + 1 > LONG for node in functions
        ),
        "`Any` in annotations": sum(
            isinstance(node, ast.Name) and node.id == "Any"
            for _, _, tree in product
            for annotation in annotations(tree)
            for node in ast.walk(annotation)
        ),
    }


if __name__ == "__main__":
    for name, value in figures(Path(*sys.argv[1:]).resolve()).items():
        print(f"{value:>7,}  {name}")
