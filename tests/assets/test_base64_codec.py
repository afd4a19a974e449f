"""Base64 is the same with pybase64 and without it."""

from __future__ import annotations

import base64
import subprocess
import sys
from collections.abc import Iterator

import pybase64
import pytest

from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.base64_codec import base64_codec
from segmind_widgets.errors import AssetError
from segmind_widgets.planning.inputs import to_base64
from segmind_widgets.providers._segmind_storage import _base64
from tests.shells import picture


@pytest.fixture(params=["pybase64", "base64"])
def module(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if request.param == "base64":
        monkeypatch.setitem(sys.modules, "pybase64", None)  # an import of it raises ImportError
    base64_codec.cache_clear()
    yield request.param
    base64_codec.cache_clear()


def test_both_modules_do_the_same(module: str) -> None:
    assert base64_codec() is {"pybase64": pybase64, "base64": base64}[module]
    data = picture()
    text = base64.b64encode(data).decode()
    asset = Asset(data=data)
    assert to_base64(asset) == text
    assert b"".join(_base64(asset)()).decode() == text
    assert Asset.of(f"data:image/png;base64,{text}").content == data
    assert 'src="data:image/jpeg;base64,/9j/' in asset.to_html()
    for broken in ("AAA", "A A=", "é"):
        with pytest.raises(AssetError, match="incomplete or not valid base64"):
            Asset.of(f"data:image/png;base64,{broken}")


def test_the_package_and_its_worker_need_no_pybase64() -> None:
    code = (
        "import sys; sys.modules['pybase64'] = None\n"
        "import segmind_widgets.client, segmind_widgets.workers.tasks, segmind_widgets.notebook\n"
        "from segmind_widgets.assets.asset import Asset\n"
        "print(Asset.of('data:text/plain;base64,Zm94').text)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "fox\n", done.stderr
