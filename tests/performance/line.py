"""From the broker's acknowledgement of an update to the event in a browser's stream."""

from __future__ import annotations

import asyncio
import time
from random import Random
from statistics import median
from typing import Any

from tests.fixtures.partners import partner
from tests.performance.comparison import Comparison, Goal, percentile
from tests.performance.load import Address, Stream, listening
from tests.performance.site import TOPIC, Site

_PAUSE = (0.03, 0.09)


class Line:
    """Pushes updates one by one, to either side, and sees them come out."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.from_sending: dict[str, list[float]] = {"ours": [], "bare": []}
        self.from_acknowledgement: dict[str, list[float]] = {"ours": [], "bare": []}

    async def one(self, side: str, stream: Stream, topic: str, number: str, body: bytes) -> None:
        """One update: milliseconds from its sending, and from its acknowledgement (below nothing when it was overtaken)."""
        seen = len(stream.told)
        sent = time.perf_counter()
        await self.site.producer.send_and_wait(topic, value=body, key=number.encode())
        acknowledged = time.perf_counter()
        told = await stream.wait_for("alert", number.encode(), seen)
        self.from_sending[side].append(1000 * (told.at - sent))
        self.from_acknowledgement[side].append(1000 * (told.at - acknowledged))

    def remark(self, first: int) -> str:
        """What the middle does not tell. The first figures are those of warming up."""
        ours, bare = (percentile(self.from_sending[side][first:], 95) for side in ("ours", "bare"))
        behind, bare_behind = (median(self.from_acknowledgement[side][first:]) for side in ("ours", "bare"))
        return (
            f"p95 {ours:.1f} ms, baseline {bare:.1f} ms: {ours / bare:.1f} times. Counted from the sending, since the bare event"
            f" overtakes its acknowledgement: behind that, ours comes by {behind:.1f} ms and the baseline's by {bare_behind:.1f} ms."
        )


async def compare(site: Site, *, rounds: int, updates: int) -> list[Comparison]:
    """Both in turn, update by update; a round is the median of its updates."""
    result = Comparison(
        "Update to the browser's stream", "one topic, aiokafka, sse-starlette", "ms", Goal("less", 3.0)
    )
    garage = partner(site.stack, "garage-lyon")
    claims = {one["claim_number"]: one["repair"] for one in await site.desk.claims() if one["repair"]}
    numbers = [one for one in garage.claim_numbers if one in claims]
    random = Random(1)
    line = Line(site)
    async with (
        site.bare() as (port, _),
        listening(site.ours("/live")) as ours,
        listening(Address(port, "/live")) as bare,
    ):
        for turn in range(rounds + 1):
            for index in range(updates):
                number = numbers[index % len(numbers)]
                note = f"{turn}-{index}"
                data: dict[str, Any] = {
                    "claim_number": number,
                    "phase": claims[number]["phase"],
                    "note": note,
                }
                message = garage.message("repair-updates", data)
                await line.one("ours", ours, message.topic, number, message.body)
                await asyncio.sleep(random.uniform(*_PAUSE))  # the rest of our work is not the baseline's
                await line.one("bare", bare, TOPIC, number, message.body)
                await asyncio.sleep(random.uniform(*_PAUSE))
            if turn:  # the first round warms up
                result.ours.append(median(line.from_sending["ours"][-updates:]))
                result.bare.append(median(line.from_sending["bare"][-updates:]))
    result.remark = line.remark(updates)
    return [result]
