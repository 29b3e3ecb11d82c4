"""Personal data at rest: one key per purpose, all derived from the one secret that an operator keeps."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

_KEY_BYTES = 32


class UndecipherableError(Exception):
    """A value was encrypted under another secret: DOSSIER_SECRET differs from the one it was written with."""


class FieldCipher:
    """Encrypts single fields (identity numbers, IBANs) of one purpose.

    Purposes have keys of their own, so that a value copied from one column to another cannot be read there.
    """

    def __init__(self, secret: SecretStr, purpose: str) -> None:
        """Derive the keys by HKDF (RFC 5869); `purpose` is its info and must never change for stored data."""
        source = secret.get_secret_value().encode()
        self._fernet = Fernet(urlsafe_b64encode(_derived(source, f"dossier:{purpose}:encryption")))
        self._fingerprint_key = _derived(source, f"dossier:{purpose}:fingerprint")

    def encrypt(self, value: str) -> str:
        """Give the authenticated ciphertext; the same value gives another one each time."""
        return self._fernet.encrypt(value.encode()).decode("ascii")

    def decrypt(self, token: str) -> str:
        """Give the value back; raises `UndecipherableError` for what this key did not write."""
        try:
            return self._fernet.decrypt(token.encode("ascii")).decode()
        except InvalidToken as error:
            message = "the value was encrypted under another secret"
            raise UndecipherableError(message) from error

    def fingerprint(self, value: str) -> str:
        """Give a keyed digest: equal values can be found again without any of them being readable."""
        return hmac.new(self._fingerprint_key, value.encode(), hashlib.sha256).hexdigest()


def _derived(source: bytes, info: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=info.encode()).derive(source)
