from __future__ import annotations

import argparse
import re
import subprocess
import sys

import pytest

from deploy import cli
from shared.settings import PREFIX


def test_every_command_in_the_table_has_its_module(capsys: pytest.CaptureFixture[str]) -> None:
    for name in cli.COMMANDS:
        with pytest.raises(SystemExit) as ended:
            cli.main([name, "--help"])
        assert ended.value.code == 0
        assert f"dossier {name}" in capsys.readouterr().out


def test_help_lists_all_commands_without_importing_them() -> None:
    code = (
        "import sys; sys.argv = ['dossier', '--help']\n"
        "from deploy import cli\n"
        "try: cli.main()\n"
        "except SystemExit: pass\n"
        "heavy = {'pydantic', 'sqlalchemy', 'fastapi', 'aiokafka'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in cli.COMMANDS)


def test_the_supervisor_imports_the_standard_library_and_our_names_only() -> None:
    code = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "import deploy.local.__main__\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "foreign = new - set(sys.stdlib_module_names) - {'deploy', 'shared'}\n"
        "sys.exit(str(foreign) if foreign else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["fly"])
    assert ended.value.code == 2
    assert "invalid choice: 'fly'" in capsys.readouterr().err


class Failing:
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def configure(self, parser: argparse.ArgumentParser) -> None:
        pass

    def run(self, arguments: argparse.Namespace) -> int:
        raise self.error


@pytest.mark.parametrize(
    ("error", "code"), [(cli.Refused("The disk is full."), 1), (KeyboardInterrupt(), cli.INTERRUPTED)]
)
def test_a_failure_is_a_sentence_and_an_exit_code(
    error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "load", lambda _name: Failing(error))
    assert cli.main(["migrate"]) == code
    assert "Traceback" not in capsys.readouterr().err


def test_a_mistake_in_the_settings_is_told_with_the_settings_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(f"{PREFIX}PORT", "eighty")
    assert cli.main(["run"]) == cli.MISCONFIGURED
    assert re.fullmatch(r"DOSSIER_PORT is not valid: .*\n", capsys.readouterr().err)


def test_an_error_of_our_own_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "load", lambda _name: Failing(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        cli.main(["migrate"])


def test_settings_are_listed_with_default_and_purpose(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["settings"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert next(line for line in lines if line.startswith("DOSSIER_PORT ")).split()[:2] == [
        "DOSSIER_PORT",
        "8000",
    ]
