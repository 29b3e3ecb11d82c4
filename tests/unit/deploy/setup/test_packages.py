import importlib.util
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.setup import packages
from deploy.setup.packages import create_venv, install_command, install_runtime
from deploy.setup.step import IndexUnreachable, SetupFailed


class Machine:
    """Stands in for the programs that set-up starts: remembers them, and can fail."""

    def __init__(self, venv: Path) -> None:
        self.venv = venv
        self.commands: list[list[str]] = []
        self.broken: set[str] = set()
        self.unreachable: set[str] = set()

    def run(self, title: str, command: list[str], env: Mapping[str, str] | None = None) -> None:
        self.commands.append(command)
        if "venv" in command:
            (self.venv / "bin").mkdir(parents=True)
            (self.venv / "bin" / "python").symlink_to(sys.executable)
            (self.venv / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
        program = "pip" if "-m" in command and "pip" in command else Path(command[0]).name
        if program in self.unreachable:
            raise IndexUnreachable(f"{title} failed")
        if program in self.broken:
            raise SetupFailed(f"{title} failed")

    def programs(self) -> list[str]:
        return ["venv" if "venv" in c else "uv" if c[0].endswith("uv") else "pip" for c in self.commands]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    venv = tmp_path / "my checkout" / ".venv"
    monkeypatch.setattr(packages, "VENV", venv)
    monkeypatch.setattr(packages, "STAMPS", venv / "stamps")
    monkeypatch.setattr(packages, "INSTALLING", venv / "installing")
    machine = Machine(venv)
    monkeypatch.setattr(packages, "run", machine.run)
    return machine


def test_a_first_run_makes_the_environment_and_installs_by_hash(machine: Machine) -> None:
    create_venv()
    install_runtime()
    assert machine.programs() == ["venv", "pip", "uv"]
    assert all("--require-hashes" in command for command in machine.commands[1:])


def test_a_second_run_starts_no_program(machine: Machine) -> None:
    for _ in range(2):
        create_venv()
        install_runtime()
    assert len(machine.commands) == 3


def test_a_changed_lock_file_is_installed_again(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("a==1 --hash=sha256:1")
    monkeypatch.setattr(packages, "RUNTIME_LOCK", lock)
    create_venv()
    install_runtime()
    lock.write_text("a==2 --hash=sha256:2")
    install_runtime()
    assert machine.programs() == ["venv", "pip", "uv", "uv"]


def test_an_install_that_was_cut_off_is_done_again_from_scratch(machine: Machine) -> None:
    create_venv()
    install_runtime()
    rubble = machine.venv / "lib" / "half-a-package"
    rubble.mkdir()
    (machine.venv / "installing").touch()
    create_venv()
    install_runtime()
    assert not rubble.exists()
    assert machine.programs() == ["venv", "pip", "uv"] * 2


def test_an_environment_without_its_python_is_made_anew(machine: Machine) -> None:
    create_venv()
    (machine.venv / "bin" / "python").unlink()
    create_venv()
    assert machine.programs() == ["venv", "venv"]


def test_an_environment_of_another_python_is_made_anew(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_venv()
    monkeypatch.setattr(sys, "version_info", (3, 99, 0))
    create_venv()
    assert machine.programs() == ["venv", "venv"]


def test_pip_installs_where_uv_cannot(machine: Machine) -> None:
    machine.broken = {"uv"}
    create_venv()
    install_runtime()
    assert machine.programs() == ["venv", "pip", "uv", "pip"]


def test_pip_is_not_asked_twice_when_the_index_is_out_of_reach(machine: Machine) -> None:
    create_venv()
    machine.unreachable = {"pip"}
    with pytest.raises(IndexUnreachable):
        install_runtime()
    assert machine.programs() == ["venv", "pip"]


def test_pip_is_asked_for_the_mirror_that_uv_does_not_know(machine: Machine) -> None:
    create_venv()
    machine.unreachable = {"uv"}
    install_runtime()
    assert machine.programs() == ["venv", "pip", "uv", "pip"]


def test_a_failed_install_is_told_and_keeps_what_was_there(machine: Machine) -> None:
    create_venv()
    machine.broken = {"uv", "pip"}
    with pytest.raises(SetupFailed):
        install_runtime()
    machine.broken = set()
    create_venv()
    install_runtime()
    assert machine.programs().count("venv") == 1


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_python_without_its_venv_module_is_told_what_to_install(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == module else object())
    with pytest.raises(SetupFailed, match=r"apt-get install python3\.\d+-venv"):
        create_venv()
    assert not machine.commands


def test_the_command_works_from_a_folder_with_a_space_in_its_name(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_venv()
    root = machine.venv.parent
    (root / "deploy").mkdir()
    (root / "deploy" / "__init__.py").touch()
    (root / "deploy" / "cli.py").write_text("import sys\ndef main(): print(sys.argv[1:]); return 7\n")
    monkeypatch.setattr(packages, "ROOT", root)
    install_command()
    answer = subprocess.run(
        [machine.venv / "bin" / "dossier", "run", "a b"], capture_output=True, text=True, check=False
    )
    assert (answer.returncode, answer.stdout) == (7, "['run', 'a b']\n")
