"""What the database told, and what it becomes when somebody looks at it.

Most of a page is what it was a minute ago, and is shown as it was made then. Whether it is the same is seen by what the database
told, word by word (`key`); only where it is not, documents are read, checked against their contracts and made into values.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar, overload

from sqlalchemy import Text, cast
from sqlalchemy.orm import InstrumentedAttribute

from shared.db.lookup import Row

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


def as_text(column: InstrumentedAttribute[Any], name: str = "") -> Any:
    """Ask for a document as the text that it is: read it with `orjson`, or by the model that it is a state of."""
    return cast(column, Text).label(name or column.key)


class Told(Generic[T_co]):
    """One value. `key` is all that it is made of; None: nobody knows, and what shows it is made anew."""

    __slots__ = ("_made", "_make", "key")

    def __init__(self, key: Hashable, make: Callable[[], T_co]) -> None:
        """Make nothing yet."""
        self.key = key
        self._make = make
        self._made: list[T_co] = []

    @staticmethod
    def of(value: T) -> Told[T]:
        """Take a value that is there."""
        return Told(None, lambda: value)

    @property
    def value(self) -> T_co:
        """The value, made at the first look."""
        if not self._made:
            self._made.append(self._make())
        return self._made[0]


class Rows(Sequence[T]):
    """Rows of a table, in their order. `beside` is what `make` knows but for the row itself."""

    __slots__ = ("_beside", "_key", "_made", "_make", "found")

    def __init__(self, found: Sequence[Row], make: Callable[[Row], T], beside: Hashable = ()) -> None:
        """Make nothing yet."""
        self.found = found
        self._make = make
        self._beside = beside
        self._made: tuple[T, ...] | None = None
        self._key: Hashable = None

    @property
    def key(self) -> Hashable:
        """All that the rows are made of: the values of the columns, documents as their text."""
        if self._key is None:
            self._key = (self._beside, *map(values_of, self.found))
        return self._key

    def where(self, wanted: Callable[[Row], bool]) -> list[T]:
        """Make those alone that are wanted by what the database told."""
        return [self._make(row) for row in self.found if wanted(row)]

    def _all(self) -> tuple[T, ...]:
        if self._made is None:
            self._made = tuple(map(self._make, self.found))
        return self._made

    def __len__(self) -> int:
        """How many there are."""
        return len(self.found)

    def __iter__(self) -> Iterator[T]:
        """All of them."""
        return iter(self._all())

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[T]: ...
    def __getitem__(self, place: int | slice) -> T | Sequence[T]:
        """One of them, or some."""
        return self._all()[place]


def values_of(row: Row) -> Hashable:
    """Give all that a row says, to compare it. The driver's own rows are compared by their values as they are."""
    values: Any = tuple(row.values()) if isinstance(row, Mapping) else row
    return values  # type: ignore[no-any-return]
