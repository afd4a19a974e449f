"""A workflow's misspelt inputs, as a person meets them: in cells, in the panel, in Python."""

from __future__ import annotations

import contextlib
import io
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from segmind_widgets.errors import InputError, LimitError
from segmind_widgets.panels.workflow import WorkflowPanel
from segmind_widgets.planning.workflow_inputs import known_names
from segmind_widgets.sandbox import Sandbox
from tests.page import text_of
from tests.shells import Shell, open_shell
from tests.waits import until

ID = "65c9c7f641c340d7ef2f7134-v1"
GOOD = {"product_prompt": "a shoe"}
WRONG = {"product_promt": "a shoe"}
MEANT = "`product_promt` is not a known parameter of"
CODE = f"""
import requests
data = {{"background": "https://images.segmind.com/inputs/a.jpg", "product_prompt": "A teapot"}}
requests.post("https://api.segmind.com/workflows/{ID}", json=data)
"""
PAGE = f"""{CODE}
Parameters
backgroundoptional
string (uri)
The scene behind the product
product_promptrequired
string
The product
Response Format
"""


@pytest.fixture
def shell(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    monkeypatch.chdir(tmp_path)
    with open_shell(tmp_path, sandbox) as opened:
        yield opened


def by_cell(shell: Shell, inputs: Mapping[str, Any]) -> str:
    """Run a cell; return what it shows."""
    out = io.StringIO()
    lines = "\n".join(f"{name}: {value}" for name, value in inputs.items())
    with contextlib.redirect_stdout(out):
        shell.run(f"%%segmind_workflow {ID} --again\n{lines}")
    return out.getvalue()


def by_python(shell: Shell, inputs: Mapping[str, Any]) -> str:
    with pytest.warns(UserWarning, match="sent unchanged|come from a page") as told:
        shell.client.submit_workflow(ID, inputs, again=True).wait(30)
    return " ".join(str(one.message) for one in told)


def by_panel(shell: Shell, inputs: Mapping[str, Any]) -> str:
    """Run a form; return what the panel says after the end."""
    panel = WorkflowPanel(ID, client=shell.client)
    ended = threading.Event()
    panel.outputs.observe(lambda _: ended.set(), "items")
    assert panel.form is not None
    panel.form.inputs = dict(inputs)
    panel.go.click()
    assert ended.wait(30)
    panel.close()
    return text_of(panel.line.value)


WAYS = pytest.mark.parametrize("way", [by_cell, by_python, by_panel])
KNOWN = {
    "page": lambda shell: shell.client.read(PAGE),
    "code": lambda shell: shell.client.read(CODE),
    "cell of code": lambda shell: shell.run(f"%%segmind_workflow\n{CODE}"),
    "run": lambda shell: by_cell(shell, GOOD),
}


@WAYS
@pytest.mark.parametrize("source", KNOWN)
def test_a_misspelt_input_is_told_where_the_inputs_are_known(
    shell: Shell, way: Callable[[Shell, Mapping[str, Any]], str], source: str
) -> None:
    KNOWN[source](shell)
    said = way(shell, WRONG)
    assert f"{MEANT} {ID}; did you mean `product_prompt`? It is sent unchanged." in said
    said = way(shell, WRONG)
    assert MEANT in said, "an accepted misspelling is no known input"


@WAYS
def test_it_is_told_once_where_the_inputs_are_not_known(
    shell: Shell, sandbox: Sandbox, way: Callable[[Shell, Mapping[str, Any]], str]
) -> None:
    assert f"The names of the inputs of {ID} cannot be checked" in way(shell, WRONG)
    assert shell.client.plan("poster-with-caption", {"a": 1}, kind="workflow").notes == ()
    assert [post.json for post in sandbox.billed_posts] == [WRONG]


def test_the_code_in_a_cell_is_not_called_unknown(shell: Shell) -> None:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        shell.run(f"%%segmind_workflow\n{CODE}")
    assert "Read from Python" in out.getvalue()
    assert "cannot be checked" not in out.getvalue()


def test_inputs_are_known_from_the_runs_of_an_earlier_kernel(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    with open_shell(tmp_path, sandbox) as shell:
        by_cell(shell, GOOD)
    with open_shell(tmp_path, sandbox) as shell:
        said = by_cell(shell, WRONG)
        assert MEANT in said
        assert "cannot be checked" not in said


@pytest.mark.parametrize("mode", ["warn", "schema", "strict"])
def test_the_setting_decides_about_what_a_page_describes(
    shell: Shell, sandbox: Sandbox, mode: str
) -> None:
    shell.client.check_inputs = mode
    shell.client.read(PAGE)

    def plan() -> Any:
        return shell.client.plan(ID, WRONG, kind="workflow")

    if mode == "strict":
        with pytest.raises(InputError, match="`product_prompt` is required") as raised:
            plan()
        assert "did you mean `product_prompt`?" in raised.value.hint
    else:
        notes = plan().notes
        assert any(MEANT in note for note in notes)
        assert any("`product_prompt` is required" in note for note in notes)
    assert sandbox.billed_posts == []


def test_values_stay_as_written_where_only_names_are_known(shell: Shell) -> None:
    shell.client.read(CODE.replace('"A teapot"', "5"))
    plan = shell.client.plan(ID, {"product_prompt": 5.5, "background": 7}, kind="workflow")
    assert dict(plan.inputs) == {"product_prompt": 5.5, "background": 7}
    assert plan.notes == ()


def test_rows_of_a_table_are_checked_too(shell: Shell, sandbox: Sandbox) -> None:
    by_cell(shell, GOOD)
    Path("rows.csv").write_text("product_promt\na shoe\na cup\n", encoding="utf-8")
    with pytest.raises(InputError, match="did you mean `product_prompt`"):
        shell.run(f"%%segmind_workflow {ID} --rows rows.csv --yes\n")
    assert len(sandbox.billed_posts) == 1


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([{"prompt"}, {"promt"}, {"promt", "seed"}, {"prompt"}], {"prompt", "seed"}),
        ([{"promt"}, {"prompt"}, {"prompt"}], {"prompt"}),
        ([{"image_1"}, {"image_1", "image_2"}], {"image_1", "image_2"}),
        ([{"a"}, {"b"}], {"a", "b"}),
        ([], set()),
    ],
)
def test_of_two_names_that_are_alike_one_is_misspelt(
    runs: list[set[str]], expected: set[str]
) -> None:
    assert set(known_names([frozenset(names) for names in runs])) == expected


def test_the_code_of_the_page_is_right_whatever_was_run() -> None:
    runs = [frozenset({"promt"})] * 3
    assert list(known_names(runs, ["prompt"])) == ["prompt"]


# --- what its page says of its cost


NUMBERED = "\n".join(f"{number:2}{line}" for number, line in enumerate(CODE.strip().split("\n"), 1))
PRICED = f"Product shots\n\n~37.44s\n~$0.2724\n{PAGE.replace(CODE, NUMBERED)}"


def test_a_workflows_usual_cost_is_that_of_its_page(shell: Shell, sandbox: Sandbox) -> None:
    client = shell.client
    before = client.plan(ID, GOOD, kind="workflow")
    assert before.estimate.high is None
    client.read(PRICED)
    plan = client.plan(ID, GOOD, kind="workflow")
    assert str(plan.estimate) == "about $0.2724 (its page)"
    assert plan.estimate.high == 0.2724
    with pytest.raises(LimitError, match="typically costs"):
        client.plan(ID, GOOD, kind="workflow", max_cost=0.1)
    client.plan(f"https://api.segmind.com/workflows/{ID}", GOOD, kind="workflow", max_cost=0.3)
    assert sandbox.requests("POST") == []


def test_own_runs_of_a_workflow_tell_its_cost_better_than_its_page(shell: Shell) -> None:
    client = shell.client
    client.read(PRICED)
    place = client.session.endpoints.choose("segmind").address
    for usd in (0.3, 0.31, 0.29):
        client.session.store.add(
            target=ID, kind="workflow", provider="segmind", place=place, sandbox=False,
            inputs=GOOD, status="completed", cost=usd,
        )  # fmt: skip
    estimate = client.plan(ID, GOOD, kind="workflow").estimate
    assert (estimate.source, estimate.high) == ("your last 3 runs", 0.31)


def test_code_alone_tells_no_cost(shell: Shell) -> None:
    shell.client.read(f"~$0.2724\n{NUMBERED}")
    assert shell.client.plan(ID, GOOD, kind="workflow").estimate.high is None


def test_the_workflow_panel_shows_the_cost_of_the_page(shell: Shell) -> None:
    panel = WorkflowPanel(PRICED, client=shell.client)
    try:
        until(lambda: "$0.27" in text_of(panel.cost.value))
    finally:
        panel.close()
