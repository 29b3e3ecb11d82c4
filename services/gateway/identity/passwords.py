"""Passwords: argon2id, in a thread, since one check costs tens of milliseconds of a processor."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Final

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from shared.errors import Invalid

MINIMUM_LENGTH: Final = 10
MAXIMUM_LENGTH: Final = 1000
"""Longer ones would only cost time: argon2 reads them whole."""

_AT_ONCE: Final = 2
"""Each check takes 64 MiB; more at once would not be faster on the processors that a small machine has."""

_turn = asyncio.Semaphore(_AT_ONCE)
_hasher: Final = PasswordHash((Argon2Hasher(),))


def hash_password(password: str) -> str:
    """Hash a password; raises `Invalid` for one that is too short or too long. Takes tens of milliseconds."""
    if not MINIMUM_LENGTH <= len(password) <= MAXIMUM_LENGTH:
        raise Invalid(
            "invalid_password", f"A password has {MINIMUM_LENGTH} to {MAXIMUM_LENGTH} characters.", "password"
        )
    return _hasher.hash(password)


async def verify_password(password: str, hashed: str | None) -> bool:
    """Check a password; without a hash (unknown account) the same work is done, and the answer is no."""
    if len(password) > MAXIMUM_LENGTH:
        return False
    async with _turn:
        compared = await asyncio.to_thread(_nobody) if hashed is None else hashed
        right = await asyncio.to_thread(_hasher.verify, password, compared)
    return right and hashed is not None


@cache
def _nobody() -> str:
    """Hash something that nobody can type, once, to compare with where there is no account."""
    return _hasher.hash("\x00nobody")
