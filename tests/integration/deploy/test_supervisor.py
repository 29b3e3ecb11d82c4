"""The supervisor with real processes: what it starts, what it starts again, and that it leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from deploy.local.plan import Timings
from tests.integration.deploy.stacks import (
    alive,
    descendants,
    dummy,
    environment_of,
    eventually,
    get,
    plan_of,
    running,
    script,
)

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="copies and death signals are Linux's")
both_ways = pytest.mark.parametrize(
    "template", [False, pytest.param(True, marks=linux_only)], ids=["alone", "copied"]
)


def preload(template: bool) -> tuple[str, ...]:
    return ("json", "http.server") if template else ()


@both_ways
def test_a_service_that_is_killed_comes_back_by_itself(tmp_path: Path, template: bool) -> None:
    plan = plan_of(tmp_path, dummy("claims", template=template), dummy("policy"), preload=preload(template))
    with running(plan) as stack:
        stack.wait_until_up()
        first, other = stack.pid_of("claims"), stack.pid_of("policy")

        os.kill(first, signal.SIGKILL)

        second = stack.wait_for_successor("claims", of=first)
        assert alive(second)
        assert environment_of(plan.services[0]) is not None
        assert stack.pid_of("policy") == other
        stack.wait_until_says("ended (SIGKILL), starting it again")
        stack.wait_until_says("is ready again")


@both_ways
def test_the_end_leaves_no_process_and_takes_less_than_five_seconds(tmp_path: Path, template: bool) -> None:
    plan = plan_of(
        tmp_path,
        dummy("claims", "ignore-term", "child", template=template),
        dummy("policy", "child", template=template),
        broker=True,
        preload=preload(template),
        timings=Timings(poll=0.03),
    )
    with running(plan) as stack:
        stack.wait_until_up()
        everyone = descendants(stack.process.pid)
        assert len(everyone) >= 5

        took = stack.end(signal.SIGINT)

        assert took < 5
        assert stack.process.returncode == 0
        assert [pid for pid in everyone if alive(pid)] == []
        assert "killed: claims" in stack.text


def test_obedient_services_end_at_once(tmp_path: Path) -> None:
    with running(plan_of(tmp_path, dummy("claims"), broker=True, timings=Timings(poll=0.03))) as stack:
        stack.wait_until_up()
        assert stack.end(signal.SIGHUP) < 3
        assert "killed" not in stack.text


def test_asking_twice_ends_everything_at_once(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, dummy("claims", "ignore-term"), timings=Timings(graceful=60))
    with running(plan) as stack:
        stack.wait_until_up()
        stack.process.send_signal(signal.SIGINT)
        stack.wait_until_says("Stopping")

        def ends() -> bool:
            stack.process.send_signal(signal.SIGINT)
            return stack.process.poll() is not None

        eventually(ends, within=3, what="an end without patience")


def test_signals_that_come_together_are_one_request(tmp_path: Path) -> None:
    with running(plan_of(tmp_path, dummy("claims"))) as stack:
        stack.wait_until_up()
        stack.process.send_signal(signal.SIGHUP)
        stack.end(signal.SIGTERM)
        assert stack.process.returncode == 0
        assert "killed" not in stack.text


def test_a_start_can_be_interrupted(tmp_path: Path) -> None:
    with running(plan_of(tmp_path, dummy("claims", "unready"), broker=True)) as stack:
        eventually(lambda: stack.pid_of("claims"), what="a started service")
        everyone = descendants(stack.process.pid)
        assert stack.end(signal.SIGTERM) < 5
        assert [pid for pid in everyone if alive(pid)] == []


@linux_only
@both_ways
def test_nothing_outlives_a_supervisor_that_is_killed(tmp_path: Path, template: bool) -> None:
    plan = plan_of(
        tmp_path, dummy("claims", "ignore-term", template=template), broker=True, preload=preload(template)
    )
    with running(plan) as stack:
        stack.wait_until_up()
        everyone = descendants(stack.process.pid)
        assert len(everyone) >= 2

        stack.end(signal.SIGKILL)

        eventually(lambda: not any(alive(pid) for pid in everyone), within=5, what="the end of all children")


def test_a_service_that_keeps_dying_is_started_less_and_less_often(tmp_path: Path) -> None:
    marker = tmp_path / "dies"
    service = dummy("claims", "dies-while", str(marker))
    timings = Timings(poll=0.03, stable=60, backoff=(0.0, 0.2, 0.4), graceful=1)
    with running(plan_of(tmp_path, service, timings=timings)) as stack:
        stack.wait_until_up()
        marker.touch()
        os.kill(stack.pid_of("claims"), signal.SIGTERM)

        stack.wait_until_says("starting it again in 0.2 s (2 in a row): dummy.cannot_live")
        stack.wait_until_says("starting it again in 0.4 s (3 in a row)")

        marker.unlink()
        stack.wait_until_says("is ready again")


def test_a_stack_whose_service_cannot_live_is_not_started(tmp_path: Path) -> None:
    with running(plan_of(tmp_path, dummy("claims", "dies"), dummy("policy"), broker=True)) as stack:
        stack.process.wait(20)
        assert stack.process.returncode == 1
        assert "Dossier cannot start: claims ended 3 times." in stack.text
        assert "dummy.cannot_live" in stack.text
        assert str(tmp_path / "logs" / "claims.log") in stack.text
        assert "Traceback" not in stack.text


def test_a_public_port_that_was_taken_meanwhile_ends_the_start_in_a_sentence(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, dummy("claims"), broker=True)
    assert plan.broker is not None
    with socket.socket() as thief:
        thief.bind(("127.0.0.1", plan.broker.port))
        thief.listen()
        with running(plan) as stack:
            stack.process.wait(20)
            assert stack.process.returncode == 1
            assert f"Port {plan.broker.port} of the embedded broker cannot be opened" in stack.text
            assert "Traceback" not in stack.text


def test_a_service_that_never_gets_ready_ends_the_start_saying_so(tmp_path: Path) -> None:
    timings = Timings(ready=0.5, poll=0.03, graceful=1)
    with running(plan_of(tmp_path, dummy("claims", "unready"), timings=timings)) as stack:
        stack.process.wait(20)
        assert stack.process.returncode == 1
        assert "Dossier cannot start: claims is not ready after" in stack.text


def test_a_service_that_hangs_is_ended_and_comes_back(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, dummy("claims"))
    with running(plan) as stack:
        stack.wait_until_up()
        first = stack.pid_of("claims")
        get(plan.services[0], "/hang")

        stack.wait_until_says("does not answer (2 times), ending it")
        stack.wait_for_successor("claims", of=first)


@both_ways
def test_a_broker_that_dies_is_replaced_and_all_services_learn_its_new_epoch(
    tmp_path: Path, template: bool
) -> None:
    plan = plan_of(
        tmp_path,
        dummy("claims", template=template),
        dummy("policy", "ignore-term", template=template),
        broker=True,
        preload=preload(template),
    )
    with running(plan) as stack:
        stack.wait_until_up()
        before = stack.state()
        seen = environment_of(plan.services[0])
        assert seen["DOSSIER_BROKER_EPOCH"] == before["broker"]["epoch"]
        assert seen["DOSSIER_KAFKA_PORT"] == str(before["broker"]["port"])

        os.kill(before["broker"]["pid"], signal.SIGKILL)

        for service in plan.services:
            name = service.process.name
            stack.wait_for_successor(name, of=before["services"][name]["pid"])
            epoch = environment_of(service)["DOSSIER_BROKER_EPOCH"]
            assert epoch == stack.state()["broker"]["epoch"] != before["broker"]["epoch"]
        assert "in a row" not in stack.text  # being ended for the broker's sake is no death of one's own
        stack.wait_until_says("broker        ended (SIGKILL), starting it again and all services with it")


@linux_only
def test_a_template_that_dies_is_loaded_again(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, dummy("claims", template=True), broker=True, preload=preload(template=True))
    with running(plan) as stack:
        stack.wait_until_up()
        before = stack.state()
        first = stack.pid_of("claims")
        template = next(pid for pid in descendants(stack.process.pid) if first in descendants(pid))

        os.kill(template, signal.SIGKILL)

        stack.wait_for_successor("claims", of=first)
        assert stack.state()["broker"] == before["broker"]


@linux_only
def test_copies_are_named_after_what_they_run(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, dummy("claims", template=True), preload=preload(template=True))
    with running(plan) as stack:
        stack.wait_until_up()
        command = Path(f"/proc/{stack.pid_of('claims')}/cmdline").read_bytes().rstrip(b"\0").decode()
        assert command == f"python -m tests.integration.deploy.dummy_service {plan.services[0].port}"


def test_tasks_are_done_before_and_after_and_not_again(tmp_path: Path) -> None:
    done = tmp_path / "done"
    plan = plan_of(
        tmp_path,
        dummy("claims"),
        before=(script("databases", "print('5 up to date')"),),
        after=(
            script("demo data", f"open({str(done)!r}, 'x').close()", done_file=str(done)),
            script("demo data", "raise SystemExit('must not run')", done_file=str(done)),
        ),
    )
    with running(plan) as stack:
        stack.wait_until_up()
        assert "5 up to date" in stack.text
        assert done.exists()
        assert "failed" not in stack.text


def test_a_required_task_that_fails_ends_the_start(tmp_path: Path) -> None:
    plan = plan_of(
        tmp_path, dummy("claims"), before=(script("databases", "raise SystemExit('disk is full')"),)
    )
    with running(plan) as stack:
        stack.process.wait(20)
        assert stack.process.returncode == 1
        assert "Dossier cannot start: databases failed: disk is full" in stack.text


def test_a_task_that_may_fail_is_told_and_the_stack_goes_on(tmp_path: Path) -> None:
    plan = plan_of(
        tmp_path, dummy("claims"), after=(script("demo data", "raise SystemExit('no data')", required=False),)
    )
    with running(plan) as stack:
        stack.wait_until_up()
        assert "demo data failed: no data" in stack.text


def test_warnings_of_services_are_shown_in_one_line(tmp_path: Path) -> None:
    with running(plan_of(tmp_path, dummy("claims"))) as stack:
        stack.wait_until_says("claims        warning dummy.started")
