"""`dossier create-partner`: an insurer, garage or appraiser; with `--new-key`, another API key for one that exists."""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from deploy.cli import Refused
from deploy.identity import in_identity

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

KINDS = ("insurer", "garage", "appraiser")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "id", help="lower-case letters and digits joined by hyphens; part of its topics' names"
    )
    parser.add_argument("--kind", choices=KINDS, help="what it may push")
    parser.add_argument("--name", default="", help="as brokers see it (default: the id)")
    parser.add_argument("--phone", default="", help="where to call it")
    parser.add_argument("--city", default="", help="where it is")
    parser.add_argument("--new-key", action="store_true", help="the partner exists: give it one more API key")
    parser.add_argument("--revoke-keys", action="store_true", help="make its former keys invalid first")


def run(arguments: argparse.Namespace) -> int:
    """Make it and print its API key, which is stored as a hash and cannot be shown again."""
    if not arguments.new_key and arguments.kind is None:
        raise Refused("A new partner has a kind: add --kind insurer, garage or appraiser.")
    print(asyncio.run(in_identity(lambda session: _write(session, arguments))))
    print("Its topics and permissions are made by: dossier topics", file=sys.stderr)
    return 0


async def _write(session: AsyncSession, arguments: argparse.Namespace) -> str:
    from services.gateway.identity.registry import (  # noqa: PLC0415 - seconds, so `--help` does without
        create_partner,
        issue_partner_key,
        revoke_partner_keys,
    )
    from shared.contracts.codes import PartnerKind  # noqa: PLC0415

    at = datetime.now(UTC)
    if arguments.revoke_keys:
        await revoke_partner_keys(session, arguments.id, at=at)
    if arguments.new_key:
        return await issue_partner_key(session, arguments.id, at=at)
    made = await create_partner(
        session,
        partner_id=arguments.id,
        kind=PartnerKind(arguments.kind),
        name=arguments.name or arguments.id,
        phone=arguments.phone,
        city=arguments.city,
        at=at,
    )
    return made.api_key
