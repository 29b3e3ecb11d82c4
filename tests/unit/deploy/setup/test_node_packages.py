from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.setup import node_packages
from deploy.setup.node_packages import install_node_packages


class Machine:
    """A PATH of our own making, and a record of what set-up ran on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.npm: list[str] = []
        self.wheels = 0

    def has(self, name: str, says: str = "", status: int = 0) -> None:
        script = self.folder / name
        script.write_text(f"#!/bin/sh\necho '{says}'\nexit {status}\n")
        script.chmod(0o755)

    def run(self, _title: str, command: list[str], env: Mapping[str, str] | None = None) -> None:
        self.npm.append(command[0])
        assert command[1] == "ci"

    def install_node(self) -> None:
        self.wheels += 1


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(node_packages, "STAMP", tmp_path / "node_modules" / ".stamp")
    monkeypatch.setattr(node_packages, "run", machine.run)
    monkeypatch.setattr(node_packages, "install_node", machine.install_node)
    return machine


def test_the_node_of_the_machine_is_used_when_it_is_new_enough(machine: Machine, tmp_path: Path) -> None:
    machine.has("node", "v20.1.0")
    machine.has("npm")
    install_node_packages()
    assert (machine.npm, machine.wheels) == ([str(tmp_path / "npm")], 0)


@pytest.mark.parametrize(("says", "status"), [("v18.19.0", 0), ("no version is selected", 1)])
def test_a_node_that_is_old_or_only_a_shim_is_replaced_by_the_wheel(
    machine: Machine, says: str, status: int
) -> None:
    machine.has("node", says, status)
    machine.has("npm")
    install_node_packages()
    assert machine.wheels == 1
    assert machine.npm[0].endswith(".venv/bin/npm")


def test_node_without_npm_is_replaced_by_the_wheel(machine: Machine) -> None:
    machine.has("node", "v22.0.0")
    install_node_packages()
    assert machine.wheels == 1


def test_packages_that_are_there_are_not_installed_again(machine: Machine) -> None:
    install_node_packages()
    install_node_packages()
    assert len(machine.npm) == 1
