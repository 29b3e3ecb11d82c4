"""`dossier create-user`: an account; with `--reset-password`, a new password for one that exists."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from deploy.cli import Refused
from deploy.identity import in_identity

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

ROLES = ("broker", "manager", "handler", "ops")
GENERATED_BYTES = 12


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options. A password is never an argument: those stand in the list of processes."""
    parser.add_argument("email", help="by which the person logs in")
    parser.add_argument("--name", default="", help="as colleagues see it")
    parser.add_argument("--role", choices=ROLES, default="broker", help="default: broker")
    parser.add_argument(
        "--agency",
        action="append",
        default=[],
        metavar="ID_OR_NAME",
        help="for whom; may be given several times",
    )
    parser.add_argument("--language", choices=["fr", "he", "en"], help="default: the agency's")
    parser.add_argument(
        "--password-stdin",
        action="store_true",
        help="read the password from standard input; else one is made up",
    )
    parser.add_argument(
        "--reset-password",
        action="store_true",
        help="the account exists: set its password and end its sessions",
    )


def run(arguments: argparse.Namespace) -> int:
    """Make the account and print its password, unless it came from standard input."""
    given = arguments.password_stdin
    password = sys.stdin.readline().rstrip("\n") if given else secrets.token_urlsafe(GENERATED_BYTES)
    asyncio.run(in_identity(lambda session: _write(session, arguments, password)))
    print(f"{arguments.email} is ready" + ("" if given else f"; the password is {password}"))
    return 0


async def _write(session: AsyncSession, arguments: argparse.Namespace, password: str) -> None:
    from services.gateway.identity.registry import create_user, reset_password  # noqa: PLC0415 - as above
    from shared.contracts.codes import Role  # noqa: PLC0415

    if arguments.reset_password:
        await reset_password(session, arguments.email, password)
        return
    await create_user(
        session,
        email=arguments.email,
        name=arguments.name,
        password=password,
        role=Role(arguments.role),
        agency_ids=tuple([await _agency_id(session, one) for one in arguments.agency]),
        language=arguments.language,
        at=datetime.now(UTC),
    )


async def _agency_id(session: AsyncSession, named: str) -> str:
    from sqlalchemy import or_, select  # noqa: PLC0415

    from services.gateway.models import Agency  # noqa: PLC0415

    found = list(
        await session.scalars(select(Agency.id).where(or_(Agency.id == named, Agency.name == named)))
    )
    if len(found) != 1:
        raise Refused(
            f"There is no agency {named!r}."
            if not found
            else f"Several agencies are called {named!r}: give its id."
        )
    return found[0]
