"""`python -m tests.performance.figures`: what the running stack costs and how fast its line is, on this machine.

Starts a stack with demo data of its own and prints: seconds to ready, resident memory, processor time while idle, and the
way of an update from the broker's acknowledgement to the browser's event. Nothing else should be busy meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import tempfile
import time
import uuid
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import Any

import httpx
from playwright.async_api import Page, async_playwright

from deploy.setup.browser import find_browser
from shared.settings import SERVICES
from tests.e2e.visitor import QUIET, Visitor
from tests.fixtures.desk import Desk, Live, desk_of
from tests.fixtures.partners import PartnerLine, partner, partner_line
from tests.fixtures.stack import Stack
from tests.fixtures.waiting import soon
from tests.performance.trail import trail_of

IDLE_SECONDS = 30.0
QUIET_LOOKS = 10
UPDATES = 100
TICKS = os.sysconf("SC_CLK_TCK")
MIB = 1024 * 1024


@dataclass(frozen=True)
class Memory:
    """Of one process, in bytes. PSS counts a page shared by n processes as an nth."""

    name: str
    rss: int
    pss: int


def memory_of(pid: int) -> Memory:
    """Read it from the kernel."""
    name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
    if name.startswith("python"):
        words = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").replace("\0", " ").split()
        name = next((word for word in words if word.startswith("deploy.")), name)
    fields = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()[1:]:
        key, value = line.split(":")
        fields[key] = int(value.split()[0]) * 1024
    return Memory(name, fields["Rss"], fields["Pss"])


def processor_seconds(pid: int) -> float:
    """User and system time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def print_memory(stack: Stack) -> None:
    """One line per process, and the sums."""
    found = [memory_of(pid) for pid in stack.pids()]
    print(f"\nmemory of {len(found)} processes (MiB)        RSS     PSS")
    for one in found:
        print(f"  {one.name:<32} {one.rss / MIB:7.1f} {one.pss / MIB:7.1f}")
    rss, pss = sum(one.rss for one in found), sum(one.pss for one in found)
    print(f"  {'all':<32} {rss / MIB:7.1f} {pss / MIB:7.1f}   goal: under 700 MB")


async def settled(stack: Stack) -> None:
    """Wait until every service has taken and published all that there was, at several looks in a row: what they do follows in turns."""
    looks = 0
    async with httpx.AsyncClient() as http:

        async def quiet() -> bool:
            nonlocal looks
            looks += 1
            for service in SERVICES:
                answer = await http.get(f"{stack.url_of(service)}/health/ready")
                messaging = answer.json()["checks"]["messaging"]
                if messaging["consumer"]["lag"] or messaging["relay"]["pending"]:
                    looks = 0
            return looks >= QUIET_LOOKS

        await soon(quiet, within=60)


async def print_idle(stack: Stack, seconds: float) -> None:
    """Processor time of all processes while one desk listens and nobody does anything."""
    async with desk_of(stack, "broker.fr") as desk, desk.live():
        await settled(stack)
        names = {pid: memory_of(pid).name for pid in stack.pids()}
        before = {pid: processor_seconds(pid) for pid in names}
        begun = time.monotonic()
        await asyncio.sleep(seconds)
        took = time.monotonic() - begun
        used = {pid: processor_seconds(pid) - before[pid] for pid in names}
    print(f"\nprocessor while idle, over {took:.0f} s (% of one core)")
    for pid, name in names.items():
        print(f"  {name:<32} {100 * used[pid] / took:7.1f}")
    print(f"  {'all':<32} {100 * sum(used.values()) / took:7.1f}   goal: under 15")


@dataclass
class Update:
    """One update on its way. Instants are seconds since 1970; `number` is its claim."""

    number: str
    note: str
    sent: float = 0
    record: float = 0
    acknowledged: float = 0
    streamed: float = 0


async def push_updates(stack: Stack, desk: Desk, line: PartnerLine, live: Live, count: int) -> list[Update]:
    """Push one at a time, with pauses of no fixed length, and see each arrive on the stream."""
    random = Random(1)
    garage = partner(stack, "garage-lyon")
    phases = {one["claim_number"]: one["repair"] for one in await desk.claims() if one["repair"]}
    numbers = [one for one in garage.claim_numbers if one in phases]
    done = []
    for index in range(count):
        update = Update(numbers[index % len(numbers)], uuid.uuid4().hex)
        data = {"claim_number": update.number, "phase": phases[update.number]["phase"], "note": update.note}
        message = garage.message("repair-updates", data)
        seen = len(live.events)
        update.sent = time.time()
        record = await line.push(message)
        update.acknowledged = time.time()
        update.record = record.timestamp / 1000
        event = await live.wait_for(
            lambda one, seen=seen, update=update: (  # type: ignore[misc]
                one.name == "alert"
                and one.data["claim_number"] == update.number
                and one in live.events[seen:]
            )
        )
        update.streamed = event.at
        done.append(update)
        await asyncio.sleep(random.uniform(0.2, 0.7))
    return done


WATCH = """() => {
  window.seen = { alert: {}, shown: {} };
  const now = () => performance.timeOrigin + performance.now();
  document.addEventListener("desk:alert", (event) => (seen.alert[event.detail.claim_number] ??= []).push(now()));
  const look = () => {
    for (const row of document.querySelectorAll("#claims tbody tr")) {
      const times = (seen.shown[row.dataset.claim] ??= {});
      times[row.dataset.sequence] ??= now();
    }
  };
  look();
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
}"""


def table(rows: Mapping[str, Iterable[float]]) -> None:
    """Median and 95th percentile of each row, in milliseconds."""
    print(f"  {'':<58} {'median':>7} {'p95':>7} {'most':>7}  ms")
    for name, values in rows.items():
        found = sorted(1000 * one for one in values)
        if found:
            p95 = quantiles(found, n=20)[-1] if len(found) > 1 else found[0]
            print(f"  {name:<58} {median(found):7.0f} {p95:7.0f} {found[-1]:7.0f}")


async def print_latency(stack: Stack, count: int) -> None:
    """The way of updates to a stream and to a real page."""
    async with AsyncExitStack() as opened:
        desk = await opened.enter_async_context(desk_of(stack, "broker.fr"))
        line = await opened.enter_async_context(partner_line(stack))
        live = await opened.enter_async_context(desk.live())
        updates = await push_updates(stack, desk, line, live, count)
        trails = [trail_of(stack.data_dir, one.note) for one in updates]
        print(f"\n{count} updates, one at a time, without a browser")
        table(
            {
                "acknowledgement -> event on the stream (goal: 400)": [
                    one.streamed - one.acknowledged for one in updates
                ],
                "  sent -> acknowledged": [one.acknowledged - one.sent for one in updates],
                **_stages(updates, trails),
            }
        )
        path = find_browser()
        if path is None:
            print("  no browser on this machine")
            return
        playwright = await opened.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(executable_path=path, args=list(QUIET))
        visitor = Visitor(browser, stack)
        await visitor.log_in("broker.fr")
        page = await visitor.open_live("/claims")
        await page.evaluate(WATCH)
        updates = await push_updates(stack, desk, line, live, count)
        await _print_browser(stack, page, updates)
        await visitor.close()
        await browser.close()


def _stages(updates: list[Update], trails: list[Any]) -> dict[str, list[float]]:
    pairs = [(one, trail) for one, trail in zip(updates, trails, strict=True) if trail is not None]
    return {
        "  acknowledged -> taken by claims (its fetch)": [t.claims_taken - u.acknowledged for u, t in pairs],
        "  taken -> published by claims (commit, relay)": [
            t.claims_published - t.claims_taken for _, t in pairs
        ],
        "  -> taken by notifications (its fetch)": [
            t.notifications_taken - t.claims_published for _, t in pairs
        ],
        "  -> published by notifications (commit, relay)": [
            t.notifications_published - t.notifications_taken for _, t in pairs
        ],
        "  -> event on the stream (gateway's fetch, its read model)": [
            u.streamed - t.notifications_published for u, t in pairs
        ],
        "  (beside it: published by claims -> in the read model)": [
            t.projected - t.claims_published for _, t in pairs
        ],
    }


async def _print_browser(stack: Stack, page: Page, updates: list[Update]) -> None:
    trails = {one.note: trail_of(stack.data_dir, one.note) for one in updates}

    async def all_shown() -> bool:
        seen = await page.evaluate("seen")
        last = trails[updates[-1].note]
        return last is not None and str(last.sequence) in seen["shown"].get(updates[-1].number, {})

    await soon(all_shown)
    seen = await page.evaluate("seen")
    alerts: list[float] = []
    shown: list[float] = []
    for update in updates:
        told = [one / 1000 for one in seen["alert"].get(update.number, []) if one / 1000 >= update.sent]
        alerts += [told[0] - update.acknowledged] if told else []
        trail = trails[update.note]
        rows = seen["shown"].get(update.number, {})
        later = [at for sequence, at in rows.items() if trail and int(sequence) >= trail.sequence]
        shown += [min(later) / 1000 - update.acknowledged] if later else []
    print(f"\n{len(updates)} updates, one at a time, with a claims list open in Chromium")
    table(
        {
            "acknowledgement -> event on the stream": [u.streamed - u.acknowledged for u in updates],
            "acknowledgement -> event in the page (goal: 400)": alerts,
            "acknowledgement -> the row on the screen is the new one": shown,
        }
    )
    print(f"  {len(alerts)} of {len(updates)} events seen by the page, {len(shown)} rows")


async def measure(arguments: argparse.Namespace) -> None:
    """All figures, on one stack."""
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"load before the start: {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder))
        first = await asyncio.to_thread(stack.start)
        try:
            ended = await asyncio.to_thread(stack.stop)
            second = await asyncio.to_thread(stack.start)
            print(f"\nfirst start to ready, demo data included   {first:5.1f} s")
            print(f"second start to ready                      {second:5.1f} s   goal: under 8")
            print(f"Ctrl-C to the end of all processes         {ended:5.1f} s   bound: 5")
            async with desk_of(stack, "broker.fr") as desk:
                for path in ("/", "/claims", "/clients", "/alerts"):
                    assert (await desk.client.get(path)).status_code == 200
            print_memory(stack)
            await print_idle(stack, arguments.idle)
            await print_latency(stack, arguments.updates)
            print_memory(stack)
        finally:
            if stack.running:
                await asyncio.to_thread(stack.stop)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--idle", type=float, default=IDLE_SECONDS, help="seconds to look at the idle stack")
    parser.add_argument("--updates", type=int, default=UPDATES, help="updates per latency figure")
    asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
