"""The Dockerfile as data, and the part of the image's file system that it copies from this repository.

No container engine is needed: what a COPY would bring is put into a folder, past .dockerignore, so that tests can run
the image's own files and nothing else.
"""

from __future__ import annotations

import re
import shlex
import shutil
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tests.unit.deploy.docker.composition import ROOT

FILE = ROOT / "deploy" / "docker" / "Dockerfile"
IGNORE = ROOT / ".dockerignore"
BROWSER_FOLDER = "/browser/"
"""Where the stage that runs `npm ci` has its node_modules: here they are those of the repository."""


@dataclass(frozen=True)
class Instruction:
    """One instruction, its lines joined."""

    name: str
    text: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.text)


@dataclass
class Stage:
    """One FROM and what follows it."""

    name: str
    base: str
    instructions: list[Instruction] = field(default_factory=list)

    def all(self, name: str) -> list[Instruction]:
        return [one for one in self.instructions if one.name == name]


def parse(text: str) -> tuple[dict[str, str], list[Stage]]:
    """Give the arguments before the first FROM, and the stages; raises ValueError for what is no instruction."""
    arguments: dict[str, str] = {}
    stages: list[Stage] = []
    joined = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE))
    for line in filter(None, map(str.strip, joined.splitlines())):
        name, _, rest = line.partition(" ")
        if name not in {"ARG", "FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "EXPOSE", "CMD"}:
            raise ValueError(f"{name} is not an instruction that this file uses")
        if name == "FROM":
            words = rest.split()
            stages.append(Stage(words[2] if len(words) > 2 else "", words[0]))
        elif stages:
            stages[-1].instructions.append(Instruction(name, rest.strip()))
        else:
            key, _, value = rest.partition("=")
            arguments[key] = value
    return arguments, stages


def final_stage() -> Stage:
    return parse(FILE.read_text(encoding="utf-8"))[1][-1]


def environment() -> dict[str, str]:
    """What the image sets for every process."""
    return dict(pair.split("=", 1) for one in final_stage().all("ENV") for pair in one.words)


def ignored(path: str, patterns: list[str]) -> bool:
    """Whether .dockerignore keeps a path of the repository from the builder: the last pattern that fits decides."""
    verdict = False
    for pattern in patterns:
        negated, name = pattern.startswith("!"), pattern.removeprefix("!")
        if _fits(path, name):
            verdict = not negated
    return verdict


def _fits(path: str, pattern: str) -> bool:
    """A pattern fits a path and all that is below it; `*` fits one name, `**` any number of folders."""
    parts = [
        "(?:.*/)?" if part == "**" else re.escape(part).replace(r"\*", "[^/]*") + "/"
        for part in pattern.split("/")
    ]
    return re.match("^" + "".join(parts).rstrip("/") + "(?:/|$)", path) is not None


def patterns() -> list[str]:
    lines = IGNORE.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def assemble(target: Path) -> None:
    """Put what the image copies from this repository and from its npm packages into `target`, as the image's root."""
    folder = PurePosixPath("/")
    for one in final_stage().instructions:
        if one.name == "WORKDIR":
            folder /= one.text
        elif one.name == "COPY":
            _copy(one.words, folder, target)


def _copy(words: list[str], folder: PurePosixPath, target: Path) -> None:
    stage = next((word.removeprefix("--from=") for word in words if word.startswith("--from=")), None)
    *sources, destination = [word for word in words if not word.startswith("--")]
    place = target / str(folder / destination).lstrip("/")
    if stage not in {None, "browser"}:
        return  # the Python packages: the tests' own are the same ones
    allowed = patterns()
    for source in sources:
        origin = ROOT / source.removeprefix(BROWSER_FOLDER).rstrip("/")
        if origin.is_dir():
            for file in origin.rglob("*"):
                name = file.relative_to(ROOT).as_posix()
                if file.is_file() and (stage or not ignored(name, allowed)):
                    _place(file, place / file.relative_to(origin))
        elif stage or not ignored(source, allowed):
            _place(origin, place / origin.name if destination.endswith("/") else place)
        else:
            raise ValueError(f"{source} is copied, and .dockerignore keeps it from the builder")


def _place(file: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(file, place)
