"""Files as telephones, scanners and attackers make them."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image, ImageCms, TiffImagePlugin
from PIL.ExifTags import GPS, IFD, Base
from PIL.PngImagePlugin import PngInfo

SCRIPT = b"<html><script>alert('evil')</script></html>"
MAKER = "Telephone of Dana"

PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)
HTML = b"<!DOCTYPE html>" + SCRIPT
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
GIF = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00"
ZIP = b"PK\x03\x04" + bytes(60)
EXE = b"MZ" + bytes(200)


def picture(width: int = 60, height: int = 40, mode: str = "RGB") -> Image.Image:
    """A picture whose upper left corner is red (or dark), so that a turn can be seen."""
    image = Image.new("RGB", (width, height), (0, 0, 255))
    image.paste((255, 0, 0), (0, 0, width // 2, height // 2))
    return image.convert(mode)


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    """The bytes of a picture."""
    target = io.BytesIO()
    image.save(target, form, **options)
    return target.getvalue()


def exif(orientation: int = 1) -> Image.Exif:
    """What a telephone writes: its maker, the orientation and the place."""
    found = Image.Exif()
    found[Base.Make] = MAKER
    found[Base.Orientation] = orientation
    place = found.get_ifd(IFD.GPSInfo)
    rational = TiffImagePlugin.IFDRational
    place[GPS.GPSLatitudeRef] = "N"
    place[GPS.GPSLatitude] = (rational(32), rational(49), rational(1234, 100))
    place[GPS.GPSLongitudeRef] = "E"
    place[GPS.GPSLongitude] = (rational(34), rational(59), rational(5678, 100))
    return found


def photo(orientation: int = 1, width: int = 60, height: int = 40) -> bytes:
    """A JPEG as a telephone takes it."""
    return saved(picture(width, height), "JPEG", exif=exif(orientation), comment=b"taken at home")


def heic() -> bytes:
    """A HEIC as a newer telephone takes it."""
    import pillow_heif  # noqa: PLC0415 - as the code under test, only where it is needed

    pillow_heif.register_heif_opener()
    return saved(picture(64, 48), "HEIF", exif=exif().tobytes(), quality=80)


def png(mode: str = "RGB", **options: Any) -> bytes:
    """A PNG with a remark in it."""
    remark = PngInfo()
    remark.add_text("Comment", SCRIPT.decode())
    return saved(picture(mode=mode), "PNG", pnginfo=remark, **options)


def scan(pages: int) -> bytes:
    """A TIFF as a scanner makes it."""
    first, *rest = [picture(30, 20, "1") for _ in range(pages)]
    return saved(first, "TIFF", save_all=True, append_images=rest)


def wide_colours() -> bytes:
    """A JPEG with a colour profile that is not sRGB."""
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return saved(picture(), "JPEG", icc_profile=lab + b"hidden in the profile")


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims this size and unpacks into it."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(b""))
        + _chunk(b"IEND", b"")
    )


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
