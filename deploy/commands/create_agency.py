"""`dossier create-agency`: a brokerage, the tenant that everything belongs to."""

from __future__ import annotations

import argparse
import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from deploy.identity import in_identity

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

COUNTRIES = {"FR": ("fr", "Europe/Paris", "EUR"), "IL": ("he", "Asia/Jerusalem", "ILS")}
"""Language, time zone and currency that go without saying."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("name", help="as it stands on letters")
    parser.add_argument("--country", required=True, help="ISO 3166-1 code such as FR or IL")
    parser.add_argument("--language", choices=["fr", "he", "en"], help="default: the country's")
    parser.add_argument("--timezone", help="IANA name; default: the country's")
    parser.add_argument("--currency", help="ISO 4217 code; default: the country's")
    parser.add_argument(
        "--cheque-warning-days", type=int, default=14, help="days before a cheque matures (default: 14)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Make it and print its id."""
    language, timezone, currency = COUNTRIES.get(arguments.country, ("en", "UTC", "EUR"))

    async def make(session: AsyncSession) -> str:
        from services.gateway.identity.registry import create_agency  # noqa: PLC0415 - seconds, so `--help` does without

        state = await create_agency(
            session,
            name=arguments.name,
            country=arguments.country,
            language=arguments.language or language,
            timezone=arguments.timezone or timezone,
            currency=arguments.currency or currency,
            cheque_warning_days=arguments.cheque_warning_days,
            at=datetime.now(UTC),
        )
        return state.id

    print(asyncio.run(in_identity(make)))
    return 0
