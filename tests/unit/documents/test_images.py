import io

import pytest
from PIL import Image

from services.documents.domain.content import FileRefused, Kind
from services.documents.handlers.images import THUMBNAIL_SIDE, repaint, shrink
from tests.unit.documents.samples import (
    HTML,
    MAKER,
    SCRIPT,
    bomb,
    heic,
    photo,
    picture,
    png,
    saved,
    scan,
    wide_colours,
)

LIMIT = 1_000_000


def repainted(content: bytes, kind: Kind) -> tuple[str, bytes, tuple[int | None, int | None]]:
    target = io.BytesIO()
    content_type, width, height = repaint(io.BytesIO(content), kind, target, LIMIT)
    return content_type, target.getvalue(), (width, height)


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def test_a_photo_loses_its_place_its_maker_and_its_comment() -> None:
    original = photo()
    assert MAKER.encode() in original
    content_type, content, size = repainted(original, Kind.JPEG)
    image = opened(content)
    assert (content_type, size) == ("image/jpeg", (60, 40))
    assert dict(image.getexif()) == {}
    assert "comment" not in image.info
    assert MAKER.encode() not in content
    assert b"Exif" not in content


@pytest.mark.parametrize(
    ("orientation", "red_corner"), [(1, (2, 2)), (3, (57, 37)), (6, (37, 2)), (8, (2, 57))]
)
def test_a_photo_is_turned_upright(orientation: int, red_corner: tuple[int, int]) -> None:
    _, content, size = repainted(photo(orientation), Kind.JPEG)
    assert size == ((40, 60) if orientation in (6, 8) else (60, 40))
    red, _, blue = opened(content).convert("RGB").getpixel(red_corner)  # type: ignore[misc]
    assert red > 200
    assert blue < 60


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (photo() + HTML, Kind.JPEG),
        (png() + HTML, Kind.PNG),
        (saved(picture(), "WEBP", xmp=SCRIPT), Kind.WEBP),
    ],
)
def test_what_hides_beside_the_pixels_is_not_kept(content: bytes, kind: Kind) -> None:
    assert b"script" in content
    content_type, clean, _ = repainted(content, kind)
    assert content_type == str(kind)
    assert b"script" not in clean


def test_a_photo_of_a_newer_telephone_becomes_a_jpeg_without_its_place() -> None:
    original = heic()
    assert MAKER.encode() in original
    content_type, content, size = repainted(original, Kind.HEIC)
    assert (content_type, size, opened(content).format) == ("image/jpeg", (64, 48), "JPEG")
    assert MAKER.encode() not in content


def test_a_scan_of_one_page_becomes_a_jpeg() -> None:
    content_type, content, size = repainted(scan(1), Kind.TIFF)
    assert (content_type, size, opened(content).format) == ("image/jpeg", (30, 20), "JPEG")


def test_a_scan_of_several_pages_becomes_a_pdf_with_all_of_them() -> None:
    content_type, content, size = repainted(scan(3), Kind.TIFF)
    assert (content_type, size) == ("application/pdf", (None, None))
    assert content.startswith(b"%PDF-")
    assert content.rstrip().endswith(b"%%EOF")
    assert content.count(b"/Type /Page\n") == 3 or content.count(b"/Subtype /Image") == 3


def test_a_scan_of_endless_pages_is_refused() -> None:
    with pytest.raises(FileRefused, match="image_too_large"):
        repainted(scan(101), Kind.TIFF)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_png_of_every_kind_stays_a_png(mode: str) -> None:
    source = saved(Image.new("I;16", (60, 40), 40_000), "PNG") if mode == "I;16" else png(mode)
    content_type, content, size = repainted(source, Kind.PNG)
    assert (content_type, size) == ("image/png", (60, 40))
    assert opened(content).info.get("Comment") is None


def test_a_grey_of_sixteen_bits_keeps_its_brightness() -> None:
    _, content, _ = repainted(saved(Image.new("I;16", (60, 40), 40_000), "PNG"), Kind.PNG)
    assert opened(content).getpixel((0, 0)) == 40_000 // 256


def test_a_picture_with_a_transparent_colour_stays_transparent() -> None:
    _, content, _ = repainted(saved(picture(mode="P"), "PNG", transparency=0), Kind.PNG)
    assert opened(content).has_transparency_data


def test_a_webp_keeps_what_shines_through() -> None:
    translucent = picture(mode="RGBA")
    translucent.putalpha(100)
    _, content, _ = repainted(saved(translucent, "WEBP"), Kind.WEBP)
    assert opened(content).mode == "RGBA"


def test_a_profile_of_colours_is_applied_and_not_kept() -> None:
    original = wide_colours()
    assert b"hidden in the profile" in original
    _, content, _ = repainted(original, Kind.JPEG)
    assert "icc_profile" not in opened(content).info
    assert b"hidden" not in content


def test_a_broken_profile_of_colours_is_passed_over() -> None:
    content_type, _, _ = repainted(saved(picture(), "JPEG", icc_profile=b"nonsense"), Kind.JPEG)
    assert content_type == "image/jpeg"


def test_a_print_of_four_colours_becomes_one_that_browsers_show() -> None:
    _, content, _ = repainted(saved(picture(mode="CMYK"), "JPEG"), Kind.JPEG)
    assert opened(content).mode == "RGB"


@pytest.mark.parametrize(
    "content",
    [bomb(60_000, 60_000), bomb(1_001, 1_000), bomb(30_001, 1), saved(picture(1_001, 1_000), "JPEG")],
)
def test_a_picture_that_unpacks_into_too_much_is_refused_unopened(content: bytes) -> None:
    kind = Kind.PNG if content[1:4] == b"PNG" else Kind.JPEG
    with pytest.raises(FileRefused, match="image_too_large"):
        repainted(content, kind)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning")  # Pillow tells twice
@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (photo()[:400], Kind.JPEG),
        (png()[:-60], Kind.PNG),
        (bomb(100, 100), Kind.PNG),
        (b"\xff\xd8\xff" + b"nonsense" * 20, Kind.JPEG),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 nonsense", Kind.WEBP),
        (b"II*\x00" + b"\xff" * 40, Kind.TIFF),
        (b"\x00\x00\x00\x18ftypheic" + b"\x00" * 40, Kind.HEIC),
    ],
)
def test_a_damaged_picture_is_refused(content: bytes, kind: Kind) -> None:
    with pytest.raises(FileRefused, match="file_damaged"):
        repainted(content, kind)


def test_only_the_decoder_that_fits_the_first_bytes_sees_the_file() -> None:
    with pytest.raises(FileRefused, match="file_damaged"):
        repainted(png(), Kind.JPEG)


@pytest.mark.parametrize(
    ("form", "kind"),
    [("JPEG", Kind.JPEG), ("PNG", Kind.PNG), ("WEBP", Kind.WEBP)],
    ids=["jpeg", "png", "webp"],
)
def test_the_small_rendition_is_a_small_webp_of_the_same_shape(form: str, kind: Kind) -> None:
    noise = Image.effect_noise((2000, 1500), 60).convert("RGB")
    large = saved(noise, form)
    small = shrink(io.BytesIO(large), kind)
    assert opened(small).format == "WEBP"
    assert opened(small).size == (THUMBNAIL_SIDE, THUMBNAIL_SIDE * 3 // 4)
    assert len(small) < min(60_000, len(large) / 10), "noise is the heaviest that a picture can be"


def test_the_small_rendition_of_a_small_picture_is_not_blown_up() -> None:
    assert opened(shrink(io.BytesIO(saved(picture(), "JPEG")), Kind.JPEG)).size == (60, 40)


def test_the_small_rendition_keeps_what_shines_through() -> None:
    translucent = picture(mode="RGBA")
    translucent.putalpha(100)
    assert opened(shrink(io.BytesIO(saved(translucent, "PNG")), Kind.PNG)).mode == "RGBA"
