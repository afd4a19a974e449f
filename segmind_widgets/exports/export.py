"""Export a run as code: a cell, Python with this client, plain Python, curl or JavaScript.

None of it holds a key: the scripts read it from the environment. Files are given by their paths,
never by temporary URLs of a provider.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from segmind_widgets.errors import InputError
from segmind_widgets.exports.curl import curl
from segmind_widgets.exports.javascript import javascript
from segmind_widgets.exports.python import python
from segmind_widgets.exports.python_literals import literal, quoted
from segmind_widgets.exports.request import File, exportable, with_paths
from segmind_widgets.formatting import provider_option
from segmind_widgets.jobs.job import Job
from segmind_widgets.nested import walk
from segmind_widgets.syntax import cells

if TYPE_CHECKING:
    from segmind_widgets.planning.plan import Plan

__all__ = ["FORMS", "cell", "client_code", "curl", "export", "javascript", "python"]

Form = Literal["cell", "client", "python", "curl", "javascript"]
FORMS: tuple[Form, ...] = ("cell", "client", "python", "curl", "javascript")
_SCRIPTS = {"python": python, "curl": curl, "javascript": javascript}


def export(source: Plan | Job, form: Form, plan: Callable[..., Plan] | None = None) -> str:
    """Return code that runs the same again.

    Args:
        source: a plan, or a job; for a job, the seed that was used.
        form: "cell", "client" (Python with this package), or a script that does not need this
            package: "python", "curl", "javascript" (Node.js).
        plan: `client.plan`, needed to make a script from a job.

    Raises:
        InputError: a file is only in memory, or an address among the inputs is signed; `field`
            names it. Also what `plan` raises.
        ValueError: there is no such form, or a job was given without `plan`.
    """
    if form not in FORMS:
        raise ValueError(f"There is no form {form!r}; choose one of {', '.join(FORMS)}.")
    if form in _SCRIPTS:
        return _SCRIPTS[form](_planned(source, plan) if isinstance(source, Job) else source)
    if isinstance(source, Job):
        target, kind, api = source.model, source.kind, "auto"
        inputs, name, sandbox = _inputs(source), source.provider, source.sandbox
    else:
        target, kind, api = source.request.target, source.request.kind, source.request.api
        inputs, name, sandbox = (
            source.inputs,
            source.endpoint.provider.name,
            source.endpoint.sandbox,
        )
    where = provider_option(name, sandbox=sandbox)
    options = {} if where == "segmind" else {"provider": where}
    options |= {} if api == "auto" else {"api": api}
    if form == "client":
        return client_code(target, inputs, kind, **options)
    flags = {"provider": "-p", "api": "--api"}
    return cell(target, inputs, kind, " ".join(f"{flags[k]} {v}" for k, v in options.items()))


def cell(target: str, inputs: Mapping[str, Any], kind: str = "model", options: str = "") -> str:
    """Return a `%%segmind_run` or `%%segmind_workflow` cell; files are written `file:…`.

    Raises:
        InputError: a value has no text form, such as a file in memory; `field` names it.
    """
    if re.search(r"\s", target):
        raise InputError(
            f"{target!r} contains spaces, so it cannot be in the first line of a cell."
        )
    name = "segmind_run" if kind == "model" else "segmind_workflow"
    line = " ".join(filter(None, [f"%%{name}", target, options]))
    return f"{line}\n{cells.dump(exportable(inputs))}".rstrip("\n") + "\n"


def client_code(target: str, inputs: Mapping[str, Any], kind: str = "model", **options: str) -> str:
    """Return Python code for this package; files are `Path("…")`.

    Args:
        target: a model's slug, or a workflow's id, slug or URL.
        inputs: the inputs before uploads.
        kind: model or workflow.
        options: further arguments of `client.run`, such as provider.

    Raises:
        InputError: see `cell`.
    """
    values = with_paths(inputs)
    arguments = {} if kind == "model" else {"kind": kind}
    words = "".join(f", {name}={quoted(value)}" for name, value in {**arguments, **options}.items())
    with_files = any(isinstance(leaf, File) for _, leaf in walk(values))
    lines = ["from pathlib import Path\n"] if with_files else []
    lines += [
        "from segmind_widgets import SegmindClient\n",
        f"inputs = {literal(values)}\n",
        "client = SegmindClient.instance()",
        f"job = client.run({quoted(target)}, inputs{words})",
        'print(job.save("outputs"))\n',
    ]
    return "\n".join(lines)


def _planned(job: Job, plan: Callable[..., Plan] | None) -> Plan:
    if plan is None:
        raise ValueError("A script from a job needs the argument `plan`: pass client.plan.")
    return plan(job.model, _inputs(job), kind=job.kind, provider=job.provider)


def _inputs(job: Job) -> dict[str, Any]:
    """Return the inputs as sent, with the seed that was used, so that the result is the same."""
    seed = {"seed": job.seed} if job.seed is not None and "seed" in job.inputs else {}
    return {**job.inputs, **seed}
