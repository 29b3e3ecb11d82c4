"""Dependencies are explained, and their lock files say what is installed but not from where.

A lock file with addresses in it works only behind the same mirror as the machine that wrote it.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXPLANATIONS = Path("docs/dependencies.md")
REQUIREMENTS = ("requirements.in", "requirements-dev.in", "deploy/setup/installer.in", "deploy/setup/node.in")
LOCKS = tuple(name.removesuffix(".in") + ".lock" for name in REQUIREMENTS)


def required_packages(root: Path) -> set[str]:
    """Names of all packages that we ask for ourselves, from both ecosystems."""
    names = set()
    for file in REQUIREMENTS:
        for line in (root / file).read_text(encoding="utf-8").splitlines():
            if match := re.match(r"[A-Za-z0-9][\w.-]*", line):
                names.add(match[0].lower())
    manifest = json.loads((root / "package.json").read_text(encoding="utf-8"))
    return names | {*manifest["dependencies"], *manifest["devDependencies"]}


def explained_packages(root: Path) -> set[str]:
    """Names in the first column of the tables of docs/dependencies.md."""
    text = (root / EXPLANATIONS).read_text(encoding="utf-8")
    cells = re.findall(r"^\| (`[^|]+) \|", text, flags=re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`\[]+)(?:\[[^`]*)?`", cell)}


def complaints(root: Path) -> list[str]:
    """Everything that is wrong, one sentence each."""
    required, explained = required_packages(root), explained_packages(root)
    found = [f"{EXPLANATIONS} has no line for {name}." for name in sorted(required - explained)]
    found += [
        f"{EXPLANATIONS} explains {name}, which nothing asks for." for name in sorted(explained - required)
    ]
    for file in LOCKS:
        text = (root / file).read_text(encoding="utf-8")
        if "://" in text:
            found.append(f"{file} names an address; run make lock.")
        pins = len(re.findall(r"^[a-z0-9][\w.-]*(?:\[.*\])?==", text, flags=re.MULTILINE))
        if not pins or pins > text.count("--hash=sha256:"):
            found.append(f"{file} pins a package without its hash; run make lock.")
    packages = json.loads((root / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for path, package in packages.items():
        if "resolved" in package:
            found.append(f"package-lock.json names an address for {path}; run make lock.")
        if path and "integrity" not in package:
            found.append(f"package-lock.json has no hash for {path}; run make lock.")
    return found


if __name__ == "__main__":
    problems = complaints(ROOT)
    print("\n".join(problems), end="\n" if problems else "")
    sys.exit(bool(problems))
