import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.documents.domain.content import (
    SHOWN_INLINE,
    FileRefused,
    Kind,
    check_pdf_end,
    check_size,
    kind_of,
)
from tests.unit.documents.samples import EXE, GIF, HTML, PDF, SVG, ZIP, photo, png, scan


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (photo(), Kind.JPEG),
        (png(), Kind.PNG),
        (scan(1), Kind.TIFF),
        (b"MM\x00*" + bytes(9), Kind.TIFF),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", Kind.WEBP),
        (b"\x00\x00\x00\x18ftypheic", Kind.HEIC),
        (b"\x00\x00\x00\x18ftypmif1", Kind.HEIC),
        (PDF, Kind.PDF),
        (b"\xef\xbb\xbf\r\n" + PDF, Kind.PDF),
    ],
)
def test_the_first_bytes_tell_the_kind(content: bytes, kind: Kind) -> None:
    assert kind_of(content) is kind


@pytest.mark.parametrize(
    "content",
    [
        b"",
        EXE,
        GIF,
        HTML,
        SVG,
        ZIP,
        GIF + PDF,
        HTML + PDF,
        ZIP + PDF,
        b"\x00\x00\x00\x18ftypisom",
        b"RIFF\x00\x00\x00\x00WAVE",
    ],
)
def test_everything_else_is_not_accepted_even_with_a_pdf_behind_it(content: bytes) -> None:
    assert kind_of(content) is None


@given(st.binary(max_size=64))
def test_any_bytes_have_a_kind_or_none(head: bytes) -> None:
    assert kind_of(head) in {*Kind, None}


@pytest.mark.parametrize("padding", [b"", b"\n", b"\x00" * 4000])
def test_a_pdf_ends_with_its_mark_whatever_a_scanner_pads_it_with(padding: bytes) -> None:
    check_pdf_end(PDF + padding)


@pytest.mark.parametrize("content", [PDF[:-8], PDF + b"PK" + b"x" * 2000])
def test_a_pdf_that_is_cut_off_or_goes_on_as_something_else_is_refused(content: bytes) -> None:
    with pytest.raises(FileRefused, match="file_damaged"):
        check_pdf_end(content)


@pytest.mark.parametrize(("size", "code"), [(0, "file_empty"), (1025, "file_too_large")])
def test_nothing_and_too_much_are_refused(size: int, code: str) -> None:
    with pytest.raises(FileRefused, match=code):
        check_size(size, 1024)


def test_a_file_of_the_largest_size_passes() -> None:
    check_size(1024, 1024)


def test_nothing_that_can_run_is_ever_shown_inline() -> None:
    assert not {"text/html", "image/svg+xml", "text/xml"} & SHOWN_INLINE
