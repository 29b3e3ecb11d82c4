"""Dates and instants as the interface writes them: ISO 8601, and an instant carries its offset.

Pydantic by itself also takes numbers, and strings of digits, as seconds since 1970: a spreadsheet's serial number would
become a day in that year.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Final

from pydantic import AwareDatetime, BeforeValidator
from pydantic_core import PydanticCustomError

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?([Zz]|[+-]\d{2}:?\d{2})", re.ASCII
)


def _written_as_a_date(value: object) -> object:
    if isinstance(value, date) or (isinstance(value, str) and _DATE.fullmatch(value)):
        return value
    raise PydanticCustomError("iso_date", 'a date is written as in "2026-11-03"')


def _written_as_an_instant(value: object) -> object:
    if isinstance(value, date) or (isinstance(value, str) and _INSTANT.fullmatch(value)):
        return value
    raise PydanticCustomError("iso_instant", 'an instant is written as in "2026-11-03T09:30:00+01:00"')


IsoDate = Annotated[date, BeforeValidator(_written_as_a_date)]
"""A calendar day."""

Instant = Annotated[AwareDatetime, BeforeValidator(_written_as_an_instant)]
"""A point in time, with its offset from UTC."""
