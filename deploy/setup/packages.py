"""The virtual environment, its hash-pinned packages and the `dossier` command in it."""

import importlib.util
import os
import shutil
import sys
from pathlib import Path

from deploy.setup.step import ROOT, VENV, IndexUnreachable, SetupFailed, digest, is_done, mark_done, run

HERE = Path(__file__).parent
STAMPS = VENV / "stamps"
INSTALLING = VENV / "installing"
"""Exists while packages are installed. Found at the start, it tells that an earlier run was cut off."""

INSTALLER_LOCK = HERE / "installer.lock"
RUNTIME_LOCK = ROOT / "requirements.lock"
DEVELOPMENT_LOCK = ROOT / "requirements-dev.lock"

COMMAND = """#!/bin/sh
'''exec' "{python}" "$0" "$@"
'''
# The shell reads the two lines above, and so a path with spaces or of any length works.
import sys

sys.path.insert(0, {root!r})

from deploy.cli import main

sys.exit(main())
"""


def in_venv(program: str) -> str:
    """Path of a program in the virtual environment."""
    return str(VENV / "bin" / program)


def create_venv() -> None:
    """Make `.venv`, anew when it belongs to another Python, another folder, or was never finished."""
    key = f"{sys.version_info[0]}.{sys.version_info[1]} {ROOT}"
    stamp = STAMPS / "venv"
    if is_done(stamp, key) and Path(in_venv("python")).exists() and not INSTALLING.exists():
        return
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        raise SetupFailed(
            f"This Python ({sys.executable}) cannot make virtual environments: install its venv module "
            f"(on Debian and Ubuntu: apt-get install python{sys.version_info[0]}.{sys.version_info[1]}-venv)."
        )
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    shutil.rmtree(VENV, ignore_errors=True)
    outside = str(getattr(sys, "_base_executable", sys.executable))  # we may run in the .venv just removed
    run("Virtual environment", [outside, "-m", "venv", str(VENV)])
    mark_done(stamp, key)


def install_runtime() -> None:
    """Install what the services need, and the `dossier` command."""
    _install("Python packages", "runtime", [RUNTIME_LOCK])
    install_command()


def install_development() -> None:
    """Install what tests and checks need, on top."""
    _install("Test packages", "development", [RUNTIME_LOCK, DEVELOPMENT_LOCK])


def install_node() -> None:
    """Install Node.js as a wheel."""
    _install("Node.js", "node", [HERE / "node.lock"])


def install_command() -> None:
    """Write the `dossier` command and put the repository on the import path, without a build back end."""
    content = COMMAND.format(python=in_venv("python"), root=str(ROOT))
    script = Path(in_venv("dossier"))
    key = digest([content])
    if is_done(STAMPS / "command", key) and script.exists():
        return
    site_packages = next(VENV.glob("lib*/python3*/site-packages"))
    (site_packages / "dossier.pth").write_text(f"{ROOT}\n")
    script.write_text(content)
    script.chmod(0o755)
    mark_done(STAMPS / "command", key)


def _install(title: str, name: str, locks: list[Path]) -> None:
    key = digest(locks)
    stamp = STAMPS / name
    if is_done(stamp, key):
        return
    INSTALLING.touch()
    try:
        _install_locks(title, locks)
    except SetupFailed:
        INSTALLING.unlink()  # it failed by itself and undid its own work; only a cut-off run leaves rubble
        raise
    mark_done(stamp, key)
    INSTALLING.unlink()


def _install_locks(title: str, locks: list[Path]) -> None:
    requirements = [word for lock in locks for word in ("-r", str(lock))]
    pip = [
        in_venv("python"),
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "--require-hashes",
        "--quiet",
    ]
    uv = [
        in_venv("uv"),
        "pip",
        "install",
        "--python",
        in_venv("python"),
        "--require-hashes",
        "--system-certs",
    ]
    try:
        if not is_done(STAMPS / "installer", digest([INSTALLER_LOCK])):
            run("Installer", [*pip, "-r", str(INSTALLER_LOCK)])
            mark_done(STAMPS / "installer", digest([INSTALLER_LOCK]))
        quiet = {"UV_LINK_MODE": os.environ.get("UV_LINK_MODE", "copy")}
        run(title, [*uv, "--compile-bytecode", *requirements], env=quiet)
    except IndexUnreachable:
        if not is_done(STAMPS / "installer", digest([INSTALLER_LOCK])):
            raise  # that was pip already
        run(f"{title} with pip", [*pip, *requirements])  # pip.conf may name a mirror, which uv does not read
    except SetupFailed:
        run(f"{title} with pip", [*pip, *requirements])  # slower, but there is not a uv for every machine
