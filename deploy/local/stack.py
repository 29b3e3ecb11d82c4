"""The parts of a running stack and what can be done with them; when to do it is the supervisor's decision."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
from dataclasses import dataclass
from typing import Any, Final

from deploy.local.broker import NAME as BROKER
from deploy.local.broker import BrokerFailed, EmbeddedBroker
from deploy.local.console import Console
from deploy.local.logs import LogWatch, last_words, rotate, tail
from deploy.local.plan import ProcessPlan, ServicePlan, StackPlan, TaskPlan
from deploy.local.processes import TEMPLATE, Child, Processes

BROKER_STOP_SECONDS: Final = 1.0
"""Services whose broker died get this long to end by themselves: many of their clients would hang."""
PROGRESS_SECONDS: Final = 5.0
"""A step that takes longer gives a sign of life this often."""
OUTCOME_WIDTH: Final = 52


class GaveUp(Exception):  # noqa: N818
    """The stack cannot be started; the message is for the person at the terminal."""


@dataclass
class Service:
    """A service and what became of it so far."""

    plan: ServicePlan
    child: Child | None = None
    ready: bool = False
    deaths: int = 0
    """In a row, without a stable life between them."""
    misses: int = 0
    restarts: int = 0
    restart: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """Its name, as the console and the logs have it."""
        return self.plan.process.name


class Stack:
    """The broker, the services and the files that tell about them."""

    def __init__(self, plan: StackPlan, console: Console) -> None:
        self.plan = plan
        self.console = console
        self.ended: asyncio.Queue[Child] = asyncio.Queue()
        """Children whose end nobody has looked at yet."""
        self.processes = Processes(plan.log_dir, self.ended.put_nowait)
        self.broker = EmbeddedBroker(plan.broker, self.processes) if plan.broker else None
        self.services = [Service(one) for one in plan.services]
        self.logs = LogWatch(lambda process, level, text: console.event(process, text, level))
        self.starting = asyncio.Event()
        """Set while some service is not ready yet."""
        self.all_ready = asyncio.Event()
        self._launching = asyncio.Lock()
        """Held while a broker is replaced: nothing is started with the address of the old one."""

    def rotate_logs(self) -> None:
        """Keep the logs of the last runs apart from this one's."""
        for name in (TEMPLATE, BROKER, *(one.name for one in self.services)):
            rotate(self.processes.log_of(name))

    def service_of(self, child: Child) -> Service | None:
        """Find the service that this process is, unless it was ended on purpose."""
        return next((one for one in self.services if one.child is child), None)

    # ---------------------------------------------------------------------------------- starting

    async def start_broker(self) -> None:
        """Open the public port and start the first broker behind it."""
        if self.broker is None:
            return
        begun = time.monotonic()
        try:
            await self.broker.open()
        except OSError as error:  # taken since it was checked
            text = (
                f"Port {self.broker.public_port} of the embedded broker cannot be opened ({error.strerror})."
            )
            raise GaveUp(text) from error
        attempts = self.plan.timings.hopeless
        for attempt in range(1, attempts + 1):
            try:
                await self.broker.start()
                break
            except BrokerFailed as error:
                if attempt == attempts:
                    log = self.processes.log_of(BROKER)
                    raise GaveUp(f"The embedded broker does not start: {error}. Its log: {log}") from error
        text = f"ready on port {self.broker.public_port}, {self.broker.topic_count} topics"
        self.console.step(BROKER, text, time.monotonic() - begun)

    async def launch(self, service: Service) -> None:
        """Start a service, unless it runs."""
        async with self._launching:
            await self._launch_alone(service)

    async def _launch_alone(self, service: Service) -> None:
        if service.child is not None:
            return  # a new broker has brought it up meanwhile
        self.logs.follow(self.processes.log_of(service.name))
        service.ready, service.misses = False, 0
        self.all_ready.clear()
        service.child = await self.processes.start(self._here(service.plan.process))
        self.starting.set()
        self.write_state()

    def _here(self, process: ProcessPlan) -> ProcessPlan:
        return process.with_environment(self.broker.environment()) if self.broker is not None else process

    async def do(self, task: TaskPlan) -> None:
        """Do a task, unless it is done; raises `GaveUp` when a required one fails."""
        if task.done:
            return
        log = self.processes.log_of(task.process.name)
        rotate(log)
        begun = time.monotonic()
        child = await self.processes.start(self._here(task.process))
        while child.alive:
            done, _ = await asyncio.wait([child.ended], timeout=PROGRESS_SECONDS)
            if not done:
                self.console.line(f"  {task.title}: {time.monotonic() - begun:.0f} s so far ...")
        code = child.ended.result()
        if code == 0:
            self.console.step(task.title, _outcome(tail(log, 1)), time.monotonic() - begun)
            return
        reason = last_words(log) or f"exit code {code}"
        if task.required:
            raise GaveUp(f"Dossier cannot start: {task.title} failed: {reason}\nMore is in {log}.")
        self.console.line(f"  {task.title} failed: {reason}\n  More is in {log}.")

    # --------------------------------------------------------------------------------- replacing

    async def replace_broker(self) -> None:
        """Start a new broker in place of one that died, and all services with it."""
        if self.broker is None:
            return
        async with self._launching:
            self.logs.paused = True
            await self._stop_services()
            await self._insist_on(self.broker)
            for service in self.services:
                await self._launch_alone(service)
            self.logs.paused = False

    async def _insist_on(self, broker: EmbeddedBroker) -> None:
        waits = self.plan.timings.backoff
        attempt = 0
        while True:
            try:
                await broker.start()
            except BrokerFailed as error:
                wait = max(0.5, waits[min(attempt, len(waits) - 1)])
                self.console.event(BROKER, f"does not start ({error}), trying again in {wait:g} s")
                attempt += 1
                await asyncio.sleep(wait)
            else:
                return

    async def _stop_services(self) -> None:
        """End all services without taking that for a death."""
        children = []
        for service in self.services:
            if service.restart is not None:
                service.restart.cancel()
            if service.child is not None:
                children.append(service.child)
            service.child, service.ready = None, False
        await asyncio.gather(*(child.stop(BROKER_STOP_SECONDS) for child in children))

    # ------------------------------------------------------------------------------------ ending

    async def shut_down(self, hurry: asyncio.Event) -> None:
        """End everything: services first, that they can say what they have to, broker and template after them."""
        begun = time.monotonic()
        if self.broker is not None:
            await self.broker.close()
        last = (self.processes.template, self.broker.child if self.broker is not None else None)
        first = [child for child in self.processes.running() if child not in last]
        for child in first:
            child.signal(signal.SIGTERM)
        hurried = asyncio.create_task(hurry.wait())
        waits: list[asyncio.Future[Any]] = [asyncio.gather(*(child.ended for child in first)), hurried]
        await asyncio.wait(waits, timeout=self.plan.timings.graceful, return_when=asyncio.FIRST_COMPLETED)
        stubborn = [child.name for child in first if child.alive]
        await asyncio.gather(*(child.kill() for child in first))
        await asyncio.gather(*(child.kill() for child in self.processes.running()))
        hurried.cancel()
        self.processes.close()
        self.logs.look()
        with contextlib.suppress(FileNotFoundError):
            self.plan.state_file.unlink()
        forced = f" (killed: {', '.join(stubborn)})" if stubborn else ""
        self.console.line(f"Stopped after {time.monotonic() - begun:.1f} s{forced}.")

    # ------------------------------------------------------------------------------------- state

    def write_state(self) -> None:
        """Tell other programs (`dossier status`) what runs."""
        state = {
            "pid": os.getpid(),
            "url": self.plan.url,
            "broker": self.broker.state() if self.broker is not None else None,
            "services": {
                one.name: {
                    "pid": one.child.pid if one.child else None,
                    "port": one.plan.port,
                    "ready": one.ready,
                    "restarts": one.restarts,
                }
                for one in self.services
            },
        }
        draft = self.plan.state_file.with_suffix(".draft")
        draft.write_text(json.dumps(state, indent=1), encoding="utf-8")
        draft.replace(self.plan.state_file)


def _outcome(lines: list[str]) -> str:
    """Take what a task printed last for people as the outcome of its step."""
    return lines[0][:OUTCOME_WIDTH] if lines and not lines[0].startswith("{") else "done"
