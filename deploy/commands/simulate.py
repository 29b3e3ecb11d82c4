"""`dossier simulate`: play the demo's partners against a running demo."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
from random import Random

from deploy.cli import Refused
from shared.settings import Settings, load_settings

HIGHEST_RATE = 2_000.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--rate", type=_rate, default=2.0, help="updates a second (default: 2)")
    parser.add_argument("--seconds", type=_seconds, help="end after so long (default: at Ctrl-C)")


def run(arguments: argparse.Namespace) -> int:
    """Play until Ctrl-C; zero when the demo took what was sent."""
    from shared.observability import configure_logging  # noqa: PLC0415 - half a second, so `--help` does without

    settings = load_settings(Settings)
    configure_logging("simulate", settings.model_copy(update={"log_level": "WARNING"}))
    logging.getLogger("aiokafka").setLevel(
        logging.CRITICAL
    )  # a broker that is away is in the line of the second
    return asyncio.run(_play(settings, arguments.rate, arguments.seconds))


def _rate(text: str) -> float:
    value = float(text)
    if not 0 < value <= HIGHEST_RATE:
        raise argparse.ArgumentTypeError(f"between 0 and {HIGHEST_RATE:.0f} updates a second")
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if value <= 0:
        raise argparse.ArgumentTypeError("more than 0 seconds")
    return value


async def _play(settings: Settings, rate: float, seconds: float | None) -> int:
    from deploy.simulate.accounts import read_demo  # noqa: PLC0415
    from deploy.simulate.bus import Bus, BusErrors  # noqa: PLC0415
    from deploy.simulate.desk import Desk, DeskAway  # noqa: PLC0415
    from deploy.simulate.play import Play  # noqa: PLC0415
    from shared.clock import SystemClock  # noqa: PLC0415

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    demo = read_demo(settings.data_dir)
    url = settings.service_url_of("gateway")
    desk = await Desk.open(url, demo.users)
    bus = Bus(settings, demo.partners)
    play = Play(demo, desk, bus, SystemClock(), Random(), _tell)  # noqa: S311 - accidents, not keys
    try:
        await bus.connect()
        _tell(f"{url}: reading how things stand ...")
        await play.prepare()
        _tell(f"{len(play.claims)} open claims, {len(play.contracts)} contracts; Ctrl-C ends it")
        await play.run(rate, seconds, stop)
    except BusErrors as error:
        raise Refused(f"Kafka at {settings.bootstrap} does not answer ({type(error).__name__}).") from error
    except DeskAway as error:
        raise Refused(f"The desk at {url} does not answer as the demo's does ({error}).") from error
    finally:
        await bus.close()
        await desk.close()
    taken = play.score.outcomes["accepted"] > 0 or not play.score.sent
    return 0 if taken else 1


def _tell(line: str) -> None:
    print(line, flush=True)
