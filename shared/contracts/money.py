"""Money as the interface writes it: a decimal string and an ISO 4217 currency, never a float."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

_MAX_DIGITS = 14
_UNSIGNED = r"\d{1,12}(\.\d{1,2})?"
_WRITTEN = re.compile(f"-?{_UNSIGNED}", re.ASCII)


def _only_strings(value: object) -> object:
    """Floats lose cents and JSON numbers are floats to most senders, so only strings are taken.

    Only as the published schema writes them, too: `Decimal` would also read "1e3", " 7 ", "1_000" and other scripts' digits.
    """
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str) or not _WRITTEN.fullmatch(value):
        raise PydanticCustomError("decimal_string", 'an amount is a decimal string such as "1250.00"')
    return value


def _finite(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise PydanticCustomError("decimal_finite", "an amount is a finite decimal")
    return value


def _known_currency(value: str) -> str:
    from pycountry import currencies  # noqa: PLC0415  its tables load only when a currency is first checked

    if value in _COMMON_CURRENCIES or currencies.get(alpha_3=value) is not None:
        return value
    raise PydanticCustomError("currency", "a currency is an ISO 4217 code such as EUR or ILS")


_COMMON_CURRENCIES = frozenset({"EUR", "ILS", "USD", "GBP", "CHF"})

Amount = Annotated[
    Decimal,
    BeforeValidator(_only_strings),
    Field(max_digits=_MAX_DIGITS, decimal_places=2),
    AfterValidator(_finite),
    PlainSerializer(lambda value: format(value, "f"), return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^-?{_UNSIGNED}$"}),
]
"""A signed decimal of at most two places, as a string in JSON."""

PositiveAmount = Annotated[
    Amount, Field(ge=0), WithJsonSchema({"type": "string", "pattern": f"^{_UNSIGNED}$"})
]
"""An amount that cannot be negative."""

Currency = Annotated[
    str,
    Field(pattern=r"^[A-Z]{3}$"),
    AfterValidator(_known_currency),
    WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$"}),
]
"""An ISO 4217 code."""


class Money(BaseModel):
    """An amount in its currency."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    amount: PositiveAmount
    currency: Currency
