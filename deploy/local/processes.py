"""Starting and ending processes: each in a session of its own, tied to the supervisor's life."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from deploy.local.lifeline import KERNEL_DOES_IT, PARENT_VARIABLE, tie_to_parent
from deploy.local.plan import ProcessPlan
from deploy.local.template import PADDING

TEMPLATE: Final = "template"


class Child:
    """A process that was started. `ended` has its exit code: negative for a signal."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.pid = 0
        self.started_at = 0.0
        """In the time of the event loop."""
        self.known: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the process id is known."""
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @property
    def alive(self) -> bool:
        """Whether its end has not been seen yet."""
        return not self.ended.done()

    def born(self, pid: int) -> None:
        """Take note of its process id."""
        self.pid = pid
        self.known.set_result(None)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and all that it started."""
        if self.pid:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    def finish(self, code: int) -> None:
        """Take note of its end, and end what it may have left behind in its process group."""
        if self.ended.done():
            return
        self.ended.set_result(code)
        self.signal(signal.SIGKILL)

    async def stop(self, graceful: float) -> None:
        """SIGTERM, then SIGKILL after `graceful` seconds; returns when it has ended."""
        if not self.alive:
            return
        self.signal(signal.SIGTERM)
        await asyncio.wait([self.ended], timeout=graceful)
        await self.kill()

    async def kill(self) -> None:
        """SIGKILL; returns when it has ended."""
        if not self.alive:
            return
        waits: list[asyncio.Future[Any]] = [self.known, self.ended]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        self.signal(signal.SIGKILL)
        await asyncio.wait([self.ended])


class Processes:
    """All processes of one supervisor. `on_end` is called, in the event loop, for each that ends."""

    def __init__(self, log_dir: Path, on_end: Callable[[Child], None]) -> None:
        self._log_dir = log_dir
        self._on_end = on_end
        self._direct: dict[Child, subprocess.Popen[bytes]] = {}
        self._copies: dict[int, Child] = {}
        self._count = 0
        self._template: Child | None = None
        self._link: socket.socket | None = None
        self._loaded: asyncio.Future[None] | None = None
        self._reader: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin to notice children that end."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self._reap)

    def close(self) -> None:
        """Let go; every child must have ended."""
        asyncio.get_running_loop().remove_signal_handler(signal.SIGCHLD)
        if self._reader is not None:
            self._reader.cancel()
        if self._link is not None:
            self._link.close()

    def running(self) -> list[Child]:
        """All that has not ended: the template last, as its copies end with it."""
        direct = [child for child in self._direct if child is not self._template]
        template = [self._template] if self._template is not None else []
        return [*self._copies.values(), *direct, *template]

    def log_of(self, name: str) -> Path:
        """Where a process writes."""
        return self._log_dir / f"{name}.log"

    @property
    def template(self) -> Child | None:
        """The template process, when there is one."""
        return self._template

    def load_template(self, modules: tuple[str, ...]) -> Child:
        """Start the template (see template.py); `start` uses it as soon as it has loaded."""
        ours, theirs = socket.socketpair()
        with theirs:
            ours.setblocking(False)  # noqa: FBT003 - takes it by position only
            child = self._popen(
                TEMPLATE,
                [sys.executable, "-m", "deploy.local.template", *modules, PADDING],
                dict(os.environ),
                theirs,
            )
        self._template, self._link = child, ours
        self._loaded = asyncio.get_running_loop().create_future()
        self._reader = asyncio.create_task(self._read(ours, self._loaded))
        return child

    async def start(self, plan: ProcessPlan) -> Child:
        """Start a process: as a copy of the template where there is one, else by itself."""
        environment = plan.environment if plan.alone else {**os.environ, **plan.environment}
        if plan.command is not None:
            return self._popen(plan.name, list(plan.command), environment, None)
        template, link, loaded = self._template, self._link, self._loaded
        if template is not None and link is not None and loaded is not None:
            waits: list[asyncio.Future[Any]] = [loaded, template.ended]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            if template.alive:
                return await self._copy(plan, environment, template, link)
        return self._popen(plan.name, [sys.executable, "-m", plan.module, *plan.arguments], environment, None)

    async def _copy(
        self, plan: ProcessPlan, environment: dict[str, str], template: Child, link: socket.socket
    ) -> Child:
        child = Child(plan.name)
        self._count += 1
        self._copies[self._count] = child
        order = {
            "start": self._count,
            "name": plan.name,
            "module": plan.module,
            "arguments": plan.arguments,
            "environment": environment,
            "log": str(self.log_of(plan.name)),
            "parent": template.pid,
        }
        child.started_at = asyncio.get_running_loop().time()
        await asyncio.get_running_loop().sock_sendall(link, json.dumps(order).encode() + b"\n")
        # Until it has a process id, nobody could stop it.
        waits: list[asyncio.Future[Any]] = [child.known, child.ended]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        return child

    def _popen(
        self, name: str, command: list[str], environment: dict[str, str], link: socket.socket | None
    ) -> Child:
        if not KERNEL_DOES_IT:
            environment = {**environment, PARENT_VARIABLE: str(os.getpid())}
            if command[0] != sys.executable:
                command = [sys.executable, "-m", "deploy.local.lifeline", *command]
        supervisor = os.getpid()
        child = Child(name)
        with self.log_of(name).open("ab") as log:
            # The only thread of this process makes the child: preexec_fn is safe, and the kernel ties the
            # child's life to this thread.
            process = subprocess.Popen(
                command,
                env=environment,
                stdin=link.fileno() if link is not None else subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=lambda: tie_to_parent(supervisor),  # noqa: PLW1509
            )
        child.born(process.pid)
        child.started_at = asyncio.get_running_loop().time()
        self._direct[child] = process
        return child

    def _reap(self) -> None:
        for child, process in list(self._direct.items()):
            code = process.poll()
            if code is not None:
                del self._direct[child]
                self._finish(child, code)
                if child is self._template:
                    self._lose_template()

    def _lose_template(self) -> None:
        """Its copies are dead with it (kernel), or are ended now."""
        self._template = None
        orphans = list(self._copies.values())
        self._copies.clear()
        for orphan in orphans:
            orphan.signal(signal.SIGKILL)
            self._finish(orphan, -signal.SIGKILL)

    def _finish(self, child: Child, code: int) -> None:
        child.finish(code)
        self._on_end(child)

    async def _read(self, link: socket.socket, loaded: asyncio.Future[None]) -> None:
        loop = asyncio.get_running_loop()
        pending = b""
        with contextlib.suppress(OSError):
            while received := await loop.sock_recv(link, 65536):
                *lines, pending = (pending + received).split(b"\n")
                for line in lines:
                    self._hear(json.loads(line), loaded)

    def _hear(self, message: dict[str, Any], loaded: asyncio.Future[None]) -> None:
        if "loaded" in message:
            loaded.set_result(None)
        elif "started" in message:
            copy = self._copies.get(message["started"])
            if copy is not None:
                copy.born(message["pid"])
        else:
            child = self._copies.pop(message["ended"], None)
            if child is not None:
                self._finish(child, message["code"])
