"""`python -m tests.stack.hanging <folder>`: the bus's share of a service, whose handler hangs with the first record it ever gets.

The folder has the database; a file in it tells the next process that one before it has hung.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from shared.messaging import runtime
from shared.messaging.consumer import Consumer
from shared.messaging.partners import PartnerMessage, Verdict
from shared.messaging.runtime import Messaging
from shared.observability import configure_logging
from shared.settings import Settings, load_settings
from tests.fixtures.messaging import messaging_database

HANG_SECONDS, WATCH_SECONDS = 4.0, 0.5
HUNG = "hung"


async def main(folder: Path) -> None:
    """Take repair updates until asked to end, or until the watch ends it."""
    settings = load_settings(Settings)
    configure_logging("claims", settings)
    # The watch itself is the product's; only its patience is shorter.
    runtime._HANG_SECONDS, runtime._WATCH_SECONDS = HANG_SECONDS, WATCH_SECONDS  # type: ignore[misc]
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    async def take(_session: AsyncSession, message: PartnerMessage[Any]) -> Verdict:
        if not (folder / HUNG).exists():
            (folder / HUNG).touch()
            await asyncio.Event().wait()
        return Verdict.accepted(1, claim_number=message.data.claim_number)

    async with messaging_database(folder) as database:
        consumer = Consumer(service="claims", database=database)
        consumer.on_partner("repair-updates", take)
        messaging = Messaging("claims", settings, database, consumer)
        await messaging.start()
        await stop.wait()
        await messaging.stop()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
