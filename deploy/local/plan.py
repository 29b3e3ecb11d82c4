"""What the supervisor is to run, as data: it knows neither settings nor services by itself.

`dossier run` reads the settings with heavy libraries, writes the plan as JSON and then becomes the supervisor,
which imports the standard library alone: it stays for as long as the stack runs, and memory is counted.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Timings:
    """Seconds. Tests make them short; nobody else has a reason to change them."""

    ready: float = 60.0
    """A process that has not become ready for this long is taken for stuck."""
    poll: float = 0.1
    """Between two looks at what is starting."""
    watch: float = 5.0
    """Between two looks at each running service (`/health/live`)."""
    answer: float = 3.0
    """A look without an answer for this long is a miss."""
    misses: int = 3
    """So many misses in a row, and the service is killed and started again."""
    stable: float = 20.0
    """A process that lived this long did not die of its start: it is started again at once."""
    backoff: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
    """Waits before the next start of a process that keeps dying; the last one repeats."""
    graceful: float = 3.8
    """From SIGTERM to SIGKILL. With the kill itself, the whole stop stays under five seconds."""
    hopeless: int = 3
    """So many deaths of one service before the stack was ever ready, and the start is given up."""


@dataclass(frozen=True)
class ProcessPlan:
    """A process to start. `module` and `arguments` are `python -m module arguments...`."""

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    """Added to the supervisor's own environment."""
    command: tuple[str, ...] | None = None
    """A program to start instead of a Python module."""
    alone: bool = False
    """Whether `environment` is all that it gets."""

    def with_environment(self, more: dict[str, str]) -> ProcessPlan:
        """Give the same plan with more environment."""
        return replace(self, environment={**self.environment, **more})


@dataclass(frozen=True)
class ServicePlan:
    """A process that is to run for as long as the stack does, and answers health checks."""

    process: ProcessPlan
    host: str
    port: int
    setting: str
    """The setting that moves its port: named when the port is in use."""
    live_path: str = "/health/live"
    ready_path: str = "/health/ready"


@dataclass(frozen=True)
class BrokerPlan:
    """The embedded broker: one program, its state in memory only."""

    command: tuple[str, ...]
    """The program and its arguments; `{port}` is replaced by the port it is to listen on."""
    port: int
    """Where partners and tools connect: the doorway, see doorway.py."""
    setting: str
    topics: tuple[tuple[str, int], ...]
    """Names and partition counts of the topics that are always there."""
    partners_file: str
    """JSON list of `{id, kind}`: the partners known to this installation, whose topics exist from the start."""


@dataclass(frozen=True)
class TaskPlan:
    """A process that does one thing and ends: a migration, the demo data."""

    process: ProcessPlan
    title: str
    """What the console says it does."""
    done_file: str | None = None
    """Not needed when this file exists."""
    required: bool = True
    """Whether its failure ends the start."""

    @property
    def done(self) -> bool:
        """Whether there is nothing left to do."""
        return self.done_file is not None and Path(self.done_file).exists()


@dataclass(frozen=True)
class StackPlan:
    """Everything that one `dossier run` is about."""

    data_dir: str
    services: tuple[ServicePlan, ...]
    broker: BrokerPlan | None = None
    before: tuple[TaskPlan, ...] = ()
    """Done before any service starts."""
    after: tuple[TaskPlan, ...] = ()
    """Done when all services are ready."""
    preload: tuple[str, ...] = ()
    """Modules imported once and shared by all Python processes (see template.py); empty: each imports its own."""
    accounts_file: str | None = None
    """JSON with the demo's accounts, shown when the stack is ready."""
    url: str = ""
    timings: Timings = field(default_factory=Timings)

    @property
    def log_dir(self) -> Path:
        """Where each process has its log."""
        return Path(self.data_dir) / "logs"

    @property
    def run_dir(self) -> Path:
        """Where the lock, the plan and the state of the running stack are."""
        return Path(self.data_dir) / "run"

    @property
    def state_file(self) -> Path:
        """Where the supervisor says what runs."""
        return self.run_dir / "state.json"

    def to_json(self) -> str:
        """Write the plan; it has no secrets: those stay in the environment."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> StackPlan:
        """Read what `to_json` wrote."""
        raw = json.loads(text)
        broker = raw["broker"]
        return cls(
            data_dir=raw["data_dir"],
            services=tuple(_service(one) for one in raw["services"]),
            broker=_broker(broker) if broker else None,
            before=tuple(_task(one) for one in raw["before"]),
            after=tuple(_task(one) for one in raw["after"]),
            preload=tuple(raw["preload"]),
            accounts_file=raw["accounts_file"],
            url=raw["url"],
            timings=Timings(**{**raw["timings"], "backoff": tuple(raw["timings"]["backoff"])}),
        )


def _process(raw: dict[str, Any]) -> ProcessPlan:
    command = raw["command"]
    return ProcessPlan(
        **{**raw, "arguments": tuple(raw["arguments"]), "command": tuple(command) if command else None}
    )


def _service(raw: dict[str, Any]) -> ServicePlan:
    return ServicePlan(**{**raw, "process": _process(raw["process"])})


def _task(raw: dict[str, Any]) -> TaskPlan:
    return TaskPlan(**{**raw, "process": _process(raw["process"])})


def _broker(raw: dict[str, Any]) -> BrokerPlan:
    topics = tuple((name, partitions) for name, partitions in raw["topics"])
    return BrokerPlan(**{**raw, "command": tuple(raw["command"]), "topics": topics})
