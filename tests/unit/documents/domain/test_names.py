import re
from email.message import Message
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.documents.domain.names import content_disposition, sanitised


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("photo.jpg", "photo.jpg"),
        ("photo.JPEG", "photo.jpeg"),
        ("IMG_0001.HEIC", "IMG_0001.jpg"),
        ("scan.pdf", "scan.jpg"),
        ("invoice.exe", "invoice.exe.jpg"),
        ("report v1.2", "report v1.2.jpg"),
        ("צילום נזק.jpg", "צילום נזק.jpg"),
        ("relevé d'information.jpg", "relevé d'information.jpg"),
        ("../../etc/passwd", "passwd.jpg"),
        (r"C:\Users\dana\photo.jpg", "photo.jpg"),
        ("a\x00b\x01\x7fc.jpg", "abc.jpg"),
        ("photo\u202egpj.exe", "photogpj.exe.jpg"),
        ("\u2066x\u2069\u200f\ufeff.jpg", "x.jpg"),
        ("line\nbreak\u2028.jpg", "line break.jpg"),
        ('a<b>:"|?*.jpg', "a_b______.jpg"),
        ("  . .hidden. .jpg", "hidden.jpg"),
        ("", "file.jpg"),
        ("...", "file.jpg"),
        (".jpg", "jpg.jpg"),
        ("CON.jpg", "_CON.jpg"),
        ("x" * 500 + ".jpg", "x" * 120 + ".jpg"),
    ],
)
def test_a_name_becomes_harmless_and_true_to_its_content(typed: str, expected: str) -> None:
    assert sanitised(typed, "image/jpeg") == expected


@given(st.text(), st.sampled_from(["image/jpeg", "image/png", "image/webp", "application/pdf"]))
def test_any_name_becomes_one_that_every_file_system_takes(typed: str, content_type: str) -> None:
    name = sanitised(typed, content_type)
    assert re.fullmatch(r'[^/\\\x00-\x1f\x7f<>:"|?*]+\.(jpe?g|png|webp|pdf)', name)
    assert len(name.encode()) <= 255 or len(name) <= 125
    assert name == name.strip()
    assert not set(name) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


def test_a_sanitised_name_stays_as_it_is() -> None:
    once = sanitised("../צילום\u202e נזק?.HEIC", "image/jpeg")
    assert sanitised(once, "image/jpeg") == once


@pytest.mark.parametrize(
    "name", ["צילום נזק.jpg", "relevé d'information.pdf", 'quote"; x=y.jpg', "50%.png", "日本.webp"]
)
def test_a_header_carries_the_true_name_and_an_ascii_one(name: str) -> None:
    header = content_disposition(name, inline=False)
    assert header.isascii()
    assert unquote(header.rsplit("''", 1)[1]) == name
    message = Message()
    message["Content-Disposition"] = header.split("; filename*=")[0]
    plain = message.get_filename()
    assert plain is not None
    assert plain.endswith(name.rsplit(".", 1)[1])
    assert len(header.split("\n")) == 1


def test_a_file_is_shown_inline_or_saved() -> None:
    assert content_disposition("a.pdf", inline=True).startswith('inline; filename="a.pdf"')
    assert content_disposition("a.pdf", inline=False).startswith('attachment; filename="a.pdf"')
