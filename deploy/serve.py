"""`python -m deploy.serve <service>`: one service under uvicorn, here and in a container alike."""

from __future__ import annotations

import asyncio
import gc
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from deploy.local.lifeline import watch_parent
from shared.settings import SERVICES, Settings, SettingsError, load_settings

if TYPE_CHECKING:
    from types import FrameType

    from uvicorn import Server

GRACEFUL_SECONDS: Final = 3
"""For requests under way, and streams. The supervisor kills after 3.8 s."""
KEEP_ALIVE_SECONDS: Final = 75
"""Longer than the 60 s for which proxies keep idle connections: the one who opened it closes it first."""
COLLECTOR: Final = (50_000, 20, 50)
"""When Python looks for cycles. A batch, or a page, makes tens of thousands of objects and hardly a cycle: looking after every
700 of them, as is the default, took a quarter of the time of a batch."""
EXIT_CONFIGURATION: Final = 78
"""EX_CONFIG of sysexits.h: starting again would not help."""


def settings_class(service: str) -> type[Settings]:
    """Find the service's own settings (`ClaimsSettings` in services/claims/settings.py), else the common ones."""
    try:
        module = import_module(f"services.{service}.settings")
    except ModuleNotFoundError as error:
        if error.name != f"services.{service}.settings":
            raise
        return Settings
    found: type[Settings] = getattr(module, f"{service.capitalize()}Settings", Settings)
    return found


def build_server(service: str, settings: Settings) -> Server:
    """Make the service's application and the server around it."""
    import uvicorn  # noqa: PLC0415 - after the settings, whose mistakes are told without it

    module: Any = import_module(f"services.{service}.app")
    app = module.create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port_of(service),
        http="h11",
        ws="none",
        lifespan="on",
        loop="asyncio",
        log_config=None,  # create_app has configured logging for libraries as well
        access_log=False,  # our own middleware logs requests by route, without what they carry
        server_header=False,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )

    class Leaving(uvicorn.Server):
        """A server that says at once when it is told to stop: it waits for open streams, and those end when they know."""

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            super().handle_exit(sig, frame)
            tell = getattr(app.state, "leaving", None)
            if tell is not None:
                asyncio.get_running_loop().call_soon_threadsafe(tell)

    return Leaving(config)


def main(arguments: list[str]) -> int:
    """Serve the service named on the command line until SIGTERM."""
    if len(arguments) != 1 or arguments[0] not in SERVICES:
        print(f"usage: python -m deploy.serve {{{','.join(SERVICES)}}}", file=sys.stderr)
        return 2
    service = arguments[0]
    watch_parent()
    try:
        settings = load_settings(settings_class(service))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return EXIT_CONFIGURATION
    server = build_server(service, settings)
    gc.collect()
    gc.freeze()  # what the imports made stays for ever: the collector need not look at it again
    gc.set_threshold(*COLLECTOR)
    asyncio.run(server.serve())
    return 0 if server.started else 3  # uvicorn's own code for a start that failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
