"""Static files: own ones and a few from npm packages, each with a version in its address and cached for a year.

Nothing is bundled. An address names the package's version, or a digest of our own files, so a new version is a new
address. Bodies are compressed once and kept.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

NODE_MODULES: Final = Path(__file__).resolve().parents[3] / "node_modules"
OWN: Final = Path(__file__).resolve().parent.parent / "static"
STYLES: Final = "desk.css"
YEAR: Final = "public, max-age=31536000, immutable"
_COMPRESSED: Final = frozenset({"text/css", "text/javascript", "image/svg+xml", "application/manifest+json"})
_PACKAGES: Final = {
    "tabler": ("@tabler/core", "dist/css", ("tabler.min.css", "tabler.rtl.min.css")),
    "htmx": ("htmx.org", "dist", ("htmx.min.js",)),
    "heebo": (
        "@fontsource-variable/heebo",
        "files",
        tuple(f"heebo-{subset}-wght-normal.woff2" for subset in ("latin", "latin-ext", "hebrew")),
    ),
}
_TYPES: Final = {
    ".js": "text/javascript",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}
_VENDOR_MARK: Final = b"vendor:"
"""Own style sheets write `url(vendor:heebo/file)`; the versioned address is put in when they are read."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file ready to be sent; `compressed` is None where compression gains nothing."""

    body: bytes
    compressed: bytes | None
    content_type: str


class AssetsMissingError(RuntimeError):
    """The npm packages are not installed; the message says what to do."""


@cache
def versions() -> dict[str, str]:
    """Give the part of the address that names the version, per package and for our own files (`desk`)."""
    found: dict[str, str] = {}
    for name, (package, _, _) in _PACKAGES.items():
        manifest = NODE_MODULES / package / "package.json"
        if not manifest.is_file():
            raise AssetsMissingError(f"The npm package {package} is not installed: run `npm ci`.")
        found[name] = str(json.loads(manifest.read_text(encoding="utf-8"))["version"])
    digest = hashlib.sha256(repr(sorted(found.items())).encode())
    for path in sorted(OWN.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(OWN).as_posix().encode() + path.read_bytes())
    return {**found, "desk": digest.hexdigest()[:12]}


def asset_url(name: str) -> str:
    """Give the address of an asset such as `desk/desk.css` or `tabler/tabler.min.css`."""
    package, _, path = name.partition("/")
    return f"/static/{package}@{versions()[package]}/{path}"


async def serve_asset(request: Request) -> Response:
    """Answer `/static/<package>@<version>/<path>`; another version than ours is served too, but not for long."""
    package, _, version = request.path_params["package"].partition("@")
    path = request.path_params["path"]
    asset = await asyncio.to_thread(_load, package, path)
    if asset is None:
        return Response("Not found", status_code=404, media_type="text/plain")
    headers = {
        "cache-control": YEAR if version == versions().get(package) else "public, max-age=60",
        "x-content-type-options": "nosniff",
        "content-type": asset.content_type,
    }
    if asset.compressed is not None:
        headers["vary"] = "accept-encoding"
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(asset.compressed, headers={**headers, "content-encoding": "gzip"})
    return Response(asset.body, headers=headers)


@cache
def _load(package: str, path: str) -> Asset | None:
    file = _file_of(package, path)
    if file is None:
        return None
    body = file.read_bytes() if file.is_file() else _joined_styles()
    if package == "desk" and file.suffix == ".css":
        for vendor, (_, _, files) in _PACKAGES.items():
            for name in files:
                mark = _VENDOR_MARK + f"{vendor}/{name}".encode()
                body = body.replace(mark, asset_url(f"{vendor}/{name}").encode())
    kind = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    compressed = gzip.compress(body, compresslevel=9, mtime=0) if kind in _COMPRESSED else None
    charset = "; charset=utf-8" if kind.startswith("text/") else ""
    return Asset(body, compressed, kind + charset)


def _file_of(package: str, path: str) -> Path | None:
    """Find a file by its listed name: what a request asks for never becomes part of a path on disk."""
    if package == "desk":
        return _own_files().get(path)
    if package not in _PACKAGES or path not in _PACKAGES[package][2]:
        return None
    name, folder, _ = _PACKAGES[package]
    return NODE_MODULES / name / folder / path


@cache
def _own_files() -> dict[str, Path]:
    found = {path.relative_to(OWN).as_posix(): path for path in OWN.rglob("*") if path.is_file()}
    return {**found, STYLES: OWN / STYLES}


def _joined_styles() -> bytes:
    """Join `css/*.css` in the order of their names: several files to read, one to load."""
    return b"\n".join(path.read_bytes() for path in sorted((OWN / "css").glob("*.css")))
