"""File names: what a person called it, made harmless and true to its content."""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import quote

MAX_STEM: Final = 120
"""In characters; with Hebrew in UTF-8 and the extension that stays below the 255 bytes of file systems."""

_EXTENSIONS: Final = {
    "image/jpeg": ("jpg", "jpeg"),
    "image/png": ("png",),
    "image/webp": ("webp",),
    "application/pdf": ("pdf",),
}
_REPLACED: Final = frozenset(
    {"jpg", "jpeg", "jpe", "jfif", "png", "webp", "heic", "heif", "tif", "tiff", "pdf", "gif", "bmp"}
)
_UNSAFE: Final = re.compile(r'[<>:"|?*]')
_DEVICES: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Control characters, bidirectional overrides (which make `gpj.exe` read `exe.jpg`), line breaks, unassigned."""


def sanitised(typed: str, content_type: str) -> str:
    """Give a name without path, invisible or unsafe characters, whose extension agrees with the content."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", typed))[-1]
    visible = "".join(" " if char.isspace() else char for char in last if _kept(char))
    plain = " ".join(_UNSAFE.sub("_", visible).split()).strip(". ")
    stem, extension = _parted(plain, content_type)
    stem = stem[:MAX_STEM].rstrip(". ") or "file"
    if _DEVICES.fullmatch(stem):
        stem = f"_{stem}"
    return f"{stem}.{extension}"


def content_disposition(name: str, *, inline: bool) -> str:
    """Give the header for showing or saving: an ASCII name for old readers, the true one by RFC 5987."""
    fallback = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    fallback = re.sub(r'["\\%;]', "_", fallback).strip(". ")
    if not fallback or fallback.startswith(".") or "." not in fallback:
        fallback = "file." + name.rsplit(".", 1)[-1]
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{fallback}\"; filename*=UTF-8''{quote(name, safe='')}"


def _kept(char: str) -> bool:
    return char.isspace() or unicodedata.category(char) not in _INVISIBLE


def _parted(name: str, content_type: str) -> tuple[str, str]:
    right = _EXTENSIONS[content_type]
    stem, dot, extension = name.rpartition(".")
    lower = extension.lower()
    if dot and lower in right:
        return stem, lower
    if dot and lower in _REPLACED:
        return stem, right[0]
    return name, right[0]
