"""Pictures are painted anew: what was hidden around or between the pixels (EXIF, GPS, other files) stays behind.

All of it is CPU work on open files: run it in a thread.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

from PIL import Image, ImageCms, ImageOps

from services.documents.domain.content import FileRefused, Kind

MAX_SIDE: Final = 30_000
"""Pixels; a JPEG cannot be longer than 65,535, and no camera or scanner comes near."""

MAX_PAGES: Final = 100
"""Pages of a scanned TIFF."""

JPEG_QUALITY: Final = 90
THUMBNAIL_SIDE: Final = 480
"""Pixels of a small rendition's longer side: a tile of 170 px is sharp on a screen of double density, lying or upright."""
THUMBNAIL_QUALITY: Final = 72
_PNG_MODES: Final = frozenset({"1", "L", "LA", "P", "RGB", "RGBA"})
_SIXTEEN_BITS: Final = frozenset({"I", "I;16", "I;16B", "I;16L"})
_PDF_RESOLUTION: Final = 200.0

Image.MAX_IMAGE_PIXELS = None  # Pillow would warn on standard error; `_check_pixels` below refuses instead


def repaint(
    source: BinaryIO, kind: Kind, target: BinaryIO, max_pixels: int
) -> tuple[str, int | None, int | None]:
    """Write a clean copy and give its content type, width and height.

    HEIC and TIFF become JPEG, since browsers show neither; a TIFF of several pages becomes a PDF, so that no
    page is lost. Orientation is applied, colours are turned into sRGB. Raises `FileRefused`.
    """
    with _refusing_what_pillow_cannot_read(), _opened(source, kind) as image:
        _check_pixels(image, max_pixels)
        pages = getattr(image, "n_frames", 1) if kind is Kind.TIFF else 1
        if pages > 1:
            return _pages_as_pdf(image, pages, target, max_pixels)
        clean = _clean(image)
        if kind is Kind.PNG:
            _for_png(clean).save(target, "PNG")
            return "image/png", *clean.size
        if kind is Kind.WEBP:
            clean = _bare(clean.convert("RGBA" if clean.has_transparency_data else "RGB"))
            clean.save(target, "WEBP", quality=JPEG_QUALITY, method=2)
            return "image/webp", *clean.size
        _for_jpeg(clean).save(target, "JPEG", quality=JPEG_QUALITY)
        return "image/jpeg", *clean.size


def shrink(source: BinaryIO, kind: Kind) -> bytes:
    """Give the small rendition of a picture that `repaint` wrote, as WebP: 5 to 25 KB instead of megabytes.

    A JPEG is unpacked at a fraction of its size at once, which takes a tenth of the time. Raises `FileRefused`.
    """
    with _refusing_what_pillow_cannot_read(), _opened(source, kind) as image:
        image.draft("RGB", (THUMBNAIL_SIDE, THUMBNAIL_SIDE))
        clean = _clean(image)
        clean = clean.convert("RGBA" if clean.has_transparency_data else "RGB")
        clean.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
        small = io.BytesIO()
        _bare(clean).save(small, "WEBP", quality=THUMBNAIL_QUALITY, method=4)
        return small.getvalue()


@contextmanager
def _refusing_what_pillow_cannot_read() -> Iterator[None]:
    try:
        yield
    except FileRefused:
        raise
    except (
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        RuntimeError,
        TypeError,
        KeyError,
        IndexError,
    ) as error:
        # Decoders of damaged files fail in every one of these ways.
        raise FileRefused("file_damaged", "This picture cannot be read: the file is damaged.") from error
    except (MemoryError, OverflowError) as error:
        raise FileRefused("image_too_large", "This picture is too large to be unpacked.") from error


def _opened(source: BinaryIO, kind: Kind) -> Image.Image:
    """Open with the one decoder that fits the first bytes: no other ever sees the file."""
    source.seek(0)
    if kind is Kind.HEIC:
        import pillow_heif  # noqa: PLC0415 - 20 MB, which only a telephone's picture needs

        pillow_heif.register_heif_opener(thumbnails=False)
        return Image.open(source, formats=["HEIF"])
    return Image.open(source, formats=[kind.name])


def _check_pixels(image: Image.Image, max_pixels: int) -> None:
    """Look at the declared size before anything is unpacked."""
    width, height = image.size
    if width * height > max_pixels or max(width, height) > MAX_SIDE:
        limit = max_pixels // 1_000_000
        detail = f"This picture has {width} x {height} pixels; {limit} million are the limit."
        raise FileRefused("image_too_large", detail)


def _clean(image: Image.Image) -> Image.Image:
    """Give the pixels alone, upright and in sRGB."""
    image.load()
    profile = image.info.get("icc_profile")
    upright = ImageOps.exif_transpose(image)
    if upright.mode in _SIXTEEN_BITS:
        upright = upright.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if isinstance(profile, bytes) and profile and upright.mode in {"RGB", "CMYK"}:
        upright = _in_srgb(upright, profile)
    if "transparency" in upright.info:
        upright = upright.convert("RGBA")
    return _bare(upright)


def _bare(image: Image.Image) -> Image.Image:
    """Drop what savers would write beside the pixels: comments, profiles, resolutions."""
    bare = image.copy()
    bare.info = {}
    return bare


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Convert the colours, since the profile is not kept; a profile that is broken tells nothing."""
    try:
        converted = ImageCms.profileToProfile(
            image,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            outputMode="RGB",
        )
    except (ImageCms.PyCMSError, OSError):
        return image
    return converted or image


def _for_png(image: Image.Image) -> Image.Image:
    if image.mode in _PNG_MODES:
        return image
    return _bare(image.convert("RGBA" if image.has_transparency_data else "RGB"))


def _for_jpeg(image: Image.Image) -> Image.Image:
    """JPEG knows no transparency: what shines through becomes white, as on paper."""
    if image.mode in {"1", "L"}:
        return image.convert("L")
    if image.has_transparency_data:
        layered = image.convert("RGBA")
        paper = Image.new("RGB", layered.size, "white")
        paper.paste(layered, mask=layered.getchannel("A"))
        return paper
    return _bare(image.convert("RGB"))


def _pages_as_pdf(
    image: Image.Image, pages: int, target: BinaryIO, max_pixels: int
) -> tuple[str, int | None, int | None]:
    if pages > MAX_PAGES:
        raise FileRefused("image_too_large", f"This scan has {pages} pages; {MAX_PAGES} are the limit.")

    def painted(page: int) -> Image.Image:
        image.seek(page)
        _check_pixels(image, max_pixels)
        return _for_jpeg(_clean(image))

    first = painted(0)
    rest = (painted(page) for page in range(1, pages))
    first.save(
        target, "PDF", save_all=True, append_images=rest, resolution=_PDF_RESOLUTION, producer="", creator=""
    )
    return "application/pdf", None, None
