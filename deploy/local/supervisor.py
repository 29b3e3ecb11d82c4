"""Starts the stack, keeps it alive, ends it: the program that `dossier run` becomes.

A service that ends is started again, at once and then less and less often. When the broker ends, everything it
knew is gone: all services are started again with a new one. All children die with this process, whatever ends it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deploy.local import broker as embedded
from deploy.local import health
from deploy.local.console import Console
from deploy.local.logs import LogWatch, last_words, rotate, tail
from deploy.local.plan import ServicePlan, StackPlan, TaskPlan
from deploy.local.processes import TEMPLATE, Child, Processes

LOG_LOOK_SECONDS: Final = 1.0
BROKER_STOP_SECONDS: Final = 1.0
"""Services whose broker died get this long to end by themselves: many of their clients would hang."""
PROGRESS_SECONDS: Final = 5.0
TEMPLATE_ATTEMPTS: Final = 3
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


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


class Supervisor:
    """Runs one plan once."""

    def __init__(self, plan: StackPlan, console: Console) -> None:
        self._plan = plan
        self._console = console
        self._timings = plan.timings
        self._ended: asyncio.Queue[Child] = asyncio.Queue()
        self._processes = Processes(plan.log_dir, self._ended.put_nowait)
        self._broker = embedded.EmbeddedBroker(plan.broker, self._processes) if plan.broker else None
        self._services = [Service(one) for one in plan.services]
        self._logs = LogWatch(lambda process, level, text: console.event(process, text, level))
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._starting = asyncio.Event()
        """Set while some service is not ready yet."""
        self._all_ready = asyncio.Event()
        self._launching = asyncio.Lock()
        """Held while a broker is replaced: nothing is started with the address of the old one."""
        self._up = False
        """Whether the stack has been ready once."""
        self._templates = 0
        self._failure: str | None = None

    async def run(self) -> int:
        """Run until a signal asks for the end, or the start fails; returns the exit code."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._ask_to_stop, number)
        self._processes.open()
        parts = [
            asyncio.create_task(part)
            for part in (
                self._bring_up(),
                self._heed_ends(),
                self._heed_readiness(),
                self._watch(),
                self._watch_logs(),
            )
        ]
        stop = asyncio.create_task(self._stop.wait())
        try:
            await self._first_failure(parts, stop)
        finally:
            for task in [*parts, stop, *(one.restart for one in self._services if one.restart)]:
                task.cancel()
            await asyncio.gather(*parts, stop, return_exceptions=True)
            await self._shut_down()
            self._processes.close()
        if self._failure is not None:
            self._console.line(self._failure)
        return 1 if self._failure is not None else 0

    async def _first_failure(self, parts: list[asyncio.Task[None]], stop: asyncio.Task[object]) -> None:
        """Wait for the signal to stop, or for a part that failed."""
        waiting: set[asyncio.Task[object]] = {*parts, stop}
        while not stop.done():
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                error = task.exception()
                if isinstance(error, GaveUp):
                    self._failure = str(error)
                    return
                if error is not None:
                    raise error

    def _ask_to_stop(self, number: signal.Signals) -> None:
        if self._stop.is_set():
            self._hurry.set()  # asked twice: no more patience
            return
        self._console.line()
        self._console.line(f"Stopping ({signal.Signals(number).name}) ...")
        self._stop.set()

    # ------------------------------------------------------------------------------------ start

    async def _bring_up(self) -> None:
        begun = time.monotonic()
        for name in (TEMPLATE, embedded.NAME, *(one.name for one in self._services)):
            rotate(self._processes.log_of(name))
        if self._plan.preload:
            self._load_template()
        if self._broker is not None:
            await self._broker.open()
            await self._start_broker()
            text = f"ready on port {self._plan.broker.port if self._plan.broker else 0}"
            self._console.step(
                "broker", f"{text}, {self._broker.topic_count} topics", time.monotonic() - begun
            )
        for task in self._plan.before:
            await self._do(task)
        started = time.monotonic()
        for service in self._services:
            await self._launch(service)
        await self._tell_progress(started)
        self._console.step("services", f"{len(self._services)} ready", time.monotonic() - started)
        self._up = True
        for task in self._plan.after:
            await self._do(task)
        self._announce(time.monotonic() - begun)

    async def _tell_progress(self, started: float) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PROGRESS_SECONDS):
                    await self._all_ready.wait()
                return
            waiting = ", ".join(one.name for one in self._services if not one.ready)
            self._console.line(f"  still starting after {time.monotonic() - started:.0f} s: {waiting}")

    async def _start_broker(self) -> None:
        assert self._broker is not None
        for attempt in range(self._timings.hopeless):
            try:
                await self._broker.start()
            except embedded.BrokerFailed as error:
                if attempt + 1 == self._timings.hopeless:
                    log = self._processes.log_of(embedded.NAME)
                    raise GaveUp(f"The embedded broker does not start: {error}. Its log: {log}") from error
            else:
                return

    async def _do(self, task: TaskPlan) -> None:
        if task.done:
            return
        name = task.process.name
        log = self._processes.log_of(name)
        rotate(log)
        begun = time.monotonic()
        process = task.process
        if self._broker is not None:
            process = process.with_environment(self._broker.environment())
        child = await self._processes.start(process)
        while child.alive:
            done, _ = await asyncio.wait([child.ended], timeout=PROGRESS_SECONDS)
            if not done:
                self._console.line(f"  {task.title}: {time.monotonic() - begun:.0f} s so far ...")
        code = child.ended.result()
        if code == 0:
            self._console.step(task.title, last_words_of_task(log) or "done", time.monotonic() - begun)
            return
        reason = last_words(log) or f"exit code {code}"
        if task.required:
            raise GaveUp(f"Dossier cannot start: {task.title} failed: {reason}\nMore is in {log}.")
        self._console.line(f"  {task.title} failed: {reason}\n  More is in {log}.")

    async def _launch(self, service: Service) -> None:
        async with self._launching:
            await self._launch_alone(service)

    async def _launch_alone(self, service: Service) -> None:
        if service.child is not None:
            return  # a new broker has brought it up meanwhile
        process = service.plan.process
        if self._broker is not None:
            process = process.with_environment(self._broker.environment())
        self._logs.follow(self._processes.log_of(service.name))
        service.ready, service.misses = False, 0
        self._all_ready.clear()
        service.child = await self._processes.start(process)
        self._starting.set()
        self._write_state()

    def _announce(self, seconds: float) -> None:
        self._console.line()
        self._console.line(f"Dossier is ready after {seconds:.1f} s:  {self._plan.url}")
        for line in accounts(self._plan.accounts_file):
            self._console.line(line)
        self._console.line("Ctrl-C stops it. Logs: " + str(self._plan.log_dir))
        self._console.line()

    # -------------------------------------------------------------------------------- stay alive

    async def _heed_ends(self) -> None:
        while True:
            child = await self._ended.get()
            if self._broker is not None and child is self._broker.child and self._broker.epoch:
                await self._replace_broker(child)
            elif child.name == TEMPLATE:
                self._console.event(TEMPLATE, f"ended ({cause(child)}), and the services with it")
                self._load_template()
            else:
                self._heed_end_of_service(child)

    def _heed_end_of_service(self, child: Child) -> None:
        service = next((one for one in self._services if one.child is child), None)
        if service is None:
            return  # one that we ended, or a task, which is waited for where it was started
        lived = asyncio.get_running_loop().time() - child.started_at
        service.deaths = 1 if lived >= self._timings.stable else service.deaths + 1
        service.child, service.ready = None, False
        service.restarts += 1
        log = self._processes.log_of(service.name)
        if not self._up and service.deaths >= self._timings.hopeless:
            said = "\n".join(f"    {line}" for line in tail(log))
            raise GaveUp(
                f"Dossier cannot start: {service.name} ended {service.deaths} times. {log} says:\n{said}"
            )
        waits = self._timings.backoff
        wait = waits[min(service.deaths - 1, len(waits) - 1)]
        words = last_words(log)
        again = (
            "starting it again"
            if wait == 0
            else f"starting it again in {wait:g} s ({service.deaths} in a row)"
        )
        reason = f": {words}" if words and child.ended.result() != -signal.SIGKILL else ""
        self._console.event(service.name, f"ended ({cause(child)}), {again}{reason}")
        self._write_state()
        service.restart = asyncio.create_task(self._restart(service, wait))

    async def _restart(self, service: Service, wait: float) -> None:
        await asyncio.sleep(wait)
        try:
            await self._launch(service)
        except OSError as error:  # no memory, no process ids: as if it had died at once
            self._console.event(service.name, f"cannot be started ({error.strerror}), trying again")
            service.restart = asyncio.create_task(self._restart(service, self._timings.backoff[-1]))

    async def _replace_broker(self, child: Child) -> None:
        assert self._broker is not None
        self._console.event(
            embedded.NAME, f"ended ({cause(child)}), starting it again and all services with it"
        )
        async with self._launching:
            await self._stop_services()
            await self._insist_on_broker(self._broker)
            for service in self._services:
                await self._launch_alone(service)

    async def _insist_on_broker(self, broker: embedded.EmbeddedBroker) -> None:
        attempt = 0
        while True:
            try:
                await broker.start()
            except embedded.BrokerFailed as error:
                wait = max(0.5, self._timings.backoff[min(attempt, len(self._timings.backoff) - 1)])
                self._console.event(embedded.NAME, f"does not start ({error}), trying again in {wait:g} s")
                attempt += 1
                await asyncio.sleep(wait)
            else:
                return

    async def _stop_services(self) -> None:
        """End all services without taking that for a death."""
        children = []
        for service in self._services:
            if service.restart is not None:
                service.restart.cancel()
            if service.child is not None:
                children.append(service.child)
            service.child, service.ready = None, False
        await asyncio.gather(*(child.stop(BROKER_STOP_SECONDS) for child in children))

    def _load_template(self) -> None:
        self._templates += 1
        if self._templates > TEMPLATE_ATTEMPTS:
            self._console.event(TEMPLATE, "is not started again: each service now loads its own libraries")
            return
        self._processes.load_template(self._plan.preload)

    async def _heed_readiness(self) -> None:
        """Look at what is starting, until it is ready or has had its time."""
        while True:
            await self._starting.wait()
            unready = [one for one in self._services if not one.ready]
            if not unready:
                self._starting.clear()
                self._all_ready.set()
                continue
            await asyncio.gather(*(self._look_whether_ready(one) for one in unready))
            await asyncio.sleep(self._timings.poll)

    async def _look_whether_ready(self, service: Service) -> None:
        child = service.child
        if child is None or not child.alive:
            return
        plan = service.plan
        answer = await health.ask(plan.host, plan.port, plan.ready_path, self._timings.answer)
        took = asyncio.get_running_loop().time() - child.started_at
        if service.child is not child:
            return
        if answer.status == 200:  # noqa: PLR2004 - HTTP's OK
            service.ready = True
            if self._up:
                self._console.event(service.name, f"is ready again after {took:.1f} s")
            self._write_state()
        elif took > self._timings.ready:
            reason = answer.body[:300] or last_words(self._processes.log_of(service.name)) or "no answer"
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
            await asyncio.gather(*(self._look_whether_alive(one) for one in self._services if one.ready))

    async def _look_whether_alive(self, service: Service) -> None:
        child, plan = service.child, service.plan
        if child is None:
            return
        answer = await health.ask(plan.host, plan.port, plan.live_path, self._timings.answer)
        if service.child is not child:
            return
        service.misses = 0 if answer.status == 200 else service.misses + 1  # noqa: PLR2004
        if service.misses >= self._timings.misses:
            self._console.event(service.name, f"does not answer ({service.misses} times), ending it")
            child.signal(signal.SIGKILL)

    async def _watch_logs(self) -> None:
        while True:
            await asyncio.sleep(LOG_LOOK_SECONDS)
            self._logs.look()

    # ---------------------------------------------------------------------------------------- end

    async def _shut_down(self) -> None:
        """Services first, so that they can say what they have to; the broker and the template after them."""
        begun = time.monotonic()
        if self._broker is not None:
            await self._broker.close()
        last = {child for child in (self._processes.template, self._broker and self._broker.child) if child}
        first = [child for child in self._processes.running() if child not in last]
        for child in first:
            child.signal(signal.SIGTERM)
        hurry = asyncio.create_task(self._hurry.wait())
        ends = asyncio.gather(*(child.ended for child in first))
        waits: list[asyncio.Future[Any]] = [ends, hurry]
        await asyncio.wait(waits, timeout=self._timings.graceful, return_when=asyncio.FIRST_COMPLETED)
        stubborn = [child.name for child in first if child.alive]
        await asyncio.gather(*(child.kill() for child in first))
        await asyncio.gather(*(child.kill() for child in self._processes.running()))
        hurry.cancel()
        self._logs.look()
        with contextlib.suppress(FileNotFoundError):
            self._state_file.unlink()
        forced = f" (killed: {', '.join(stubborn)})" if stubborn else ""
        self._console.line(f"Stopped after {time.monotonic() - begun:.1f} s{forced}.")

    # -------------------------------------------------------------------------------------- state

    @property
    def _state_file(self) -> Path:
        return self._plan.run_dir / "state.json"

    def _write_state(self) -> None:
        """Tell other programs (`dossier status`) what runs."""
        broker = self._broker
        state = {
            "pid": os.getpid(),
            "url": self._plan.url,
            "broker": None
            if broker is None or broker.child is None
            else {"pid": broker.child.pid, "port": broker.port, "epoch": broker.epoch},
            "services": {
                one.name: {
                    "pid": one.child.pid if one.child else None,
                    "port": one.plan.port,
                    "ready": one.ready,
                    "restarts": one.restarts,
                }
                for one in self._services
            },
        }
        draft = self._state_file.with_suffix(".draft")
        draft.write_text(json.dumps(state, indent=1), encoding="utf-8")
        draft.replace(self._state_file)


def cause(child: Child) -> str:
    """Say how a process ended."""
    code = child.ended.result()
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"


def last_words_of_task(log: Path) -> str:
    """The last line that a task printed for people: the outcome shown for its step."""
    lines = tail(log, 1)
    return lines[0][:52] if lines and not lines[0].startswith("{") else ""


def accounts(file: str | None) -> list[str]:
    """Lines with the demo's accounts, read from `.data/demo.json`."""
    if file is None:
        return []
    try:
        users = json.loads(Path(file).read_text(encoding="utf-8"))["users"]
        return [f"  {one['email']:<26} {one['password']:<14} {one.get('role', '')}" for one in users]
    except (OSError, ValueError, KeyError, TypeError):
        return []
