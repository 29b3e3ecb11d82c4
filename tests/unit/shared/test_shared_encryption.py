import pytest
from pydantic import SecretStr

from shared.encryption import FieldCipher, UndecipherableError

SECRET = SecretStr("a secret of at least thirty-two characters")


def test_a_value_comes_back_as_it_was() -> None:
    cipher = FieldCipher(SECRET, "numbers")
    assert cipher.decrypt(cipher.encrypt("דנה 123456782")) == "דנה 123456782"


def test_the_same_value_never_looks_the_same_but_has_the_same_fingerprint() -> None:
    cipher = FieldCipher(SECRET, "numbers")
    assert cipher.encrypt("1") != cipher.encrypt("1")
    assert (
        cipher.fingerprint("1") == FieldCipher(SECRET, "numbers").fingerprint("1") != cipher.fingerprint("2")
    )


@pytest.mark.parametrize(
    "other", [FieldCipher(SECRET, "accounts"), FieldCipher(SecretStr("another secret" * 3), "numbers")]
)
def test_another_purpose_or_secret_reads_nothing(other: FieldCipher) -> None:
    mine = FieldCipher(SECRET, "numbers")
    assert other.fingerprint("1") != mine.fingerprint("1")
    with pytest.raises(UndecipherableError):
        other.decrypt(mine.encrypt("1"))


def test_a_value_that_was_tampered_with_is_refused() -> None:
    cipher = FieldCipher(SECRET, "numbers")
    token = cipher.encrypt("123456782")
    with pytest.raises(UndecipherableError):
        cipher.decrypt(token[:-4] + "AAA=")
