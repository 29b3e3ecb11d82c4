"""From settings to a plan: what the embedded stack consists of."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from deploy.kafka.acls import service_user
from deploy.kafka.passwords import password_file
from deploy.kafka.topics import DEMO_PARTNERS, PARTNERS_FILE, topics_for
from deploy.local.broker import broker_command, find_broker
from deploy.local.doorway import HOST
from deploy.local.lifeline import KERNEL_DOES_IT
from deploy.local.plan import BrokerPlan, ProcessPlan, ServicePlan, StackPlan, TaskPlan
from deploy.local.preflight import Listener
from shared.settings import PREFIX, SERVICES, Settings

PRELOAD = ("deploy.local.preload",)
ACCOUNTS_FILE = "demo.json"

MEMORY = {
    # glibc gives each thread an arena of its own; two are enough for five small services (a third less memory).
    "MALLOC_ARENA_MAX": "2",
}


def port_setting(service: str) -> str:
    """Name the setting that moves a service's port."""
    return f"{PREFIX}PORT" if service == "gateway" else f"{PREFIX}{service.upper()}_PORT"


def build_plan(settings: Settings, *, demo: bool) -> StackPlan:
    """Plan the whole stack for this machine."""
    data_dir = settings.data_dir.absolute()
    environment = {
        **MEMORY,
        f"{PREFIX}DATA_DIR": str(data_dir),
        f"{PREFIX}LOG_FORMAT": "json",
        f"{PREFIX}DEMO": str(demo).lower(),
    }
    services = tuple(
        ServicePlan(
            ProcessPlan(
                service, "deploy.serve", (service,), {**environment, **_kafka_user(settings, service)}
            ),
            settings.host,
            settings.port_of(service),
            port_setting(service),
        )
        for service in SERVICES
    )
    host = HOST if settings.host in {"0.0.0.0", "::", ""} else settings.host  # noqa: S104 - compared, not bound
    accounts = data_dir / ACCOUNTS_FILE
    return StackPlan(
        data_dir=str(data_dir),
        services=services,
        broker=_broker(settings, data_dir, demo=demo) if settings.embedded else None,
        before=(*_before(settings, environment), *((_seeding(environment, accounts),) if demo else ())),
        # Copying a process that has threads is not safe on macOS, whose libraries start some by themselves.
        preload=PRELOAD if KERNEL_DOES_IT and os.environ.get("DOSSIER_PRELOAD") != "0" else (),
        accounts_file=str(accounts) if demo else None,
        url=f"http://{host}:{settings.port}",
    )


def _kafka_user(settings: Settings, service: str) -> dict[str, str]:
    """Have a service log in as itself, where its password is handed over; else all log in as the settings say."""
    folder = settings.kafka_service_passwords
    if folder is None or settings.embedded:
        return {}
    return {
        f"{PREFIX}KAFKA_USERNAME": service_user(service),
        f"{PREFIX}KAFKA_PASSWORD": "",  # the operator's own, which would win over the file
        f"{PREFIX}KAFKA_PASSWORD_FILE": str(password_file(folder.absolute(), service)),
    }


def _before(settings: Settings, environment: dict[str, str]) -> list[TaskPlan]:
    tasks = [TaskPlan(ProcessPlan("migrate", "deploy.cli", ("migrate",), environment), "databases")]
    if not settings.embedded:
        tasks.append(TaskPlan(ProcessPlan("topics", "deploy.cli", ("topics",), environment), "topics"))
    return tasks


def _seeding(environment: dict[str, str], accounts: Path) -> TaskPlan:
    return TaskPlan(
        ProcessPlan("seed-demo", "deploy.cli", ("seed-demo",), environment),
        "demo data",
        done_file=str(accounts),
        required=False,
    )


def _broker(settings: Settings, data_dir: Path, *, demo: bool) -> BrokerPlan:
    topics = topics_for(DEMO_PARTNERS if demo else ())
    return BrokerPlan(
        command=broker_command(find_broker(data_dir)),
        port=settings.kafka_port,
        setting=f"{PREFIX}KAFKA_PORT",
        topics=tuple((spec.name, spec.partitions) for spec in topics),
        partners_file=str(data_dir / PARTNERS_FILE),
    )


def listeners(plan: StackPlan) -> list[Listener]:
    """List the ports that the plan opens."""
    found = [Listener(one.process.name, one.host, one.port, one.setting) for one in plan.services]
    if plan.broker is not None:
        found.append(Listener("the embedded broker", HOST, plan.broker.port, plan.broker.setting))
    return found


def become_supervisor(plan: StackPlan) -> None:
    """Turn this process into the supervisor: same process id, without the libraries that made the plan.

    The lock on the data folder, an inheritable descriptor, stays held.
    """
    file = plan.run_dir / "plan.json"
    file.write_text(plan.to_json(), encoding="utf-8")
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", "deploy.local", str(file)])  # noqa: S606 - our own program
