"""What a file is, told by its first and last bytes. Names and declared types are the sender's words: not asked."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from shared.errors import Invalid

HEAD_BYTES: Final = 2048
"""How much of the beginning the functions here need."""

TAIL_BYTES: Final = 1024
"""Where `%%EOF` must stand: the rule of Acrobat readers (implementation notes of the PDF reference)."""


class FileRefused(Invalid):
    """The file cannot be taken.

    `code` says why: file_empty, file_too_large, file_type_refused, file_damaged, image_too_large.
    """

    def __init__(self, code: str, detail: str) -> None:
        """The field at fault is always the file."""
        super().__init__(code, detail, "file")


class Kind(StrEnum):
    """What is accepted."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    HEIC = "image/heic"
    TIFF = "image/tiff"
    PDF = "application/pdf"


ACCEPTED: Final = "JPEG, PNG, WebP, HEIC and TIFF pictures and PDF documents are accepted"

SHOWN_INLINE: Final = frozenset({"image/jpeg", "image/png", "image/webp", "application/pdf"})
"""What is ever stored, and so ever shown in a browser. Everything else could run there, or not be shown at all."""

_STARTS: Final = (
    (b"\xff\xd8\xff", Kind.JPEG),
    (b"\x89PNG\r\n\x1a\n", Kind.PNG),
    (b"II*\x00", Kind.TIFF),
    (b"MM\x00*", Kind.TIFF),
)
_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_BEFORE_PDF: Final = b"\xef\xbb\xbf\t\n\r\x0c \x00"


def kind_of(head: bytes) -> Kind | None:
    """Tell the kind by the first bytes; None for everything that is not accepted."""
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Kind.WEBP
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        return Kind.HEIC
    # Readers find %PDF- anywhere in the first 1024 bytes; what stands before it may be another kind of file.
    return Kind.PDF if head.lstrip(_BEFORE_PDF).startswith(b"%PDF-") else None


def check_pdf_end(tail: bytes) -> None:
    """Refuse a PDF that was cut off, or that goes on as another kind of file."""
    if b"%%EOF" not in tail.rstrip(b"\x00\r\n\t ")[-TAIL_BYTES:]:
        raise FileRefused("file_damaged", "This PDF is not complete: its end is missing.")


def check_size(size: int, limit: int) -> None:
    """Refuse nothing and too much; `limit` is in bytes."""
    if size == 0:
        raise FileRefused("file_empty", "The file is empty.")
    if size > limit:
        raise FileRefused("file_too_large", f"The file is larger than {limit // (1024 * 1024)} MB.")
