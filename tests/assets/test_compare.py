"""Two pictures compared in plain HTML."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from random import Random

import pytest
from PIL import Image, ImageFilter

from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.compare import Comparison, compare
from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import AssetError, JobFailed
from segmind_widgets.jobs.job import Job
from segmind_widgets.types import Status
from tests.page import OUTSIDE, formulas, text_of
from tests.shells import picture


def photo(size: tuple[int, int], seed: int = 1, mode: str = "RGB") -> Image.Image:
    """A picture with as much detail as a photo of leaves."""
    small = size[0] // 3, size[1] // 3
    grain = Image.frombytes("RGB", small, Random(seed).randbytes(small[0] * small[1] * 3))
    return grain.resize(size).filter(ImageFilter.GaussianBlur(1)).convert(mode)


def pictures(html: str) -> list[Image.Image]:
    sources = re.findall(r'src="data:image/(?:jpeg|png|webp);base64,([^"]+)"', html)
    return [Image.open(io.BytesIO(base64.b64decode(source))) for source in sources]


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_it_is_small_and_both_pictures_have_one_size(mode: str) -> None:
    before, after = photo((1500, 1000), 1), photo((1500, 1000), 2, mode)
    if mode == "RGBA":
        after.putalpha(Image.linear_gradient("L").resize(after.size))
    html = compare(before, after).to_html()
    assert len(html.encode()) <= 150_000
    found = pictures(html)
    assert found[0].size == found[1].size
    assert min(found[0].size) > 100
    assert 'type="range"' in html


def test_an_enlarged_picture_is_compared_at_one_size() -> None:
    html = compare(photo((300, 201)), photo((1200, 804))).to_html()
    sizes = [picture.size for picture in pictures(html)]
    assert sizes == [(300, 201), (300, 201)]


def test_pictures_of_another_shape_stand_side_by_side() -> None:
    html = compare(photo((300, 200)), photo((300, 300))).to_html()
    assert len(pictures(html)) == 2
    assert 'type="range"' not in html


def test_each_picture_has_its_caption_beside_it_without_style() -> None:
    html = compare(picture((30, 20)), picture((30, 20)), ("Photo", "Result")).to_html()
    bare = re.sub(r"<style.*?</style>|<input[^>]*>", "", html)
    parts = re.sub(r"<img[^>]*>", "|", bare)
    words = [" ".join(text_of(part).split()) for part in _split(parts)]
    assert words[0] == ""
    assert words[1] == "Photo"
    assert words[2].startswith("Result")
    assert "30×20" in words[2]


def _split(html: str) -> list[str]:
    return [re.sub(r"<[^>]*>", " ", part) for part in html.split("|")]


def test_labels_and_names_stay_text() -> None:
    html = compare(picture(), picture(), (OUTSIDE, "<b>")).to_html()
    assert formulas(html) == []
    assert OUTSIDE in text_of(html)
    assert "<b>" not in html


def test_a_cell_shows_it_and_a_terminal_names_the_files(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(picture())
    bundle = compare(path, picture())._repr_mimebundle_()
    assert bundle["text/plain"].startswith("Before: photo.png · 48×32")
    assert "After: image.png · 48×32" in bundle["text/plain"]
    assert pictures(bundle["text/html"])


@pytest.mark.parametrize("source", ["https://example.com/a.png", b"RIFF\x00\x00\x00\x00WAVEfmt "])
def test_another_thing_than_a_picture_here_is_refused(source: object) -> None:
    for pair in ((source, picture()), (picture(), source)):
        with pytest.raises(AssetError, match="not an image on this machine"):
            compare(*pair)


# of a job


def inpainted(client: SegmindClient, photo: object) -> Job:
    mask = Image.new("L", (48, 32), 255)
    return client.run("sdxl-inpaint", {"mask": mask, "image": photo, "prompt": "a cat"})


def test_a_job_is_compared_with_its_input(client: SegmindClient, tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(picture())
    found = inpainted(client, path).compare()
    assert isinstance(found, Comparison)
    assert found.before.path == path
    assert found.after.kind == "image"
    assert "Input" in text_of(found.to_html())
    assert inpainted(client, Image.new("RGB", (48, 32), "red")).compare().before.pixels == (48, 32)


def test_a_job_of_an_earlier_kernel_finds_the_file_that_was_uploaded(
    client: SegmindClient, tmp_path: Path
) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(picture())
    key = client.run("bg-removal-v2", {"image": path}).id
    client.close()
    client.clear_instance()
    job = SegmindClient.instance().session.job(key)
    assert job.original_inputs is None
    assert job.compare().before.path == path
    path.write_bytes(picture(color="red"))  # no longer the file that was sent
    with pytest.raises(AssetError, match="no input image on this machine"):
        job.compare()
    path.unlink()
    with pytest.raises(AssetError, match="no input image on this machine"):
        job.compare()


def test_a_job_without_an_input_picture_says_so(client: SegmindClient) -> None:
    job = client.run("flux-schnell", {"prompt": "a cat"})
    with pytest.raises(AssetError, match="has no input image on this machine") as raised:
        job.compare()
    assert raised.value.hint


def test_a_job_without_an_output_says_so() -> None:
    with pytest.raises(AssetError, match="has no image to compare"):
        Job(id="j", inputs={"image": "x"}).compare()
    failed = Job(id="j", status=Status.FAILED, error=JobFailed("The model failed."))
    with pytest.raises(JobFailed):
        failed.compare()


def test_a_mask_is_not_the_input() -> None:
    job = Job(id="j", outputs=(Asset.of(picture()),))
    job.original_inputs = {"mask": Asset.of(picture()), "photos": [Asset.of(picture((9, 9)))]}
    assert job.compare().before.pixels == (9, 9)
