"""Starts the stack, keeps it alive, ends it: the program that `dossier run` becomes.

A service that ends is started again, at once and then less and less often. When the broker ends, everything it
knew is gone: all services are started again with a new one. All children die with this process, whatever ends it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import time
from pathlib import Path
from typing import Final

from deploy.local import health
from deploy.local.broker import NAME as BROKER
from deploy.local.console import Console
from deploy.local.logs import last_words, tail
from deploy.local.plan import StackPlan
from deploy.local.processes import TEMPLATE, Child
from deploy.local.settling import settle
from deploy.local.stack import PROGRESS_SECONDS, GaveUp, Service, Stack

LOG_LOOK_SECONDS: Final = 1.0
TEMPLATE_ATTEMPTS: Final = 3
SAME_REQUEST_SECONDS: Final = 0.5
SETTLE_SECONDS: Final = 20.0
TOLD_SECONDS: Final = 0.5
"""A terminal that closes sends a signal or two, and `make` its own: that is one request."""
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
OK: Final = 200


class Supervisor:
    """Runs one plan once."""

    def __init__(self, plan: StackPlan, console: Console) -> None:
        self._plan = plan
        self._console = console
        self._timings = plan.timings
        self._stack = Stack(plan, console)
        self._stop = asyncio.Event()
        self._asked_at = 0.0
        self._hurry = asyncio.Event()
        self._up = False
        """Whether the stack has been ready once."""
        self._templates = 0

    async def run(self) -> int:
        """Run until a signal asks for the end, or the start fails; returns the exit code."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._ask_to_stop, number)
        self._stack.processes.open()
        stop = asyncio.create_task(self._stop.wait())
        roles = (self._bring_up, self._heed_ends, self._heed_readiness, self._watch, self._watch_logs)
        parts = [asyncio.create_task(role()) for role in roles]
        failure = None
        try:
            await _first_failure({*parts, stop}, stop)
        except GaveUp as reason:
            failure = str(reason)
        finally:
            restarts = [one.restart for one in self._stack.services if one.restart is not None]
            for task in (*parts, *restarts, stop):
                task.cancel()
            await asyncio.gather(*parts, *restarts, stop, return_exceptions=True)
            await self._stack.shut_down(self._hurry)
            for number in SIGNALS:  # all has ended: one that comes late must not be told as the cause
                loop.remove_signal_handler(number)
                signal.signal(number, signal.SIG_IGN)
        if failure is None:
            return 0
        self._console.line(failure)
        return 1

    def _ask_to_stop(self, number: signal.Signals) -> None:
        now = asyncio.get_running_loop().time()
        if self._stop.is_set():
            if now - self._asked_at >= SAME_REQUEST_SECONDS:
                self._hurry.set()  # asked twice: no more patience
            return
        self._asked_at = now
        self._console.line()
        self._console.line(f"Stopping ({signal.Signals(number).name}) ...")
        self._stop.set()

    # ------------------------------------------------------------------------------------ start

    async def _bring_up(self) -> None:
        begun = time.monotonic()
        stack = self._stack
        stack.rotate_logs()
        if self._plan.preload:
            self._load_template()
        await stack.start_broker()
        for task in self._plan.before:
            await stack.do(task)
        started = time.monotonic()
        for service in stack.services:
            await stack.launch(service)
        await self._tell_progress(started)
        self._console.step("services", f"{len(stack.services)} ready", time.monotonic() - started)
        self._up = True
        begun_to_settle = time.monotonic()
        addresses = [(one.plan.host, one.plan.port) for one in stack.services]
        if not await settle(addresses, SETTLE_SECONDS):
            self._console.line(
                "  events are still on their way: pages may show less than there is for a while"
            )
        elif time.monotonic() - begun_to_settle > TOLD_SECONDS:
            self._console.step("events", "delivered", time.monotonic() - begun_to_settle)
        for task in self._plan.after:
            await stack.do(task)
        self._announce(time.monotonic() - begun)

    async def _tell_progress(self, started: float) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PROGRESS_SECONDS):
                    await self._stack.all_ready.wait()
                return
            waiting = ", ".join(one.name for one in self._stack.services if not one.ready)
            self._console.line(f"  still starting after {time.monotonic() - started:.0f} s: {waiting}")

    def _load_template(self) -> None:
        self._templates += 1
        if self._templates > TEMPLATE_ATTEMPTS:
            self._console.event(TEMPLATE, "is not started again: each service now loads its own libraries")
            return
        self._stack.processes.load_template(self._plan.preload)

    def _announce(self, seconds: float) -> None:
        self._console.line()
        self._console.line(f"Dossier is ready after {seconds:.1f} s:  {self._plan.url}")
        for line in accounts(self._plan.accounts_file):
            self._console.line(line)
        self._console.line(f"Ctrl-C stops it. Logs: {self._plan.log_dir}")
        self._console.line()

    # ------------------------------------------------------------------------------------- ends

    async def _heed_ends(self) -> None:
        """Look at every child that ended. What we ended ourselves belongs to nobody any more."""
        while True:
            child = await self._stack.ended.get()
            broker = self._stack.broker
            service = self._stack.service_of(child)
            if service is not None:
                self._heed_death(service, child)
            elif broker is not None and broker.is_lost(child):
                self._console.event(
                    BROKER, f"ended ({cause(child)}), starting it again and all services with it"
                )
                await self._stack.replace_broker()
            elif child.name == TEMPLATE:
                self._console.event(TEMPLATE, f"ended ({cause(child)}), and the services with it")
                self._load_template()

    def _heed_death(self, service: Service, child: Child) -> None:
        lived = asyncio.get_running_loop().time() - child.started_at
        service.deaths = 1 if lived >= self._timings.stable else service.deaths + 1
        service.child, service.ready = None, False
        service.restarts += 1
        log = self._stack.processes.log_of(service.name)
        if not self._up and service.deaths >= self._timings.hopeless:
            said = "\n".join(f"    {line}" for line in tail(log))
            raise GaveUp(
                f"Dossier cannot start: {service.name} ended {service.deaths} times. {log} says:\n{said}"
            )
        waits = self._timings.backoff
        wait = waits[min(service.deaths - 1, len(waits) - 1)]
        again = (
            "starting it again"
            if wait == 0
            else f"starting it again in {wait:g} s ({service.deaths} in a row)"
        )
        words = last_words(log) if child.ended.result() != -signal.SIGKILL else ""
        self._console.event(service.name, f"ended ({cause(child)}), {again}{': ' if words else ''}{words}")
        self._stack.write_state()
        service.restart = asyncio.create_task(self._restart(service, wait))

    async def _restart(self, service: Service, wait: float) -> None:
        await asyncio.sleep(wait)
        try:
            await self._stack.launch(service)
        except OSError as error:  # no memory, no process ids: as if it had died at once
            self._console.event(service.name, f"cannot be started ({error.strerror}), trying again")
            service.restart = asyncio.create_task(self._restart(service, self._timings.backoff[-1]))

    # ----------------------------------------------------------------------------------- health

    async def _heed_readiness(self) -> None:
        """Look at what is starting, until it is ready or has had its time."""
        while True:
            await self._stack.starting.wait()
            unready = [one for one in self._stack.services if not one.ready]
            if not unready:
                self._stack.starting.clear()
                self._stack.all_ready.set()
                continue
            await asyncio.gather(*(self._look_whether_ready(one) for one in unready))
            await asyncio.sleep(self._timings.poll)

    async def _look_whether_ready(self, service: Service) -> None:
        child, plan = service.child, service.plan
        if child is None or not child.alive:
            return
        answer = await health.ask(plan.host, plan.port, plan.ready_path, self._timings.answer)
        if service.child is not child:
            return
        took = asyncio.get_running_loop().time() - child.started_at
        if answer.status == OK:
            service.ready = True
            if self._up:
                self._console.event(service.name, f"is ready again after {took:.1f} s")
            self._stack.write_state()
        elif took > self._timings.ready:
            log = self._stack.processes.log_of(service.name)
            reason = answer.body[:300] or last_words(log) or "no answer"
            if not self._up:
                raise GaveUp(
                    f"Dossier cannot start: {service.name} is not ready after {took:.0f} s: {reason}"
                )
            self._console.event(service.name, f"is not ready after {took:.0f} s, ending it: {reason}")
            child.signal(signal.SIGKILL)

    async def _watch(self) -> None:
        """End a service that hangs: it does not answer even the question whether it is alive."""
        while True:
            await asyncio.sleep(self._timings.watch)
            await asyncio.gather(
                *(self._look_whether_alive(one) for one in self._stack.services if one.ready)
            )

    async def _look_whether_alive(self, service: Service) -> None:
        child, plan = service.child, service.plan
        if child is None:
            return
        answer = await health.ask(plan.host, plan.port, plan.live_path, self._timings.answer)
        if service.child is not child:
            return
        service.misses = 0 if answer.status == OK else service.misses + 1
        if service.misses >= self._timings.misses:
            self._console.event(service.name, f"does not answer ({service.misses} times), ending it")
            child.signal(signal.SIGKILL)

    async def _watch_logs(self) -> None:
        while True:
            await asyncio.sleep(LOG_LOOK_SECONDS)
            self._stack.logs.look()


async def _first_failure(waiting: set[asyncio.Task[object]], stop: asyncio.Task[object]) -> None:
    """Wait for the signal to stop, or raise what a part of the supervisor failed with."""
    while not stop.done():
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()


def cause(child: Child) -> str:
    """Say how a process ended."""
    code = child.ended.result()
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"


def accounts(file: str | None) -> list[str]:
    """Lines with the demo's accounts, as its file has them (interface.md, Demo)."""
    if file is None:
        return []
    try:
        users = json.loads(Path(file).read_text(encoding="utf-8"))["users"]
        return [f"  {one['email']:<26} {one['password']:<14} {one.get('role', '')}" for one in users]
    except (OSError, ValueError, KeyError, TypeError):
        return []
