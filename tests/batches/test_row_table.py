"""`--rows`: a table in a file or a variable as the rows of a batch, through the magics."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pandas
import pytest

from segmind_widgets import errors
from segmind_widgets.batches.batch import Batch
from segmind_widgets.batches.plan import BatchPlan
from segmind_widgets.sandbox import Sandbox
from tests.shells import Shell, open_shell, picture

FAST = "fast-flux-schnell"
WORKFLOW = "65c9c7f641c340d7ef2f7134-v1"
CSV = 'prompt,seed,steps\n"a fox, red",1,3.0\n"a $fox ${1/0}\nand more",2,\n'
WANTED = [("a $fox ${1/0}\nand more", 2, None), ("a fox, red", 1, 3)]

Write = Callable[[str, str], None]


@pytest.fixture
def shell(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    monkeypatch.chdir(tmp_path)
    with open_shell(tmp_path, sandbox) as opened:
        yield opened


def sent(sandbox: Sandbox, *names: str) -> list[tuple[Any, ...]]:
    bodies = [r.json for r in sandbox.requests("POST") if r.json]
    return sorted((tuple(body.get(n) for n in names) for body in bodies), key=str)


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "frame", "list"])
@pytest.mark.parametrize("magic", ["%%", "%"])
def test_the_columns_are_inputs(
    form: str, magic: str, shell: Shell, sandbox: Sandbox, tmp_path: Path
) -> None:
    rows = [dict(zip(("prompt", "seed", "steps"), row, strict=True)) for row in WANTED[::-1]]
    del rows[1]["steps"]
    Path("rows.csv").write_text(CSV, newline="")
    with Path("rows.tsv").open("w", newline="") as file:
        csv.writer(file, delimiter="\t").writerows(csv.reader(io.StringIO(CSV, newline="")))
    Path("rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    shell.names.update({"frame": pandas.DataFrame(rows), "list": rows})
    table = f"rows.{form}" if Path(f"rows.{form}").exists() else f"${form}"
    same = "\naspect_ratio: 16:9" if magic == "%%" else " aspect_ratio=16:9"
    batch = shell.run(f"{magic}segmind_run {FAST} --rows {table} -o found{same}")
    assert isinstance(batch, Batch)
    assert batch is shell.names["found"]
    assert sent(sandbox, "prompt", "seed", "steps") == WANTED
    assert sent(sandbox, "aspect_ratio") == [("16:9",)] * 2
    assert batch.done == 2


def test_the_same_rows_are_the_same_batch_in_any_form(shell: Shell, sandbox: Sandbox) -> None:
    Path("rows.csv").write_text(CSV)
    first = shell.run(f"%%segmind_run {FAST} --rows rows.csv")
    Path("copy.csv").write_text("\ufeff" + CSV.replace(",", ";").replace("x; r", "x, r"))
    again = shell.run(f"%%segmind_run {FAST} --rows copy.csv")
    assert (again.name, again.done, again.reused) == (first.name, 2, 2)
    assert len(sandbox.billed_posts) == 2
    shell.run(f"%%segmind_run {FAST} --rows rows.csv --again")
    assert len(sandbox.billed_posts) == 4


def test_a_dry_run_shows_the_plan(shell: Shell, sandbox: Sandbox) -> None:
    Path("rows.csv").write_text(CSV)
    plan = shell.run(f"%%segmind_run {FAST} --rows rows.csv --dry-run")
    assert isinstance(plan, BatchPlan)
    assert plan.rows == plan.to_send == 2
    assert plan.high is not None
    assert not sandbox.billed_posts


def test_a_workflow(shell: Shell, sandbox: Sandbox) -> None:
    Path("rows.csv").write_text('Text,Size,Tags\n$x,3,"[1, ""a""]"\nb,,\n')
    batch = shell.run(f"%%segmind_workflow {WORKFLOW} --rows rows.csv\nMore: 1")
    assert batch.total == 2
    assert sent(sandbox, "Text", "Size", "Tags", "More") == [
        ("$x", 3, [1, "a"], 1),
        ("b", None, None, 1),
    ]


@pytest.mark.parametrize("folder", [".", "tables"])
def test_a_file_is_found_beside_the_table_or_the_notebook(
    folder: str, shell: Shell, sandbox: Sandbox
) -> None:
    Path("tables").mkdir()
    for name in ("a.png", f"{folder}/b.png"):
        Path(name).write_bytes(picture())
    Path("tables/rows.csv").write_text("image\nfile:a.png\nfile:b.png\n")
    if folder == ".":
        Path("tables/rows.csv").write_text("image\nfile:a.png\nfile:a.png\n")
    batch = shell.run("%%segmind_run bg-removal-v2 --rows tables/rows.csv --allow-files")
    assert batch.done == 2, batch.remarks


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "rows.csv is empty"),
        ("prompt,seed\n", "rows.csv has no rows"),
        ("promt,seed\na,1\n", "column `promt`.*; did you mean `prompt`"),
        ("prompt,sed\na,\nb,3\n", "Row 2 of rows.csv has a column `sed`.*did you mean `seed`"),
        ("a red fox\na cat\n", "Row 1 of rows.csv has a column `a red fox`"),
        ("prompt,steps\na,4\nb,x\nc,x\n", "Rows 2, 3 of rows.csv: `steps` takes"),
        ("prompt,seed\na,4\nb,x\n", "Row 2 of rows.csv: `seed` takes a whole number"),
        ("seed;prompt\n1,5;b\n", "Row 1 of rows.csv: `seed` is 1,5, with a comma: write 1.5"),
        ("prompt,seed\na,1,9\n", "Row 1 of rows.csv: Line 2 .* a column without a name"),
        ("prompt,seed,seed\na,1,9\n", "two columns named `seed`"),
        ("seed\n1\n", "Row 1 of rows.csv: `prompt`"),
    ],
)
def test_what_is_wrong_names_file_row_and_column(
    content: str, said: str, shell: Shell, sandbox: Sandbox
) -> None:
    Path("rows.csv").write_text(content)
    shell.client.check_inputs = "strict"
    with pytest.raises(errors.InputError, match=said):
        shell.run(f"%%segmind_run {FAST} --rows rows.csv")
    assert not sandbox.billed_posts


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("--rows row.csv\n", "does not exist.*Did you mean `rows.csv`"),
        ("--rows rows.xlsx\n", "not a table of rows"),
        ("--rows frame\n", "There is no file frame"),
        ("--rows $fram\n", "Did you mean `frame`"),
        ("--rows $number\n", "A int does not contain rows"),
        ("--rows $generator\n", "generator is a list_iterator, not a table"),
        ("--rows rows.csv\na cat", "`prompt` is a column of rows.csv, and is also written"),
        ("--rows rows.csv --seed 3\n", "`seed` is a column of rows.csv"),
        ("--rows rows.csv --sweep steps=3,4\n", "--rows and a sweep cannot be used together"),
        ("--rows rows.csv\nsteps: {sweep: [3, 4]}", "--rows and a sweep cannot be used together"),
        ("--rows rows.csv --reuse\n", "--reuse works only with a single run"),
        ("--rows rows.csv --export curl\n", "--export works only with a single run"),
    ],
)
def test_what_does_not_go_is_told(cell: str, said: str, shell: Shell, sandbox: Sandbox) -> None:
    Path("rows.csv").write_text(CSV)
    shell.names.update({"frame": pandas.DataFrame(), "number": 3, "generator": iter([{}])})
    with pytest.raises(errors.InputError, match=said):
        shell.run(f"%%segmind_run {FAST} {cell}")
    assert not sandbox.billed_posts


def test_a_missing_file_names_the_row_and_the_nearest_name(shell: Shell, sandbox: Sandbox) -> None:
    Path("owl.png").write_bytes(picture())
    Path("rows.csv").write_text("image\nfile:owl.png\nfile:owk.png\n")
    said = r"Row 2 of rows.csv: `image`: The file .*owk.png` does not exist.*mean .*owl.png`"
    with pytest.raises(errors.InputError, match=said):
        shell.run("%%segmind_run bg-removal-v2 --rows rows.csv")


@pytest.mark.parametrize(
    ("header", "is_refused"),
    [("prompt,promptt", True), ("prompt,Seeed", True), ("id,note", True), ("prompt,id", False)],
)
def test_columns_of_a_model_that_is_known_from_a_page(
    header: str, is_refused: bool, shell: Shell, sandbox: Sandbox
) -> None:
    Path("rows.csv").write_text(f"{header}\na,1\n")
    said = "Row 1 of rows.csv has a column"
    with pytest.raises(errors.InputError, match=said) if is_refused else nullcontext():
        shell.run(f"%%segmind_run {FAST} --rows rows.csv")
    assert bool(sandbox.requests("POST")) != is_refused


def test_an_unknown_column_is_sent_where_the_user_says_so(shell: Shell, sandbox: Sandbox) -> None:
    Path("rows.csv").write_text("prompt,hint\na,x\n")
    shell.client.check_inputs = "warn"
    shell.run(f"%%segmind_run {FAST} --rows rows.csv")
    assert sent(sandbox, "prompt", "hint") == [("a", "x")]
