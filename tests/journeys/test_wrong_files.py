"""Wrong files in the magics: one sentence that names the file, a remedy, and nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from segmind_widgets.errors import AssetError
from segmind_widgets.sandbox import Sandbox
from tests.shells import Shell, open_shell
from tests.wrong_files import WRONG, encoded

AGAIN = "Choose another file, or download or save it again."
LINES = [
    "%segmind_upload {}",
    "%segmind_upload {} -p apimart",
    "%segmind_run bg-removal-v2 image=file:{}",
    "%%segmind_run bg-removal-v2\nimage: file:{}",
]
SVG = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><path d='M1 1h7v7z'/></svg>"


@pytest.fixture
def shell(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    monkeypatch.chdir(tmp_path)
    with open_shell(tmp_path, sandbox) as opened:
        yield opened


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize(("name", "data", "sentence"), WRONG, ids=[name for name, *_ in WRONG])
def test_a_wrong_file_is_named_and_nothing_is_sent(
    shell: Shell, sandbox: Sandbox, name: str, data: bytes, sentence: str, line: str
) -> None:
    Path(name).write_bytes(data)
    with pytest.raises(AssetError) as raised:
        shell.run(line.format(name))
    assert sentence in str(raised.value)
    assert raised.value.hint == AGAIN
    assert sandbox.requests("POST") == []
    assert shell.client.jobs() == []


def test_a_wrong_file_among_others_stops_the_upload_before_the_first(
    shell: Shell, sandbox: Sandbox
) -> None:
    Path("a.png").write_bytes(encoded("PNG"))
    for name, data, _ in WRONG:
        Path(name).write_bytes(data)
    with pytest.raises(AssetError, match=r"empty\.png is empty\."):
        shell.run("%segmind_upload *.png")
    assert sandbox.requests("POST") == []


@pytest.mark.parametrize("line", ["%segmind_upload {} -p apimart"])
def test_an_svg_says_what_to_do(shell: Shell, sandbox: Sandbox, line: str) -> None:
    Path("drawing.svg").write_text(SVG)
    with pytest.raises(AssetError, match=r"drawing\.svg is an SVG drawing") as raised:
        shell.run(line.format("drawing.svg"))
    assert "Export it as PNG" in raised.value.hint
    assert not any(word in raised.value.hint for word in (".path", ".text", "asset."))
    assert sandbox.requests("POST") == []


def test_an_svg_is_uploaded_where_the_service_stores_any_file(
    shell: Shell, sandbox: Sandbox
) -> None:
    Path("drawing.svg").write_text(SVG)
    shell.run("%segmind_upload drawing.svg")
    assert len(sandbox.requests("POST")) == 1
