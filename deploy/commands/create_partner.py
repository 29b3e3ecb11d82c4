"""`dossier create-partner`: an insurer, garage or appraiser, from its registration to the lines that it can try.

May be run again: what is there stays, what is missing is made. A partner that is not registered has never been told a secret,
so it gets new ones whatever an earlier, interrupted run left behind.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from deploy.cli import Refused
from deploy.identity import in_identity
from shared.contracts.codes import PartnerKind
from shared.settings import Settings, load_settings

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from deploy.kafka.onboarding import Opened
    from deploy.kafka.topics import Partner

KINDS = tuple(kind.value for kind in PartnerKind)


@dataclass
class Papers:
    """What came of it."""

    done: list[str] = field(default_factory=list)
    password: str | None = None
    api_key: str | None = None


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "id", help="lower-case letters and digits joined by hyphens; part of its topics' names"
    )
    parser.add_argument("--kind", choices=KINDS, help="what it may push")
    parser.add_argument("--name", default="", help="as brokers see it (default: the id)")
    parser.add_argument("--phone", default="", help="where to call it")
    parser.add_argument("--city", default="", help="where it is")
    parser.add_argument("--rotate", action="store_true", help="a new password and API key; the old ones end")
    parser.add_argument("--new-key", action="store_true", help="one more API key; the old ones stay valid")
    parser.add_argument("--json", action="store_true", help="print what the partner needs as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Do what is missing, then print what the partner needs."""
    from deploy.kafka.cluster import ClusterFailed  # noqa: PLC0415 - so `--help` does without the client
    from deploy.kafka.handout import Handout  # noqa: PLC0415

    settings = load_settings(Settings)
    try:
        partner, papers = asyncio.run(onboard(settings, arguments))
    except (ClusterFailed, ValueError) as failure:
        raise Refused(f"{failure} Run it again: what was done stays.") from failure
    print("\n".join(papers.done), file=sys.stderr)
    handout = Handout(partner, settings, papers.password, papers.api_key)
    print(json.dumps(handout.as_data(), indent=1) if arguments.json else "\n".join(handout.lines()))
    return 0


async def onboard(settings: Settings, arguments: argparse.Namespace) -> tuple[Partner, Papers]:
    """Make what is missing: first what nobody can misuse, then the secrets, in the transaction of the registration."""
    from deploy.kafka.acls import partner_user  # noqa: PLC0415
    from deploy.kafka.logins import wait_for_login  # noqa: PLC0415
    from deploy.kafka.onboarding import open_bus  # noqa: PLC0415

    partner = await in_identity(lambda session: _identify(session, arguments), settings)
    opened = await asyncio.to_thread(open_bus, settings, partner)
    papers = Papers()
    await in_identity(lambda session: _register(session, arguments, partner, opened, papers), settings)
    papers.done = [papers.done[0], *opened.done, *papers.done[1:]]
    if papers.password is not None:
        good = await asyncio.to_thread(wait_for_login, settings, partner_user(partner.id), papers.password)
        if not good:
            papers.done.append(
                "user: its login is REFUSED by Kafka, though it took the password: look at its log"
            )
    return partner, papers


async def _identify(session: AsyncSession, arguments: argparse.Namespace) -> Partner:
    """Refuse what can be refused before anything is made; changes nothing."""
    from deploy.kafka.topics import Partner  # noqa: PLC0415
    from services.gateway.identity.registry import check_partner_id  # noqa: PLC0415
    from services.gateway.models import Partner as Registered  # noqa: PLC0415

    check_partner_id(arguments.id)
    known = await session.get(Registered, arguments.id)
    if known is None and (arguments.rotate or arguments.new_key):
        raise Refused("There is no such partner.")
    if known is None and arguments.kind is None:
        raise Refused("A new partner has a kind: add --kind insurer, garage or appraiser.")
    if known is not None and arguments.kind not in {None, known.kind}:
        raise Refused(f"{arguments.id} is registered as {known.kind}, and its topics are those of that kind.")
    if known is not None and not known.active:
        raise Refused(f"{arguments.id} is not active any more.")
    return Partner(arguments.id, PartnerKind(known.kind if known is not None else arguments.kind))


async def _register(
    session: AsyncSession, arguments: argparse.Namespace, partner: Partner, opened: Opened, papers: Papers
) -> None:
    """Register the partner and make its secrets. The password is set last: when that fails, nothing was registered."""
    from deploy.kafka.onboarding import set_new_password  # noqa: PLC0415
    from services.gateway.identity import registry  # noqa: PLC0415
    from services.gateway.models import Partner as Registered  # noqa: PLC0415

    at = datetime.now(UTC)
    new = await session.get(Registered, partner.id) is None
    if new:
        made = await registry.create_partner(
            session,
            partner_id=partner.id,
            kind=partner.kind,
            name=arguments.name or partner.id,
            phone=arguments.phone,
            city=arguments.city,
            at=at,
        )
        papers.api_key = made.api_key
        papers.done = [f"partner {partner.id}: registered"]
    else:
        papers.done = [f"partner {partner.id}: was registered"]
        if arguments.rotate:
            ended = await registry.revoke_partner_keys(session, partner.id, at=at)
            papers.done.append(f"API keys: {ended} ended, 1 made")
        if arguments.rotate or arguments.new_key:
            papers.api_key = await registry.issue_partner_key(session, partner.id, at=at)
    if opened.cluster is not None and (new or arguments.rotate or not opened.has_password):
        papers.password = await asyncio.to_thread(set_new_password, opened.cluster, partner)
        papers.done.append("user: " + ("given another password" if opened.has_password else "made"))
