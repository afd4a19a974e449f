"""Files that are not what they seem: one sentence, a remedy, and nothing is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.damage import check_content
from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import AssetError
from segmind_widgets.sandbox import Sandbox
from tests.wrong_files import WRONG, encoded


@pytest.mark.parametrize("provider", ["segmind", "apimart"])
@pytest.mark.parametrize(("name", "data", "sentence"), WRONG, ids=[name for name, *_ in WRONG])
def test_a_wrong_file_is_named_and_not_sent(
    client: SegmindClient,
    sandbox: Sandbox,
    tmp_path: Path,
    name: str,
    data: bytes,
    sentence: str,
    provider: str,
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    for act in (
        lambda: client.upload(path, provider=provider),
        lambda: client.submit("a-model", {"image": path}, provider=provider),
    ):
        with pytest.raises(AssetError) as raised:
            act()
        assert sentence in str(raised.value)
        assert raised.value.hint == "Choose another file, or download or save it again."
    assert sandbox.requests("POST") == []


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WebP", "GIF", "BMP", "TIFF", "AVIF"])
def test_whole_pictures_are_taken(form: str) -> None:
    check_content(Asset(data=encoded(form)))
    check_content(Asset(data=encoded(form) + b"bytes behind its end"))


@pytest.mark.parametrize("data", [b"%PDF-1.7", b"<svg xmlns='x'></svg>", b"text", b"", b"\0\1"])
def test_no_error_names_an_attribute(data: bytes) -> None:
    with pytest.raises(AssetError) as raised:
        _ = Asset(data=data).image
    text = f"{raised.value} {raised.value.hint}"
    assert not any(word in text for word in (".path", ".text", ".save", "asset."))
    assert raised.value.hint


def test_an_svg_says_what_to_do(client: SegmindClient, sandbox: Sandbox) -> None:
    with pytest.raises(AssetError, match="SVG drawing, which has no pixels") as raised:
        client.upload(b"<svg xmlns='x'></svg>", provider="apimart")
    assert "Export it as PNG" in raised.value.hint
    assert sandbox.requests("POST") == []
