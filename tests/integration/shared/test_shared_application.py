import asyncio
import logging
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import pytest
import structlog
import uvicorn
from fastapi import APIRouter, Depends, FastAPI, Request
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from shared.db.database import Database
from shared.db.tenancy import Scope
from shared.errors import Conflict
from shared.http.application import create_service_app
from shared.http.client import ServiceClient, ServiceProblem, ServiceUnavailable, Upload
from shared.http.tokens import internal_scope, sign
from shared.observability.tracing import bind_traceparent, current_correlation_id
from shared.settings import Settings

BROKER = Scope("user-1", "broker", ("agency-1",), "Zoé")
GIVEN = f"00-{'ab' * 16}-{'cd' * 8}-01"
router = APIRouter()


class Command(BaseModel):
    phase: str
    percent: int


@router.post("/claims/{number}/repair")
async def repair(
    number: str, command: Command, scope: Annotated[Scope, Depends(internal_scope("claims"))]
) -> Any:
    if number == "closed":
        raise Conflict("illegal_transition", "The claim is closed.", "phase")
    if number == "broken":
        raise RuntimeError("canary-50-111-22")
    return {"phase": command.phase, "by": scope.user_id, "trace": current_correlation_id()}


@router.get("/claims")
async def claims(request: Request) -> Any:
    return request.query_params.multi_items()


@router.delete("/claims/{number}", status_code=204)
async def remove(number: str) -> None:
    return None


@router.put("/claims/{number}")
async def replace(number: str, command: Command) -> Any:
    return {"number": number, "percent": command.percent}


@router.post("/files")
async def upload(request: Request) -> Any:
    async with request.form() as form:
        file = form["file"]
        assert not isinstance(file, str)
        content = await file.read()
        return {
            "name": file.filename,
            "type": file.content_type,
            "size": len(content),
            "kind": form.get("kind"),
        }


@router.get("/files/one")
async def download() -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * 100_000

    return StreamingResponse(parts(), media_type="image/png")


@router.get("/files/broken")
async def broken() -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        yield b"x"
        raise RuntimeError("canary-mid-answer")

    return StreamingResponse(parts())


@router.get("/hangs")
async def hangs() -> None:
    await asyncio.Event().wait()


class Bus:
    def __init__(self, log: list[str], report: dict[str, Any] | None = None) -> None:
        self.log = log
        self.report = {"ready": True} if report is None else report

    async def start(self) -> None:
        self.log.append("bus started")

    async def stop(self) -> None:
        self.log.append("bus stopped")

    def health(self) -> dict[str, Any]:
        return self.report


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return Settings(env="test", data_dir=tmp_path, claims_port=port, log_format="json")


@pytest.fixture(autouse=True)
def loggers_as_before() -> Iterator[None]:
    root, access = logging.getLogger(), logging.getLogger("uvicorn.access")
    handlers, level, disabled = root.handlers[:], root.level, access.disabled
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    access.disabled = disabled
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def application(settings: Settings, bus: Bus | None = None, **options: Any) -> FastAPI:
    database = Database(settings.database_url_of("claims"))
    return create_service_app("claims", settings, database, bus, [router], check_schema=False, **options)


class Server(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, app: FastAPI, port: int) -> None:
        super().__init__(
            uvicorn.Config(app, port=port, log_config=None, access_log=False, timeout_graceful_shutdown=1)
        )
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


@asynccontextmanager
async def serving(settings: Settings, app: FastAPI) -> AsyncIterator[ServiceClient]:
    server = Server(app, settings.claims_port)
    task = asyncio.create_task(server.serve())
    client = ServiceClient(settings, "claims")
    try:
        async with asyncio.timeout(10):
            await server.listening.wait()
        yield client
    finally:
        await client.close()
        server.should_exit = True
        await task


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[ServiceClient]:
    async with serving(settings, application(settings)) as made:
        yield made


async def refused(asked: Any) -> ServiceProblem:
    with pytest.raises(ServiceProblem) as caught:
        await asked
    return caught.value


async def test_a_command_reaches_its_handler_with_scope_and_trace(client: ServiceClient) -> None:
    bind_traceparent(GIVEN)
    answer = await client.post("/claims/1/repair", scope=BROKER, json={"phase": "parts", "percent": 40})
    assert answer == {"phase": "parts", "by": "user-1", "trace": "ab" * 16}


async def test_other_methods_and_parameters_reach_their_handlers(client: ServiceClient) -> None:
    assert await client.put("/claims/7", scope=BROKER, json={"phase": "x", "percent": 1}) == {
        "number": "7",
        "percent": 1,
    }
    assert await client.delete("/claims/7", scope=BROKER) is None
    params = {"q": "é&x", "state": ["open", "closed"], "unread": True, "page": None}
    assert await client.get("/claims", scope=BROKER, params=params) == [
        ["q", "é&x"],
        ["state", "open"],
        ["state", "closed"],
        ["unread", "true"],
    ]


async def test_a_rule_that_says_no_is_a_problem_with_its_code_and_field(client: ServiceClient) -> None:
    problem = await refused(
        client.post("/claims/closed/repair", scope=BROKER, json={"phase": "parts", "percent": 1})
    )
    assert (problem.status, problem.code, problem.field) == (409, "illegal_transition", "phase")
    assert problem.problem["type"] == "urn:dossier:problem:illegal_transition"


async def test_bad_input_names_each_field_and_repeats_no_value(client: ServiceClient) -> None:
    problem = await refused(client.post("/claims/1/repair", scope=BROKER, json={"percent": "canary"}))
    assert (problem.status, problem.code, problem.field) == (422, "schema", "phase")
    assert [error["field"] for error in problem.errors] == ["phase", "percent"]
    assert "canary" not in str(problem.problem)


async def test_the_unforeseen_is_a_reference_for_the_caller_and_a_place_in_the_log(
    client: ServiceClient, capsys: pytest.CaptureFixture[str]
) -> None:
    bind_traceparent(GIVEN)
    handler = logging.getLogger().handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(sys.stdout)  # the one that capsys reads
    problem = await refused(
        client.post("/claims/broken/repair", scope=BROKER, json={"phase": "parts", "percent": 1})
    )
    assert (problem.status, problem.code) == (500, "internal")
    assert "ab" * 16 in problem.detail
    output = capsys.readouterr().out
    assert "http.unexpected_error" in output
    assert "builtins.RuntimeError" in output
    assert "canary" not in output + str(problem.problem)
    assert '"route":"/claims/{number}/repair"' in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    "scope", [Scope("garage-lyon", "partner", partner_id="garage-lyon"), Scope("x", "ops")]
)
async def test_roles_that_a_route_does_not_name_are_refused(client: ServiceClient, scope: Scope) -> None:
    problem = await refused(
        client.post("/claims/1/repair", scope=scope, json={"phase": "parts", "percent": 1})
    )
    assert (problem.status, problem.code) == (403, "not_allowed")


async def test_what_is_not_there_and_what_is_not_offered_are_problems_too(client: ServiceClient) -> None:
    assert (await refused(client.get("/nothing", scope=BROKER))).code == "not_found"
    assert (await refused(client.delete("/claims", scope=BROKER))).code == "method_not_allowed"


async def test_a_file_goes_up_and_comes_down_in_pieces(client: ServiceClient) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * 1000

    file = Upload('photo "é".png', "image/png", parts())
    answer = await client.upload("/files", scope=BROKER, file=file, fields={"kind": "photo", "claim": None})
    assert answer == {"name": 'photo "é".png', "type": "image/png", "size": 3000, "kind": "photo"}
    async with client.stream("/files/one", scope=BROKER) as answered:
        assert answered.headers["content-type"] == "image/png"
        assert sum([len(piece) async for piece in answered.chunks]) == 300_000


@pytest.mark.parametrize(("name", "sent"), [("a\r\nX-Evil: b\0.png", "aX-Evil: b.png"), ("\n", "file")])
async def test_a_file_name_that_no_header_can_carry_goes_up_without_the_rest(
    client: ServiceClient, name: str, sent: str
) -> None:
    answer = await client.upload(
        "/files", scope=BROKER, file=Upload(name, "no\nkind", b"x"), fields={"kind": "a"}
    )
    assert (answer["name"], answer["type"]) == (sent, "application/octet-stream")


async def test_a_download_that_is_refused_or_breaks_off_is_said(client: ServiceClient) -> None:
    with pytest.raises(ServiceProblem):
        async with client.stream("/files/nothing", scope=BROKER):
            pass
    with pytest.raises(ServiceUnavailable):
        async with client.stream("/files/broken", scope=BROKER) as answered:
            assert [piece async for piece in answered.chunks]


async def test_a_service_that_hangs_or_is_away_is_unavailable(
    client: ServiceClient, settings: Settings
) -> None:
    with pytest.raises(ServiceUnavailable, match="The claims service does not answer"):
        await client.get("/hangs", scope=BROKER, limit=0.1)
    nobody = ServiceClient(settings.model_copy(update={"policy_url": "http://127.0.0.1:1"}), "policy")
    with pytest.raises(ServiceUnavailable) as caught:
        await nobody.get("/clients", scope=BROKER)
    assert (caught.value.service, caught.value.status) == ("policy", 503)
    await nobody.close()


async def test_a_body_beyond_the_limit_is_refused_declared_or_not(settings: Settings) -> None:
    async with serving(settings, application(settings, max_body_bytes=1000)) as client:
        large = {"phase": "x" * 2000, "percent": 1}
        declared = await refused(client.post("/claims/1/repair", scope=BROKER, json=large))

        async def parts() -> AsyncIterator[bytes]:
            for _ in range(20):
                yield b"x" * 100

        streamed = await refused(client.upload("/files", scope=BROKER, file=Upload("a", "b/c", parts())))
        assert [(one.status, one.code) for one in (declared, streamed)] == [(413, "too_large")] * 2


async def test_the_trace_of_a_request_goes_on_in_its_answer(
    client: ServiceClient, settings: Settings
) -> None:
    url = settings.service_url_of("claims")
    async with aiohttp.ClientSession(url, headers={"traceparent": GIVEN}) as http:
        async with http.get("/health/live") as answer:
            assert answer.headers["traceparent"].startswith(GIVEN[:36])
        headers = {
            "Authorization": f"Bearer {sign(settings, BROKER, 'claims')}",
            "Content-Type": "application/json",
        }
        async with http.post("/claims/1/repair", data=b"{bad", headers=headers) as answer:
            assert (answer.status, answer.content_type) == (400, "application/problem+json")
            assert (await answer.json())["instance"] == f"urn:dossier:correlation:{'ab' * 16}"
        async with http.get("/claims", headers={"traceparent": "canary"}) as answer:
            assert "canary" not in answer.headers["traceparent"]


async def test_health_and_metrics_are_served_and_documents_are_not(
    client: ServiceClient, settings: Settings
) -> None:
    assert await client.get("/health/live", scope=BROKER) == {"service": "claims", "status": "live"}
    assert (await client.get("/health/ready", scope=BROKER))["status"] == "ready"
    async with aiohttp.ClientSession(settings.service_url_of("claims")) as http:
        async with http.get("/metrics") as answer:
            assert (
                'dossier_http_request_seconds_count{method="GET",route="/health/live"' in await answer.text()
            )
        for path in ("/docs", "/redoc", "/openapi.json"):
            async with http.get(path) as answer:
                assert answer.status == 404


async def test_openapi_is_served_where_it_is_asked_for(settings: Settings) -> None:
    async with serving(settings, application(settings, openapi_url="/api/v1/openapi.json")) as client:
        document = await client.get("/api/v1/openapi.json", scope=BROKER)
    assert "/claims" in document["paths"]
    assert "/health/live" not in document["paths"]


async def test_readiness_names_what_is_not_ready(settings: Settings) -> None:
    bus = Bus([], {"ready": False, "problems": ["consumer has not joined"]})

    async def failing(_stop: asyncio.Event) -> None:
        raise RuntimeError

    async def store() -> dict[str, Any]:
        raise OSError

    async with serving(
        settings, application(settings, bus, background=[failing], checks={"store": store})
    ) as client:
        problem = await refused(client.get("/health/ready", scope=BROKER))
    assert problem.status == 503
    assert problem.problem["not_ready"] == [
        f"background: {failing.__qualname__}",
        "messaging: consumer has not joined",
        "store",
    ]


async def test_it_starts_in_order_and_stops_the_other_way_round(settings: Settings) -> None:
    log: list[str] = []

    async def work(stop: asyncio.Event) -> None:
        log.append("work started")
        await stop.wait()
        log.append("work stopped")

    async def close() -> None:
        log.append("client closed")

    app = application(settings, Bus(log), background=[work], on_stop=[close])
    async with app.router.lifespan_context(app):
        await asyncio.sleep(0)
        log.append("serving")
    assert log == ["bus started", "work started", "serving", "work stopped", "bus stopped", "client closed"]


async def test_a_bus_that_fails_to_start_is_stopped_again(settings: Settings) -> None:
    log: list[str] = []

    class Failing(Bus):
        async def start(self) -> None:
            raise ConnectionError

    app = application(settings, Failing(log))
    with pytest.raises(ConnectionError):
        async with app.router.lifespan_context(app):
            pass
    assert log == ["bus stopped"]


async def test_without_its_database_a_service_lives_and_says_which_setting_is_wrong(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    away = Database("postgresql://someone:canary@127.0.0.1:1/claims", setting="DOSSIER_CLAIMS_DATABASE_URL")
    async with serving(settings, create_service_app("claims", settings, away, None, [router])) as client:
        live = await client.get("/health/live", scope=BROKER)
        ready = await refused(client.get("/health/ready", scope=BROKER))
        asked = await refused(client.get("/claims", scope=BROKER))
    assert live == {"service": "claims", "status": "live"}
    sentence = "DOSSIER_CLAIMS_DATABASE_URL: no database answers at 127.0.0.1:1."
    assert (ready.status, ready.problem["not_ready"][0]) == (503, f"database: {sentence}")
    assert (asked.status, asked.code) == (503, "unavailable")
    output = capsys.readouterr().out
    assert "canary" not in output + str(ready.problem)
    assert "Traceback" not in output
