"""`make lock`: pin the newest versions that the .in files and package.json allow, by hash, without addresses."""

import shutil
import subprocess
import sys
from pathlib import Path

from deploy.checks.dependencies import REQUIREMENTS, ROOT

UV = str(Path(sys.executable).parent / "uv")
OPTIONS = (
    "--universal",  # one lock for every Python from the oldest, every system and processor
    "--python-version=3.11",
    "--generate-hashes",
    "--no-emit-index-url",
    "--upgrade",
    "--system-certs",
    "--quiet",
    "--custom-compile-command=make lock",
)


def main() -> int:
    """Rewrite the lock files one after the other: the later ones are constrained by the first."""
    for source in REQUIREMENTS:
        target = source.removesuffix(".in") + ".lock"
        status = subprocess.call([UV, "pip", "compile", *OPTIONS, "--output-file", target, source], cwd=ROOT)
        if status:
            return status
    npm = shutil.which("npm") or str(Path(sys.executable).parent / "npm")
    return subprocess.call([npm, "update", "--package-lock-only"], cwd=ROOT)


if __name__ == "__main__":
    sys.exit(main())
