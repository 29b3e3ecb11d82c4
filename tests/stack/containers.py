"""The containers of docker-compose.yml as processes of this machine, each with its command line as it stands there.

No container engine is needed. What a container would see is put together from the same files: the image's own tree,
mounted files, volumes as folders, secrets from make-secrets. Only addresses (host:port) and the first part of paths
are exchanged for those of this machine; a process gets the environment of the file and of the image, and none of ours.
"""

from __future__ import annotations

import os
import re
import shutil
import site
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx

from tests.stack.engines import kafka, programs, s3
from tests.stack.engines.postgresql import PostgreSQL
from tests.unit.deploy.docker import composition, image
from tests.unit.deploy.docker.composition import SECRETS, Container

_KAFKA_PROGRAMS: Final = {
    "kafka-storage.sh": "kafka.tools.StorageTool",
    "kafka-server-start.sh": "kafka.Kafka",
}
_PORTS: Final = {"policy": 8001, "claims": 8002, "documents": 8003, "notifications": 8004, "gateway": 8000}
_PUBLIC: Final = {"kafka": 9092, "postgresql": 5432, "s3": 7070, **_PORTS}


class Host:
    """A folder that stands for the machine on which compose would run."""

    def __init__(self, folder: Path) -> None:
        """Lay out files; nothing runs before `run` and `start`."""
        self.containers = composition.containers(composition.load())
        self.folder = folder
        self.image = folder / "image"
        self.secrets = folder / "secrets"
        self.ports = {name: programs.free_port() for name in _PUBLIC}
        self._inner = {port: programs.free_port() for port in (9093, 9094, 9095)}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        image.assemble(self.image)
        self._compile()
        self.assembled_at = time.time()
        make = composition.ROOT / "deploy" / "docker" / "make-secrets"
        subprocess.run([make, self.secrets], check=True, capture_output=True)
        self._rewrite_secrets()
        self._lay_out_programs()

    # ------------------------------------------------------------------------------------------ commands

    def command(self, one: Container, words: list[str] | None = None) -> list[str]:
        """The command line (or another one of the container) with this machine's addresses and folders."""
        return [self._here(one, word) for word in words or one.command]

    def environment(self, one: Container) -> dict[str, str]:
        """What the image and the file set, and where the programs are."""
        settings = {name: self._here(one, value) for name, value in one.environment.items()}
        if one.name in _PORTS:
            name = "DOSSIER_PORT" if one.name == "gateway" else f"DOSSIER_{one.name.upper()}_PORT"
            settings[name] = str(self.ports[one.name])
        from_image = image.environment() if one.ours else {}
        modules = f"{self.image / 'app'}:{site.getsitepackages()[0]}"
        temporary = self._made(f"tmp/{one.name}")
        return {
            **from_image,
            **settings,
            "PATH": f"{self.image / 'usr/local/bin'}:{self.folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": modules,
            "SECRETS": str(self.secrets),
            "KAFKA_HOME": str(self.folder / "kafka"),
            "TMPDIR": str(temporary),
            "HOME": "/nonexistent",
        }

    def _here(self, one: Container, text: str) -> str:
        for host, port in _PUBLIC.items():
            text = text.replace(f"{host}:{port}", f"127.0.0.1:{self.ports[host]}")
        text = text.replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - the container's; here it stays on loopback
        inner = {**self._inner, **{port: self.ports[name] for name, port in _PUBLIC.items()}}
        text = re.sub(
            r"(127\.0\.0\.1[:/])(\d+)", lambda found: found[1] + str(inner.get(int(found[2]), found[2])), text
        )
        text = re.sub(r"^:(\d+)$", lambda found: f"127.0.0.1:{inner[int(found[1])]}", text)
        for source, target in [*one.volumes, (str(self.secrets), SECRETS)]:
            place = Path(source) if Path(source).is_absolute() else self._mounted(source)
            text = text.replace(target, str(place))
        return text

    def _mounted(self, source: str) -> Path:
        """A named volume is a folder; what comes from the repository is a copy, with this machine's addresses."""
        if "/" not in source:
            return self._made(f"volumes/{source}")
        origin, copy = composition.ROOT / source, self.folder / "mounted" / source
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            if origin.is_dir():
                shutil.copytree(origin, copy)
            else:
                shutil.copy2(origin, copy)
        return copy

    # --------------------------------------------------------------------------------------------- running

    def run(self, name: str, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a step to its end; `words` come after its entry point instead of its command, `given` on standard input."""
        one = self.containers[name]
        command = [*one.raw.get("entrypoint", []), *words] if words else one.command
        return subprocess.run(
            self.command(one, command),
            env=self.environment(one),
            cwd=self.image / "app",
            input=given,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def start(self, *names: str) -> None:
        """Start what keeps running, all at once, and wait until the health check of each passes."""
        for name in names:
            self._spawn(name)
        for name in names:
            programs.until(
                lambda name=name: self.healthy(name),  # type: ignore[misc]
                self.processes[name],
                f"The container {name}",
                90,
            )

    def _spawn(self, name: str) -> None:
        one = self.containers[name]
        with self.log(name).open("ab") as output:
            process = subprocess.Popen(
                self.command(one),
                env=self.environment(one),
                cwd=self.image / "app" if one.ours else self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes[name] = process

    def healthy(self, name: str) -> bool:
        """Run the health check as it stands in the file."""
        one = self.containers[name]
        done = subprocess.run(
            self.command(one, one.health),
            env=self.environment(one),
            cwd=self.image / "app",
            capture_output=True,
            timeout=5,
            check=False,
        )
        return done.returncode == 0

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def fetch(self, name: str, path: str) -> httpx.Response:
        """What a service answers."""
        return httpx.get(f"http://127.0.0.1:{self.ports[name]}{path}", timeout=10)

    def readiness(self, name: str) -> dict[str, Any]:
        """Its own report."""
        document: dict[str, Any] = self.fetch(name, "/health/ready").json()
        return document

    def stop(self) -> None:
        """End everything, the youngest first."""
        for process in reversed(self.processes.values()):
            programs.stop(process)

    # ------------------------------------------------------------------------------------------- laying out

    def prepare_kafka(self) -> None:
        """The broker's settings, with this machine's ports and folders."""
        one = self.containers["kafka"]
        for name in ("server.properties", "start"):
            file = self._mounted("./deploy/docker/kafka") / name
            lines = [self._here(one, line) for line in file.read_text(encoding="utf-8").splitlines()]
            file.write_text("\n".join([*lines, ""]), encoding="utf-8")

    def publish_kafka(self) -> str:
        """Put deploy/docker/partners.yml over the file, with a certificate of this machine; gives its path."""
        more = composition.load(composition.ROOT / "deploy" / "docker" / "partners.yml")
        self.containers = composition.containers(composition.merged(composition.load(), more))
        address = f"127.0.0.1:{self._inner[9095]}"
        for name, variable in (("kafka", "PARTNER_ADDRESS"), ("dossier", "DOSSIER_KAFKA_PARTNER_BOOTSTRAP")):
            self.containers[name].raw["environment"][variable] = address
        certificate, key = self.folder / "certificate.pem", self.folder / "key.pem"
        request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
        names = ["-addext", "subjectAltName=IP:127.0.0.1", "-out", str(certificate), "-keyout", str(key)]
        subprocess.run(["openssl", *request, *names], check=True, capture_output=True)
        both = key.read_text(encoding="utf-8") + certificate.read_text(encoding="utf-8")
        (self.secrets / "kafka-certificate").write_text(both, encoding="utf-8")
        return str(certificate)

    def _rewrite_secrets(self) -> None:
        for file in self.secrets.glob("*-database-url"):
            text = file.read_text(encoding="utf-8")
            file.chmod(0o644)
            file.write_text(text.replace("@postgresql:5432/", f"@127.0.0.1:{self.ports['postgresql']}/"))

    def _lay_out_programs(self) -> None:
        """Kafka's programs where its image has them; and a Python that sees packages, but not this repository."""
        libraries, java = kafka._libraries(), programs.program("java")
        for name, entry in _KAFKA_PROGRAMS.items():
            options = "$KAFKA_HEAP_OPTS $KAFKA_LOG4J_OPTS"
            self._script(f"kafka/bin/{name}", f'exec {java} {options} -cp "{libraries}" {entry} "$@"')
        self._script("bin/python", f'exec {sys.executable} -S "$@"')
        (self.folder / "bin" / "versitygw").symlink_to(s3._server())

    def _compile(self) -> None:
        """Byte code, as the Dockerfile makes it: the containers could not keep it."""
        line = next(one.text for one in image.final_stage().all("RUN") if "compileall" in one.text)
        folders = line.partition("compileall -q ")[2].partition(" && ")[0].split()
        command = [sys.executable, "-m", "compileall", "-q", *folders]
        subprocess.run(command, cwd=self.image / "app", check=True, stdout=subprocess.DEVNULL)

    def _script(self, path: str, line: str) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        file.chmod(0o755)

    def _made(self, path: str) -> Path:
        folder = self.folder / path
        folder.mkdir(parents=True, exist_ok=True)
        return folder


class ComposePostgreSQL(PostgreSQL):
    """A server made as its image makes it from the file: passwords by TCP, then the script for the databases."""

    def __init__(self, host: Host) -> None:
        super().__init__(host.folder / "postgresql")
        self.port = host.ports["postgresql"]
        self._host = host
        self._container = host.containers["postgresql"]

    def start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            self._give_to_postgres()
        environment = self._container.environment
        user = environment["POSTGRES_USER"]
        options = environment["POSTGRES_INITDB_ARGS"].split()
        self._run(
            programs.program("initdb"), "-D", str(self._data), "-U", user, "--auth-local=trust", *options
        )
        self._options = [*self._container.command[1:], "-c", "listen_addresses=127.0.0.1"]
        self._serve()
        scripts = [
            self._host._mounted(source)
            for source, target in self._container.volumes
            if target.startswith("/docker-entrypoint-initdb.d/")
        ]
        connection: Mapping[str, str] = {
            "POSTGRES_USER": user,
            "PGHOST": str(self._folder),
            "PGPORT": str(self.port),
        }
        for script in scripts:
            subprocess.run(
                [script], check=True, env={**self._host.environment(self._container), **connection}
            )
