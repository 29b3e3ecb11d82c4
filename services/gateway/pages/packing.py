"""Pages compressed from parts that are compressed once: gzip whose blocks were made at other times.

A page is compressed anew for each answer, and that had become a third of its making. Compressed data is a row of blocks, and one
that was made with nothing before it may stand anywhere; only the check of the whole (RFC 1952: a CRC of all bytes, and their number)
must be put together, which the CRC allows without the bytes (as `crc32_combine` of zlib does, RFC 1951 for the blocks).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

LEVEL: Final = 5
_HEAD: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""gzip, deflated, no name, no time, nobody's system."""
_END: Final = b"\x03\x00"
"""A last block, with nothing in it."""
_STORED: Final = 48
"""Bytes up to which a text is not worth compressing: it is stored as it is, in a block of its own."""
_POLYNOMIAL: Final = 0xEDB88320
_ONE: Final = 1 << 31
"""Polynomials stand with their lowest power at the highest bit."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A text as blocks that may stand anywhere; its number of bytes and CRC, and by what a CRC before it is multiplied."""

    blocks: bytes
    size: int
    crc: int
    shift: int

    @property
    def text(self) -> str:
        """The text again."""
        return zlib.decompress(self.blocks + _END, -zlib.MAX_WBITS).decode()


def packed(text: str) -> Packed:
    """Compress a text."""
    body = text.encode()
    deflate = _deflate()
    blocks = deflate.compress(body) + deflate.flush(zlib.Z_FULL_FLUSH)
    return Packed(blocks, len(body), zlib.crc32(body), _shift(len(body)))


def gzipped(pieces: Iterable[str | Packed]) -> bytes:
    """Put a compressed answer together; what is no part yet is compressed now."""
    found, crc, size, deflate = [_HEAD], 0, 0, _deflate()
    for piece in pieces:
        if isinstance(piece, Packed):
            found.append(piece.blocks)
            crc = _product(piece.shift, crc) ^ piece.crc
            size += piece.size
        elif piece:
            body = piece.encode()
            if len(body) <= _STORED:
                found.append(_stored(body))
            else:
                found += (deflate.compress(body), deflate.flush(zlib.Z_FULL_FLUSH))
            crc = zlib.crc32(body, crc)
            size += len(body)
    found.append(_END + crc.to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little"))
    return b"".join(found)


def _deflate() -> zlib._Compress:
    return zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)


def _stored(body: bytes) -> bytes:
    length = len(body)
    return b"\x00" + length.to_bytes(2, "little") + (length ^ 0xFFFF).to_bytes(2, "little") + body


def _shift(size: int) -> int:
    """The power of x by which a CRC is multiplied when so many bytes follow."""
    found, place = _ONE, 0
    while size:
        if size & 0xFF:
            found = _product(_power(size & 0xFF, place), found)
        size >>= 8
        place += 1
    return found


@cache
def _power(digit: int, place: int) -> int:
    """Give x to the power of so many bytes: a digit of their number, by its place. There are 256 for each place."""
    found = _ONE
    for bit in range(8):
        if digit >> bit & 1:
            found = _product(_POWERS[(3 + 8 * place + bit) % len(_POWERS)], found)
    return found


def _product(one: int, other: int) -> int:
    """Multiply two polynomials, modulo that of the CRC."""
    found = 0
    while one:
        if one & _ONE:
            found ^= other
        one = one << 1 & 0xFFFFFFFF
        other = other >> 1 ^ _POLYNOMIAL if other & 1 else other >> 1
    return found


def _powers() -> tuple[int, ...]:
    """Give x to the powers of two, which come round after 32."""
    found = [_ONE >> 1]
    for _ in range(31):
        found.append(_product(found[-1], found[-1]))
    return tuple(found)


_POWERS: Final = _powers()
