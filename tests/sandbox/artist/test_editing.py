"""Pictures made of pictures: cutting out, enlarging, repainting, restyling."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from segmind_widgets.sandbox.artist import render
from segmind_widgets.sandbox.artist.styles.imprint import SOFTWARE

EDIT = "Image-to-Image Transformation"
DISC = (60, 70, 140, 150)


def as_bytes(image: Image.Image, form: str = "PNG") -> bytes:
    sink = io.BytesIO()
    image.save(sink, form)
    return sink.getvalue()


def disc() -> Image.Image:
    """A red disc with a white heart on a shaded grey ground."""
    image = Image.merge("RGB", [Image.linear_gradient("L").resize((200, 200))] * 3)
    image = image.point([140 + i // 6 for i in range(256)] * 3)
    draw = ImageDraw.Draw(image)
    draw.ellipse(DISC, fill=(210, 30, 40))
    draw.ellipse((90, 100, 110, 120), fill=(250, 250, 250))
    return image


def run(model: str, inputs: dict, media: dict, modality: str = EDIT) -> Image.Image:
    data, media_type = render.make(model, modality, inputs, 5, media)[0]
    image = Image.open(io.BytesIO(data))
    assert media_type == f"image/{str(image.format).lower()}"
    assert image.getexif()[0x0131] == SOFTWARE
    return image


def cut(**inputs) -> Image.Image:
    return run("bg-removal-v2", inputs, {"image": [as_bytes(disc())]})


def test_a_cut_out_keeps_the_subject_and_drops_the_ground():
    image = cut()
    assert (image.format, image.mode) == ("PNG", "RGBA")
    alpha = image.getchannel("A")
    assert alpha.getpixel((75, 110)) == 255
    assert alpha.getpixel((100, 110)) == 255, "a hole in the colour is no hole in the subject"
    assert image.convert("RGB").getpixel((75, 110)) == (210, 30, 40)
    assert all(alpha.getpixel(at) == 0 for at in ((10, 10), (190, 10), (10, 190), (100, 40)))


def test_masks_are_each_others_opposite():
    mask, inverted = cut(type="mask"), cut(type="inverted mask")
    assert mask.mode == inverted.mode == "L"
    assert mask.getpixel((75, 110)) == inverted.getpixel((10, 10)) == 255
    assert mask.getpixel((10, 10)) == inverted.getpixel((75, 110)) == 0


@pytest.mark.parametrize(
    ("inputs", "colour"),
    [({"type": "green"}, (0, 177, 64)), ({"custom_color": "12,34,56"}, (12, 34, 56))],
)
def test_a_colour_takes_the_place_of_the_ground(inputs, colour):
    image = cut(**inputs)
    assert image.getpixel((10, 10)) == colour
    assert image.getpixel((75, 110)) == (210, 30, 40)


def test_blur_softens_the_ground_alone():
    striped = disc()
    draw = ImageDraw.Draw(striped)
    for x in range(0, 200, 8):
        draw.line((x, 0, x, 40), fill=(40, 40, 40), width=3)
    out = run("bg-removal-v2", {"type": "blur"}, {"image": [as_bytes(striped)]}).convert("RGB")
    band = (20, 8, 180, 30)
    assert (
        ImageStat.Stat(out.crop(band)).stddev[0]
        < 0.5 * ImageStat.Stat(striped.crop(band)).stddev[0]
    )
    assert out.getpixel((75, 110)) == (210, 30, 40)


def test_a_wrong_custom_colour_names_its_field():
    with pytest.raises(ValueError, match="custom_color must be three numbers"):
        cut(custom_color="teal")


def test_the_artists_own_pictures_are_cut_out_exactly():
    request = {"prompt": "a cat in a garden at sunset", "width": 400, "height": 400}
    drawn = render.make("flux-schnell", "Text-to-Image Generation", request, 1, {})[0][0]
    alpha = run("bg-removal-v2", {}, {"image": [drawn]}).getchannel("A")
    share = sum(alpha.histogram()[128:]) / (400 * 400)
    assert 0.05 < share < 0.35, "the cat, and neither the flowers nor the sky"


@pytest.mark.parametrize(
    ("model", "inputs", "size"),
    [
        ("esrgan", {}, (400, 400)), ("esrgan", {"scale": 4}, (800, 800)),
        ("esrgan", {"scale": "8"}, (1600, 1600)), ("clarity-upscaler", {"scale_factor": 3},
            (600, 600)),
    ],
)  # fmt: skip
def test_upscalers_enlarge(model, inputs, size):
    assert run(model, inputs, {"image": [as_bytes(disc())]}).size == size


def test_an_enlarged_picture_is_sharp_and_at_most_4096():
    wide = Image.new("RGB", (1500, 20), "navy")
    assert run("esrgan", {"scale": 8}, {"image": [as_bytes(wide)]}).size == (4096, 55)
    small = disc()
    plain = small.resize((400, 400), Image.Resampling.BILINEAR)
    ours = run("esrgan", {"scale": 2, "output_format": "png"}, {"image": [as_bytes(small)]})
    edge = (110, 140, 150, 300)
    assert ImageStat.Stat(ours.crop(edge)).stddev[1] > ImageStat.Stat(plain.crop(edge)).stddev[1]


@pytest.mark.parametrize("size", [(5000, 12), (12, 4097), (4096, 4)])
@pytest.mark.parametrize("model", ["esrgan", "clarity-upscaler"])
def test_an_enlarged_picture_is_never_smaller(size, model):
    large = as_bytes(Image.new("RGB", size, "navy"))
    assert run(model, {"scale": 2}, {"image": [large]}).size == size


def test_transparency_survives_an_upscale():
    clear = disc()
    clear.putalpha(Image.linear_gradient("L").resize((200, 200)))
    image = run("esrgan", {"output_format": "jpeg"}, {"image": [as_bytes(clear)]})
    assert image.mode == "RGBA"
    assert image.getchannel("A").getpixel((10, 5)) < 20


def inpaint(mask: Image.Image, prompt: str = "a cat", **inputs) -> Image.Image:
    media = {"image": [as_bytes(disc())], "mask": [as_bytes(mask)]}
    return run("sdxl-inpaint", {"prompt": prompt, **inputs}, media, "Image Inpainting")


@pytest.mark.parametrize("prompt", ["a cat", "mountains at night", "a fox, oil painting"])
def test_inpainting_touches_nothing_outside_the_mask(prompt):
    mask = Image.new("L", (200, 200))
    mask.paste(255, (50, 60, 150, 160))
    out = inpaint(mask, prompt)
    assert out.format == "PNG"
    changed = ImageChops.difference(out.convert("RGB"), disc())
    assert ImageStat.Stat(changed.crop((50, 60, 150, 160))).mean[0] > 8
    changed.paste((0, 0, 0), (50, 60, 150, 160))
    assert changed.getbbox() is None


def test_the_mark_is_drawn_only_where_it_was_repainted():
    all_white = inpaint(Image.new("L", (200, 200), 255), "a blue night")
    nothing = inpaint(Image.new("L", (200, 200), 0), "a blue night")
    assert ImageChops.difference(nothing.convert("RGB"), disc()).getbbox() is None
    assert ImageChops.difference(all_white.convert("RGB"), disc()).getbbox() == (0, 0, 200, 200)


def test_a_mask_of_another_size_is_brought_to_the_pictures():
    mask = Image.new("L", (50, 50))
    mask.paste(255, (0, 0, 25, 50))
    changed = ImageChops.difference(inpaint(mask).convert("RGB"), disc())
    assert changed.crop((0, 0, 90, 200)).getbbox()
    assert changed.crop((104, 0, 200, 200)).getbbox() is None


def test_inpainting_without_a_mask_says_so():
    with pytest.raises(ValueError, match="mask is missing"):
        render.make(
            "sdxl-inpaint", "Image Inpainting", {"prompt": "x"}, 1, {"image": [as_bytes(disc())]}
        )


def test_an_edit_keeps_shapes_and_takes_the_prompts_light():
    media = {"image_urls": [as_bytes(disc())]}
    night = run("nano-banana", {"prompt": "make it a blue night"}, media).convert("RGB")
    day = ImageStat.Stat(disc()).mean
    dark = ImageStat.Stat(night).mean
    assert sum(dark) < 0.8 * sum(day)
    assert dark[2] > dark[0]
    inside, outside = night.getpixel((75, 110)), night.getpixel((30, 110))
    assert inside[0] - inside[2] > outside[0] - outside[2], "the disc is still the redder part"


def test_a_stronger_edit_differs_more():
    media = {"image": [as_bytes(disc())]}

    def changed(strength: float) -> float:
        image = run("flux-dev", {"prompt": "neon", "prompt_strength": strength}, media)
        return sum(ImageStat.Stat(ImageChops.difference(image.convert("RGB"), disc())).mean)

    assert changed(0.1) < changed(0.5) < changed(1)


def test_several_pictures_make_one_with_all_of_them():
    colours = ((200, 30, 30), (30, 160, 60), (40, 60, 200))
    media = {"image_urls": [as_bytes(Image.new("RGB", (80, 80), c)) for c in colours]}
    inputs = {"prompt": "together", "aspect_ratio": "1:1"}
    found = run("nano-banana", inputs, media).convert("RGB").resize((64, 64)).tobytes()
    pixels = [found[i : i + 3] for i in range(0, len(found), 3)]
    for leading in range(3):
        assert sum(max(p) == p[leading] and max(p) - sorted(p)[1] > 40 for p in pixels) > 100


def test_adding_a_subject_changes_one_corner_most():
    media = {"image": [as_bytes(Image.new("RGB", (300, 300), (120, 160, 200)))]}
    plain = run("flux-kontext-pro", {"prompt": "day"}, media).convert("RGB")
    added = run("flux-kontext-pro", {"prompt": "day, add a red car"}, media).convert("RGB")
    changed = ImageChops.difference(plain, added)
    corner, other = changed.crop((150, 150, 300, 300)), changed.crop((0, 0, 100, 100))
    assert sum(ImageStat.Stat(corner).mean) > 4 * sum(ImageStat.Stat(other).mean)


def test_a_sticker_is_cut_out_with_a_white_edge():
    inputs = {"width": 300, "height": 300}
    image = run("face-to-sticker", inputs, {"image": [as_bytes(disc())]})
    assert image.mode == "RGBA"
    assert image.getpixel((5, 5)) == (20, 16, 40, 0) or image.getchannel("A").getpixel((5, 5)) == 0
    row = [image.getpixel((x, 150)) for x in range(150)]
    assert (255, 255, 255, 255) in row, "from the edge inwards it passes the white border"


def test_a_face_model_puts_the_subject_on_a_new_scene():
    image = run("instantid", {"prompt": "in space"}, {"face_image": [as_bytes(disc())]})
    assert image.size == (200, 200)
    assert sum(ImageStat.Stat(image.convert("RGB").crop((0, 0, 60, 60))).mean) < 300


@pytest.mark.parametrize("bad", [b"", b"not a picture", as_bytes(disc())[:300]])
def test_an_unreadable_picture_names_its_field(bad):
    with pytest.raises(ValueError, match=r"^face_image: this file cannot be read"):
        render.make("instantid", EDIT, {"prompt": "x"}, 1, {"face_image": [bad]})


@pytest.mark.parametrize("model", ["bg-removal-v2", "esrgan", "face-to-sticker"])
def test_a_model_that_needs_a_picture_says_so(model):
    with pytest.raises(ValueError, match="image is missing"):
        render.make(model, EDIT, {}, 1, {})


def test_sounds_among_the_media_are_let_be():
    media = {"audio": [b"RIFF\x00\x00\x00\x00WAVEfmt "], "image": [as_bytes(disc())]}
    assert run("nano-banana", {"prompt": "night"}, media).size == (200, 200)


def test_a_picture_that_lies_on_its_side_is_set_upright():
    sink = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise to view
    Image.new("RGB", (90, 60), "olive").save(sink, "JPEG", exif=exif)
    assert run("esrgan", {}, {"image": [sink.getvalue()]}).size == (120, 180)
