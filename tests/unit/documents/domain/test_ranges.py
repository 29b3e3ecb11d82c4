import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.documents.domain.ranges import Part, requested_part
from shared.errors import Invalid


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-0", Part(0, 0)),
        ("bytes=2-5", Part(2, 5)),
        ("bytes=90-", Part(90, 99)),
        ("bytes=90-500", Part(90, 99)),
        ("bytes=-10", Part(90, 99)),
        ("bytes=-500", Part(0, 99)),
    ],
)
def test_one_range_is_given_within_the_file(header: str, part: Part) -> None:
    assert requested_part(header, 100) == part


@pytest.mark.parametrize(
    "header", [None, "", "bytes=-", "bytes=5-2", "bytes=0-1,4-5", "lines=1-2", "bytes=a-b"]
)
def test_no_range_or_one_that_is_not_understood_means_all(header: str | None) -> None:
    assert requested_part(header, 100) is None


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused(header: str) -> None:
    with pytest.raises(Invalid, match="range_unsatisfiable"):
        requested_part(header, 100)


@given(st.integers(0, 300), st.one_of(st.none(), st.integers(0, 300)), st.integers(1, 200))
def test_a_part_never_leaves_the_file(first: int, last: int | None, size: int) -> None:
    try:
        part = requested_part(f"bytes={first}-{'' if last is None else last}", size)
    except Invalid:
        assert first >= size
    else:
        assert part is None or 0 <= part.first <= part.last < size
