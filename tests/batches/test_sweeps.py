"""Sweeps as rows, and as cells write them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from segmind_widgets import Sweep, errors
from segmind_widgets.assets.asset import Asset
from segmind_widgets.batches.batch import Batch
from segmind_widgets.batches.plan import BatchPlan
from segmind_widgets.batches.sweeps import label, position
from segmind_widgets.sandbox import Sandbox
from tests.shells import Shell, has_recipe, open_shell, picture

FAST = "fast-flux-schnell"

axes = st.dictionaries(
    st.sampled_from("abcd"), st.lists(st.integers(), min_size=1, max_size=4), min_size=1
)


@given(axes)
def test_the_rows_are_the_product_in_the_order_of_the_axes(values: dict[str, list[int]]) -> None:
    sweep = Sweep({"prompt": "x"}, values)
    rows = [
        {"prompt": "x", **dict(zip(values, combination, strict=True))}
        for combination in product(*values.values())
    ]
    assert list(sweep) == rows == sweep[:]
    assert [sweep[i] for i in range(-len(rows), 0)] == rows
    sides = [range(len(axis.values)) for axis in sweep.axes]
    assert [position(sweep.axes, i) for i in range(len(rows))] == list(product(*sides))


def test_a_value_may_be_a_sweep() -> None:
    sweep = Sweep({"seed": {"sweep": [1, 2]}, "prompt": "x"}, {"steps": [4, 8]})
    assert [axis.name for axis in sweep.axes] == ["steps", "seed"]
    assert sweep[1] == {"prompt": "x", "steps": 4, "seed": 2}
    assert repr(sweep) == "<Sweep 2 steps × 2 seed: 4 rows>"
    with pytest.raises(IndexError):
        sweep[4]


def test_many_rows_are_counted_and_not_made() -> None:
    sweep = Sweep({}, {"a": range(1000), "b": range(100)})
    assert len(sweep) == 100_000
    assert sweep[99_999] == {"a": 999, "b": 99}


@pytest.mark.parametrize(
    ("inputs", "given", "said"),
    [
        ({"seed": 1}, {"seed": [1]}, "both a fixed input and swept"),
        ({"seed": {"sweep": []}}, {}, "`seed` has no values"),
        ({"seed": {"sweep": 3}}, {}, "`seed` has no values"),
        ({}, {"prompt": "abc"}, "`prompt` has no values"),
        ({"seed": 1}, {}, "nothing to sweep"),
    ],
)
def test_what_is_no_sweep_is_told(inputs: Any, given: Any, said: str) -> None:
    with pytest.raises(errors.InputError, match=said):
        Sweep(inputs, given)


def test_files_are_read_once_for_all_rows(tmp_path: Path) -> None:
    cat = tmp_path / "cat.png"
    cat.write_bytes(picture())
    sweep = Sweep({"image": cat}, {"mask": [cat, picture((8, 8))]})
    assert sweep[0]["image"] is sweep[1]["image"]
    assert isinstance(sweep[1]["mask"], Asset)
    assert sweep.axes[0].labels[0] == "cat.png"


def test_labels_are_short() -> None:
    assert [label(v) for v in (True, 0.5, "a\n b")] == ["true", "0.5", "a b"]
    assert label("x" * 99) == "x" * 39 + "…"


def test_labels_tell_values_apart() -> None:
    pictures = [Image.new("RGB", (4, 4), color) for color in ("red", "green")]
    assert Sweep({}, {"image": pictures}).axes[0].labels == ("1. image.png", "2. image.png")
    words = ["fox", "x" * 50 + "a", "x" * 50 + "b"]
    first, *long = Sweep({}, {"prompt": words}).axes[0].labels
    assert (first, len(set(long))) == ("fox", 2)


# in a cell


@pytest.fixture
def shell(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    monkeypatch.chdir(tmp_path)
    with open_shell(tmp_path, sandbox) as opened:
        yield opened


def sent(sandbox: Sandbox, *names: str) -> list[tuple[Any, ...]]:
    return sorted(tuple(r.json[n] for n in names) for r in sandbox.requests("POST"))


def test_on_the_line_and_in_the_body(shell: Shell, sandbox: Sandbox) -> None:
    batch = shell.run(
        f"%%segmind_run {FAST} --sweep seed=1,2 --sweep prompt='a, b',\"c d\" -o found\n"
        "aspect_ratio: {sweep: ['1:1', 16:9]}\n"
    )
    assert isinstance(batch, Batch)
    assert batch is shell.names["found"]
    assert [axis.name for axis in batch.axes] == ["seed", "prompt", "aspect_ratio"]
    wanted = product([1, 2], ["a, b", "c d"], ["1:1", "16:9"])
    assert sent(sandbox, "seed", "prompt", "aspect_ratio") == sorted(wanted)
    assert batch.done == len(batch.outputs) == 8
    assert batch.outputs[3].path.is_file()


def test_values_are_read_as_cells_read_them(shell: Shell, sandbox: Sandbox) -> None:
    shell.names["seeds"] = [3, 4]
    shell.run(f"%segmind_run {FAST} prompt=x --sweep seed=$seeds")
    shell.run(f"%segmind_run {FAST} prompt=y seed={{sweep: $seeds}}")
    shell.run(f"%segmind_run {FAST} prompt=z --sweep seed=${{range(5, 7)}}")
    shell.run(f"%segmind_run {FAST} prompt=w --sweep seed=[8,9]")
    pairs = [("w", 8), ("w", 9), ("x", 3), ("x", 4), ("y", 3), ("y", 4), ("z", 5), ("z", 6)]
    assert sent(sandbox, "prompt", "seed") == pairs


def test_a_sweep_over_files(shell: Shell, sandbox: Sandbox, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.png").write_bytes(picture(color=(ord(name), 0, 0)))
    batch = shell.run("%segmind_run bg-removal-v2 --sweep image=file:a.png,file:b.png")
    posts = [r for r in sandbox.requests("POST") if "/v2/" in r.path]
    assert len({r.json["image"] for r in posts}) == 2
    assert batch.axes[0].labels == ("a.png", "b.png")


def test_the_same_cell_again_pays_nothing(
    shell: Shell, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    cell = f"%segmind_run {FAST} prompt=x --sweep seed=1,2,3"
    shell.run(cell)
    assert shell.run(cell).reused == 3
    assert len(sandbox.billed_posts) == 3
    shell.run(f"{cell} --again")
    assert len(sandbox.billed_posts) == 6
    assert "3 already done: not paid again" in capsys.readouterr().out


def test_a_dry_run_sends_nothing(
    shell: Shell, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.client.ask_above = 4
    plan = shell.run(
        f"%segmind_run {FAST} prompt=x --sweep seed=1,2,3 --sweep steps=2,4 --dry-run"
        " --max-cost 0.01"
    )
    assert isinstance(plan, BatchPlan)
    assert str(plan).startswith("6 jobs: about ")
    assert "$0.033; seed: 3 values × steps: 2 values" in str(plan)
    said = capsys.readouterr().out
    assert (
        "This batch would be refused: 6 jobs may cost $0.033, more than your limit of $0.01" in said
    )
    assert "more than 4 jobs at once: confirmation is required" in said
    assert sandbox.requests("POST") == []


@pytest.mark.parametrize("answer", ["n", "", "yes"])
def test_many_are_asked_for(
    answer: str, shell: Shell, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def typed(question: str) -> str:
        asked.append(question)
        return answer

    monkeypatch.setattr("builtins.input", typed)
    shell.client.ask_above = 2
    cell = f"%segmind_run {FAST} prompt=x --sweep seed=1,2,3"
    if answer == "yes":
        assert shell.run(cell).done == 3
        return
    with pytest.raises(errors.LimitError, match="You did not confirm") as caught:
        shell.run(cell)
    assert "--yes" in caught.value.hint
    assert asked[0].endswith("more than 2 jobs at once. Send them? [y/N] ")
    assert sandbox.requests("POST") == []


def test_beyond_the_budget_nobody_is_there_to_ask(shell: Shell, sandbox: Sandbox) -> None:
    shell.client.budget = 0.012
    cell = f"%segmind_run {FAST} prompt=x --sweep seed=1,2,3"
    with pytest.raises(
        errors.LimitError,
        match=r"\$0\.012 of the session\'s budget is left.* cannot ask for confirmation",
    ):
        shell.run(cell)
    assert sandbox.requests("POST") == []
    with pytest.raises(errors.LimitError, match="session's budget"):
        shell.run(f"{cell} --yes -o cut")
    batch = shell.names["cut"]
    assert (batch.done, batch.queued, len(sandbox.billed_posts)) == (2, 1, 2)
    assert "1 row was not sent. Run the same batch again" in batch.message
    assert "Raise it with %config SegmindClient.budget" in batch.message
    assert "Nothing was sent" not in batch.message + batch.error.hint
    shell.client.budget = 0
    assert shell.run(cell).done == 3
    assert len(sandbox.billed_posts) == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--sweep seed", "does not have the form NAME=V1,V2"),
        ("--sweep seed=1 --sweep seed=2", "`seed` is swept twice"),
        ("--sweep seed=1 seed=2", "is both a fixed input and swept"),
        ("--sweep seed=1 --seed 2", "is both a fixed input and swept"),
        ("--sweep seed=", "`seed` has no values"),
        ("--sweep seed=1,2 --reuse", "--reuse works only with a single run"),
        ("--sweep seed=1,2 --export curl", "--export works only with a single run"),
        ("--yes", "--yes works only with many runs, or with --max-cost"),
        ("--sweep seed=1,2 --max-cost 0.001", "may cost"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_sent(
    words: str, said: str, shell: Shell, sandbox: Sandbox
) -> None:
    with pytest.raises(errors.SegmindError, match=said):
        shell.run(f"%segmind_run {FAST} prompt=x {words}")
    assert sandbox.requests("POST") == []


def test_a_value_that_the_model_does_not_take(shell: Shell, sandbox: Sandbox) -> None:
    shell.client.check_inputs = "strict"
    with pytest.raises(errors.InputError, match=r"^Row 2: `steps`.*") as caught:
        shell.run("%segmind_run flux-schnell prompt=x --sweep steps=1,900")
    assert caught.value.hint == "Nothing was sent."
    assert sandbox.requests("POST") == []


@pytest.mark.parametrize("provider", ["segmind", "apimart"])
@pytest.mark.parametrize(
    "cell",
    [
        "%segmind_run {} prompt=x --sweep model={},flux-dev",
        "%segmind_run {} prompt=x --sweep Model={},flux-dev --sweep seed=1,2",
        "%segmind_run {} prompt=x --sweep model={},flux-dev --dry-run",
        "%%segmind_run {}\nprompt: x\nmodel: {{sweep: [{}, flux-dev]}}",
        "%%segmind_run {}\nprompt: x\nmodel: [{}, flux-dev]",
        "%%segmind_run {}\nprompt: x\nmodel:\n- {}\n- flux-schnell",
        "%segmind_run {} prompt=x model=flux-dev",
        "client.map({!r}, Sweep({{'prompt': 'x'}}, {{'model': [{!r}, 'flux-dev']}}))",
        "client.map({!r}, [{{'prompt': 'x', 'model': {!r}}}, {{'model': 'flux-dev'}}])",
        "client.run({!r}, {{'prompt': 'x', 'model': [{!r}]}})",
    ],
)
def test_two_models_are_refused_with_the_way_to_run_them(
    shell: Shell, sandbox: Sandbox, cell: str, provider: str
) -> None:
    name = FAST if provider == "segmind" else "gemini-3-pro-image-preview"
    shell.client.provider = provider
    shell.names.update(client=shell.client, Sweep=Sweep)
    with pytest.raises(errors.InputError) as raised:
        shell.run(cell.format(name, name))
    assert "To run two models, write a cell for each" in str(raised.value)
    assert sandbox.requests("POST") == []


def test_the_runs_own_model_among_its_inputs_is_left_out(shell: Shell, sandbox: Sandbox) -> None:
    batch = shell.client.map(FAST, [{"prompt": "x", "model": FAST, "seed": 1}])
    batch.wait(20)
    (post,) = sandbox.requests("POST")
    assert "model" not in post.json


def test_results_are_saved_by_their_rows(shell: Shell, tmp_path: Path) -> None:
    shell.run(f"%segmind_run {FAST} prompt=x --sweep seed=1,2 --save out -q")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["0000.png", "0001.png"]


@pytest.mark.parametrize("recipes", [True, False])
def test_saved_copies_follow_the_setting_of_recipes(
    shell: Shell, tmp_path: Path, recipes: bool
) -> None:
    sweep = f"%segmind_run {FAST} prompt=x --sweep seed=1,2 -q"
    shell.run(sweep)
    shell.client.recipes = recipes
    batch = shell.run(f"{sweep} --save out")
    assert batch.reused == 2
    assert [has_recipe(copy) for copy in (tmp_path / "out").iterdir()] == [recipes] * 2


def test_in_the_background(shell: Shell) -> None:
    batch = shell.run(f"%segmind_run {FAST} prompt=x --sweep seed=1,2 -b")
    assert batch.wait(30).done == 2


# very many


@pytest.mark.parametrize(
    ("values", "count", "field"),
    [
        ({"seed": range(100), "steps": range(1_001)}, "100,100", "steps"),
        ({"seed": [1, 2], "steps": range(10**12)}, "2,000,000,000,000", "steps"),
        ({"seed": itertools.count()}, "100,001", "seed"),
        ({name: range(1_000) for name in "abcdefgh"}, f"{10**24:,}", "a"),
    ],
)
def test_more_rows_than_anybody_means_are_refused_before_they_are_built(
    values: dict[str, Any], count: str, field: str
) -> None:
    with pytest.raises(errors.InputError, match=rf"has {count} rows; at most 100,000") as refused:
        Sweep({"prompt": "x"}, values)
    assert refused.value.field == field
    assert f"`{field}`" in refused.value.hint
    with pytest.raises(errors.InputError, match=count):
        Sweep({"prompt": "x"} | {name: {"sweep": many} for name, many in values.items()})
