"""Apache Kafka, one KRaft node: a plain listener for administration, a SASL/SCRAM one for services and partners."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final
from uuid import uuid4

from tests.stack.engines import programs

VERSION: Final = "4.3.1"
ADMIN: Final = "dossier"
ADMIN_PASSWORD: Final = "dossier-stack-only"

_ANSWER_SECONDS: Final = 180.0
"""It takes five; after a `kill -9` it goes through the ends of all logs first, which took more than sixty on busy cores."""
_LOGIN_MODULE: Final = "org.apache.kafka.common.security.scram.ScramLoginModule"
_POM: Final = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>dossier</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-core</artifactId><version>2.24.3</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.24.3</version></dependency>
  </dependencies>
</project>
"""
_LOG4J: Final = """<Configuration status="WARN">
  <Appenders><Console name="C"><PatternLayout pattern="%d %p %c{1}: %m%n"/></Console></Appenders>
  <Loggers><Root level="WARN"><AppenderRef ref="C"/></Root></Loggers>
</Configuration>
"""


class Kafka:
    """A broker with a data folder of its own; `kill` and `start` again keep the data, as a machine's restart does."""

    def __init__(self, folder: Path, door: int | None = None) -> None:
        """Choose ports; nothing runs before `start`. Clients are sent to the port `door`, when there is one before ours."""
        self.inner_port = programs.free_port()
        self.port = door or self.inner_port
        self.admin_port = programs.free_port()
        self._controller_port = programs.free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """The SASL/SCRAM listener."""
        return f"127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """Settings of a service that connects as the product's own user."""
        return {
            "DOSSIER_KAFKA_BOOTSTRAP": self.bootstrap,
            "DOSSIER_KAFKA_SECURITY": "SASL_PLAINTEXT",
            "DOSSIER_KAFKA_MECHANISM": "SCRAM-SHA-512",
            "DOSSIER_KAFKA_USERNAME": ADMIN,
            "DOSSIER_KAFKA_PASSWORD": ADMIN_PASSWORD,
        }

    @property
    def pid(self) -> int:
        """Process id, for faults."""
        if self._process is None:
            raise RuntimeError("the broker does not run")
        return self._process.pid

    def start(self) -> None:
        """Format the storage at the first start, start, and wait for the listener."""
        libraries = _libraries()
        java = programs.program("java")
        self._folder.mkdir(parents=True, exist_ok=True)
        properties = self._folder / "server.properties"
        if not properties.exists():
            properties.write_text(self._properties(), encoding="utf-8")
            credentials = f"SCRAM-SHA-512=[name={ADMIN},password={ADMIN_PASSWORD}]"
            format_storage = [
                "format",
                "-t",
                uuid4().hex[:22],
                "-c",
                str(properties),
                "--add-scram",
                credentials,
            ]
            done = subprocess.run(
                [java, "-cp", libraries, "kafka.tools.StorageTool", *format_storage],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise programs.Unavailable(
                    f"Kafka's storage could not be formatted: {done.stderr.strip()[-300:]}"
                )
        options = ["-Xmx512m", "-XX:+UseSerialGC", f"-Dlog4j2.configurationFile={_cache() / 'log4j2.xml'}"]
        self._process = programs.start(
            [java, *options, "-cp", libraries, "kafka.Kafka", str(properties)], self._folder / "kafka.log"
        )
        programs.until(
            lambda: programs.listens(self.inner_port), self._process, "Apache Kafka", _ANSWER_SECONDS
        )

    def kill(self) -> None:
        """End it as a power cut does; the data stay."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            programs.stop(self._process)

    def _properties(self) -> str:
        listeners = {
            "INTERNAL": self.admin_port,
            "CLIENTS": self.inner_port,
            "CONTROLLER": self._controller_port,
        }
        return "\n".join(
            (
                "process.roles=broker,controller",
                "node.id=1",
                f"controller.quorum.voters=1@127.0.0.1:{self._controller_port}",
                "listeners=" + ",".join(f"{name}://127.0.0.1:{port}" for name, port in listeners.items()),
                f"advertised.listeners=INTERNAL://127.0.0.1:{self.admin_port},CLIENTS://127.0.0.1:{self.port}",
                "listener.security.protocol.map=INTERNAL:PLAINTEXT,CLIENTS:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
                "controller.listener.names=CONTROLLER",
                "inter.broker.listener.name=INTERNAL",
                "sasl.enabled.mechanisms=SCRAM-SHA-512",
                f"listener.name.clients.scram-sha-512.sasl.jaas.config={_LOGIN_MODULE} required;",
                "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                "allow.everyone.if.no.acl.found=false",
                f"super.users=User:ANONYMOUS;User:{ADMIN}",
                f"log.dirs={self._folder / 'data'}",
                "auto.create.topics.enable=false",
                "offsets.topic.replication.factor=1",
                "offsets.topic.num.partitions=4",
                "transaction.state.log.replication.factor=1",
                "transaction.state.log.min.isr=1",
                "share.coordinator.state.topic.replication.factor=1",
                "share.coordinator.state.topic.min.isr=1",
                "group.initial.rebalance.delay.ms=0",
                "",
            )
        )


def _cache() -> Path:
    return programs.cache() / f"kafka-{VERSION}"


def _libraries() -> str:
    """Class path of the broker; its jars are fetched once. A half-finished fetch is done again."""
    folder = _cache()
    done = folder / "complete"
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pom.xml").write_text(_POM, encoding="utf-8")
        (folder / "log4j2.xml").write_text(_LOG4J, encoding="utf-8")
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=libs"]
        programs.fetch(f"Apache Kafka {VERSION}", [programs.program("mvn"), "-q", "-B", *goal], cwd=folder)
        done.touch()
    return f"{folder / 'libs'}/*"
