from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from segmind_widgets.assets.asset import Asset
from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import AssetError, Unauthorized
from segmind_widgets.network.uploads import needed
from segmind_widgets.providers import _apimart_uploads
from segmind_widgets.sandbox import Sandbox
from tests.shells import picture


def sent(sandbox: Sandbox) -> int:
    return len(sandbox.requests("POST"))


def test_one_content_is_sent_once_whatever_it_is_called(
    client: SegmindClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    data = picture()
    path = tmp_path / "a.png"
    path.write_bytes(data)
    first = client.upload(path)
    assert client.upload(data).url == client.upload(str(path)).url == first.url
    both = client.upload([path, data])
    assert [asset.url for asset in both] == [first.url, first.url]
    assert [asset.path for asset in both] == [path, None]
    assert sent(sandbox) == 1


def test_force_sends_again(client: SegmindClient, sandbox: Sandbox) -> None:
    first = client.upload(picture())
    assert client.upload(picture(), force=True).url != first.url
    assert sent(sandbox) == 2


def test_each_provider_has_its_own_copy(client: SegmindClient, sandbox: Sandbox) -> None:
    urls = {client.upload(picture(), provider=name).url for name in ("segmind", "apimart")}
    assert len(urls) == sent(sandbox) == 2


def test_order_is_kept_among_known_new_and_foreign(client: SegmindClient) -> None:
    colors = ("red", "green", "blue")
    known = {color: client.upload(picture(color=color)).url for color in colors[:2]}
    sources = [picture(color="blue"), "https://example.org/a.png", picture(color="green")]
    done = client.upload([*sources, picture(color="red")])
    assert [asset.url for asset in done[1:]] == [
        "https://example.org/a.png",
        known["green"],
        known["red"],
    ]
    assert done[0].url not in known.values()


@pytest.mark.parametrize("provider", ["segmind", "apimart"])
def test_progress_rises_to_the_whole(client: SegmindClient, provider: str) -> None:
    told: list[tuple[int, int]] = []
    files = [picture((300 + i, 300), "red") + bytes(400_000) for i in range(3)]
    client.upload(files, provider=provider, progress=lambda *now: told.append(now))
    total = sum(map(len, files))
    assert {whole for _, whole in told} == {total}
    counts = [count for count, _ in told]
    assert counts == sorted(counts)
    assert counts[-1] == total


def test_a_refused_file_stops_everything_before_it_is_sent(
    client: SegmindClient, sandbox: Sandbox
) -> None:
    with pytest.raises(AssetError):
        client.upload([picture(), b"no picture"], provider="apimart")
    with pytest.raises(AssetError, match="There is no file"):
        client.upload(["https://example.org/a.png", "missing.png"])
    assert sent(sandbox) == 0


def test_what_was_done_before_a_failure_is_not_sent_again(
    client: SegmindClient, sandbox: Sandbox
) -> None:
    sandbox.faults.add("POST .*", 401, after=1)
    files = [picture(color="red"), picture(color="blue")]
    with pytest.raises(Unauthorized):
        client.upload(files, provider="apimart")
    client.upload(files, provider="apimart")
    assert sent(sandbox) == 3


def test_a_rate_limit_is_waited_for(client: SegmindClient, sandbox: Sandbox) -> None:
    sandbox.faults.add("POST .*", 429, headers={"retry-after": "0"})
    assert client.upload(picture()).url
    assert sent(sandbox) == 2


def test_a_run_sends_each_content_once_where_urls_live_for_less_than_an_hour(
    client: SegmindClient, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_apimart_uploads, "HOURS", 0.5)
    red, blue = picture(color="red"), picture(color="blue")
    inputs = {"prompt": "a fox", "image_urls": [red, blue, red]}
    job = client.run("gemini-3-pro-image-preview", inputs, provider="apimart")
    assert len(sandbox.requests("POST", "uploads")) == 2
    first, second, third = job.inputs["image_urls"]
    assert first == third != second
    posted = sandbox.requests("POST", "generations")[0].json["image_urls"]
    assert posted == [first, second, third]


def test_when_an_upload_is_needed(client: SegmindClient) -> None:
    endpoint, data = client.session.endpoints.choose(), picture()
    now = datetime.now(timezone.utc)
    past, future = ((now + timedelta(hours=h)).isoformat() for h in (-1, 1))
    asset = Asset(data=data)
    assert needed(asset, endpoint)
    assert not needed(Asset(url="https://example.org/a.png"), endpoint)
    assert not needed(asset.at("https://example.org/a.png"), endpoint)
    assert not needed(asset.at("https://example.org/a.png", future), endpoint)
    assert needed(asset.at("https://example.org/a.png", past), endpoint)


def test_a_large_file_is_hashed_while_it_is_sent_and_then_known(
    client: SegmindClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    first, same, other = tmp_path / "a.bin", tmp_path / "b.bin", tmp_path / "c.bin"
    first.write_bytes(b"a" * 5_000_000)
    same.write_bytes(b"a" * 5_000_000)
    other.write_bytes(b"c" * 5_000_000)
    one = client.upload(first)
    assert client.upload(same).url == one.url
    again = client.upload([other, first, same])
    assert [asset.url == one.url for asset in again] == [False, True, True]
    assert len(sandbox.requests("POST", "upload-asset")) == 2
