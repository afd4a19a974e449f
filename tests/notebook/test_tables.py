from __future__ import annotations

import pandas
from IPython.core.interactiveshell import InteractiveShell

from segmind_widgets.assets.asset import Asset
from segmind_widgets.jobs.job import Job
from segmind_widgets.markup import element
from segmind_widgets.notebook import listings
from segmind_widgets.notebook.tables import Table
from segmind_widgets.types import Model, Status
from tests.shells import picture

ROWS = [("cat", 3), ("<dog>", 12)]
COLUMNS = {"animal": lambda row: row[0], "legs": lambda row: str(row[1])}


def texts(table: Table) -> tuple[str, str]:
    bundle = table._repr_mimebundle_()
    return bundle["text/plain"], bundle["text/html"]


def test_it_is_a_sequence_of_its_values() -> None:
    table = Table(ROWS, COLUMNS)
    assert list(table) == ROWS
    assert (len(table), table[1], ("cat", 3) in table) == (2, ROWS[1], True)


def test_text_is_aligned_and_html_is_escaped() -> None:
    text, html = texts(Table(ROWS, COLUMNS, "two & more"))
    assert text.splitlines() == ["animal  legs", "cat     3", "<dog>   12", "two & more"]
    assert "&lt;dog&gt;" in html
    assert "<dog>" not in html
    assert "two &amp; more" in html


def test_pictures_are_html_and_no_text() -> None:
    columns = {**COLUMNS, "seen": lambda row: element("img", alt=row[1])}
    text, html = texts(Table(ROWS, columns, pictures=["seen"]))
    assert "seen" not in text
    assert '<img alt="3">' in html


def test_prose_is_cut_and_addresses_stay_whole() -> None:
    address, prose = "https://example.org/" + 80 * "a", 30 * "word "
    text, _ = texts(Table([address, prose], {"what": str}))
    assert address in text
    assert prose not in text
    assert "…" in text


def test_ipython_shows_it_as_a_table() -> None:
    shell = InteractiveShell()
    assert shell.display_formatter is not None
    data, _ = shell.display_formatter.format(Table(ROWS, COLUMNS))
    assert data["text/plain"].startswith("animal  legs")


def test_totals_are_shown_and_are_no_values() -> None:
    table = Table(ROWS, COLUMNS, totals=[("<all>", 15)])
    text, html = texts(table)
    assert text.splitlines()[-1] == "<all>   15"
    assert '<tr style="font-weight:bold">' in html
    assert "&lt;all&gt;" in html
    assert len(table) == 2


def test_a_whole_text_keeps_its_lines_under_each_other() -> None:
    rows = [("a", "one\n" + 30 * "two "), ("long", "three")]
    columns = {"": lambda row: row[0], " ": lambda row: row[1]}
    text, html = texts(Table(rows, columns, whole=True))
    lines = text.splitlines()
    assert lines[1:4] == ["a     one", "      " + (30 * "two ").rstrip(), "long  three"]
    assert "pre-wrap" in html


def test_a_table_becomes_a_dataframe() -> None:
    columns = {**COLUMNS, "seen": lambda row: "<img>"}
    frame = Table(ROWS, columns, pictures=["seen"], totals=[("all", 15)]).to_dataframe()
    assert isinstance(frame, pandas.DataFrame)
    assert frame.to_dict("list") == {"animal": ["cat", "<dog>"], "legs": ["3", "12"]}
    models = Table([Model("flux", cost=0.01)], {"model": lambda model: model.slug}).to_dataframe()
    assert (models["slug"][0], models["cost"][0]) == ("flux", 0.01)


def test_an_empty_table_has_its_caption() -> None:
    assert texts(listings.jobs([]))[0].splitlines()[-1] == "No jobs yet."


def test_jobs_with_a_picture_and_without_a_file() -> None:
    good = Job(id="a-1", model="flux", status=Status.COMPLETED, cost=0.02, elapsed=12.3)
    good.outputs = (Asset(data=picture()),)
    bad = Job(id="b-2", model="flux", status=Status.FAILED, sandbox=True)
    bad.outputs = (Asset(data=b"GIF89a, and then nothing", declared_type="image/gif"),)
    text, html = texts(listings.jobs([good, bad]))
    assert "completed" in text
    assert "$0.02" in text
    assert "12 s" in text
    assert "failed (sandbox)" in text
    assert html.count("<img ") == 1


def test_models_and_their_inputs() -> None:
    schema = {
        "required": ["prompt"],
        "properties": {
            "prompt": {"type": "string", "description": "What you want."},
            "steps": {"type": "integer", "minimum": 1, "maximum": 8, "default": 4},
            "images": {"type": "array", "items": {"contentMediaType": "image/*"}},
            "mode": {"enum": ["fast", "good"]},
        },
    }
    model = Model("flux", "Flux", modality="image", cost=0.0055, seconds=2.5, schema=schema)
    text, _ = texts(listings.parameters(model, "about $0.0055", 2.5))
    lines = text.splitlines()
    assert lines[1].split("  ")[0] == "prompt *"
    assert "whole number 1 to 8" in lines[2]
    assert "list of image" in lines[3]
    assert "fast, good" in lines[4]
    assert lines[5].startswith("Flux · image · about $0.0055 · about 2.5 s.")
    many, _ = texts(listings.models([model] * 50))
    assert "10 more models: add words" in many


def test_a_long_table_keeps_its_rows_and_shows_the_first() -> None:
    table = Table(range(100), {"n": str}, "In all.", totals=[4950], most=3)
    text, html = texts(table)
    assert text.splitlines() == [
        "n",
        *"012",
        "4950",
        "97 more rows are in to_dataframe(). In all.",
    ]
    assert html.count("<tr") == 1 + 3 + 1
    assert len(table) == len(table.to_dataframe()) == 100
