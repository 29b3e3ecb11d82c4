from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local import launch
from deploy.local.plan import BrokerPlan, ProcessPlan, ServicePlan, StackPlan, TaskPlan, Timings
from shared.settings import SERVICES, Settings


def test_a_plan_survives_its_way_through_json() -> None:
    process = ProcessPlan("claims", "deploy.serve", ("claims",), {"A": "b"}, ("x", "y"), alone=True)
    plan = StackPlan(
        data_dir="/data",
        services=(ServicePlan(process, "127.0.0.1", 8002, "DOSSIER_CLAIMS_PORT"),),
        broker=BrokerPlan(
            ("tansu", "{port}"), 19092, "DOSSIER_KAFKA_PORT", (("a.v1", 4),), "/data/partners.json"
        ),
        before=(TaskPlan(process, "databases"),),
        after=(TaskPlan(ProcessPlan("seed", "deploy.cli"), "demo data", "/data/demo.json", required=False),),
        preload=("json",),
        accounts_file="/data/demo.json",
        url="http://127.0.0.1:8000",
        timings=Timings(backoff=(0.0, 1.0)),
    )
    assert StackPlan.from_json(plan.to_json()) == plan


def test_a_plan_without_broker_survives_too() -> None:
    plan = StackPlan("/data", ())
    assert StackPlan.from_json(plan.to_json()) == plan


def test_the_stack_is_the_five_services_and_a_broker_on_loopback(tmp_path: Path) -> None:
    plan = launch.build_plan(Settings(data_dir=tmp_path), demo=True)
    assert [(one.process.name, one.port) for one in plan.services] == [
        ("policy", 8001),
        ("claims", 8002),
        ("documents", 8003),
        ("notifications", 8004),
        ("gateway", 8000),
    ]
    assert {one.host for one in plan.services} == {"127.0.0.1"}
    assert plan.broker is not None
    assert plan.broker.port == 19092
    assert ("partners.garage-lyon.repair-updates.v1", 4) in plan.broker.topics
    assert ("partners.garage-lyon.repair-updates.v1.dlq", 1) in plan.broker.topics
    assert [task.title for task in (*plan.before, *plan.after)] == ["databases", "demo data"]
    assert plan.url == "http://127.0.0.1:8000"


def test_without_demo_there_are_no_demo_data_and_no_demo_partners(tmp_path: Path) -> None:
    plan = launch.build_plan(Settings(data_dir=tmp_path), demo=False)
    assert plan.after == ()
    assert plan.broker is not None
    assert not [name for name, _ in plan.broker.topics if name.startswith("partners.")]
    assert plan.services[0].process.environment["DOSSIER_DEMO"] == "false"


def test_with_a_kafka_of_ones_own_no_broker_is_started_and_topics_are_created_there(tmp_path: Path) -> None:
    plan = launch.build_plan(Settings(data_dir=tmp_path, kafka_bootstrap="kafka:9092"), demo=False)
    assert plan.broker is None
    assert [task.title for task in plan.before] == ["databases", "topics"]
    assert len(launch.listeners(plan)) == len(SERVICES)


def test_every_port_is_checked_under_the_setting_that_moves_it(tmp_path: Path) -> None:
    found = {
        one.setting: one.port
        for one in launch.listeners(launch.build_plan(Settings(data_dir=tmp_path), demo=True))
    }
    assert found == {
        "DOSSIER_PORT": 8000,
        "DOSSIER_POLICY_PORT": 8001,
        "DOSSIER_CLAIMS_PORT": 8002,
        "DOSSIER_DOCUMENTS_PORT": 8003,
        "DOSSIER_NOTIFICATIONS_PORT": 8004,
        "DOSSIER_KAFKA_PORT": 19092,
    }


def test_the_plan_carries_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOSSIER_SECRET", "a-secret-that-nobody-may-read-in-a-file")
    assert "nobody-may-read" not in launch.build_plan(Settings(data_dir=tmp_path), demo=True).to_json()
