"""The browser assets: npm packages, by the machine's Node.js or by one that comes as a wheel."""

import os
import shutil
import subprocess

from deploy.setup.packages import in_venv, install_node
from deploy.setup.step import ROOT, VENV, digest, is_done, mark_done, run

OLDEST_NODE = 20
INPUTS = [ROOT / "package.json", ROOT / "package-lock.json", ROOT / ".npmrc"]
STAMP = ROOT / "node_modules" / ".stamp"
"""Inside the folder that `npm ci` empties first: an interrupted run therefore leaves no stamp."""


def install_node_packages() -> None:
    """Install exactly what package-lock.json names, and only when it changed."""
    key = digest(INPUTS)
    if is_done(STAMP, key):
        return
    env = {"NODE_USE_SYSTEM_CA": "1"}  # the wheel brings its own certificates, and not those of the office
    npm = _npm_of_the_machine()
    if npm is None:
        install_node()
        npm = in_venv("npm")
        env["PATH"] = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    run("Browser packages", [npm, "ci", "--no-progress"], env=env)
    mark_done(STAMP, key)


def _npm_of_the_machine() -> str | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20, check=False)
        major = int(answer.stdout.strip().lstrip("v").split(".")[0])
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None  # a version manager's shim without a version behind it
    return npm if major >= OLDEST_NODE else None
