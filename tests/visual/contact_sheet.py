"""One page with all pictures: a row for each page, side by side by language, size and theme."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Final

from PIL import Image

HEIGHT: Final = 420
STYLE: Final = (
    "body{font:14px system-ui;margin:1.5rem;background:#e8eaee;color:#18202f}h2{margin:2rem 0 .5rem}"
    "div{display:flex;gap:.75rem;overflow-x:auto;align-items:flex-start;padding-bottom:.5rem}"
    "figure{margin:0;flex:none}figcaption{padding:.2rem 0}a{color:inherit}"
    f"span{{display:block;height:{HEIGHT}px;overflow:hidden;border:1px solid #b9c0cc;background:#fff}}"
    "img{display:block;height:auto}pre{white-space:pre-wrap;background:#fff;padding:1rem}"
)
SHOWN: Final = {360: 200, 720: 260, 768: 300, 1440: 460}
"""Width of a small picture by the width of the screen."""


def write_contact_sheet(folder: Path, found: Mapping[str, list[str]]) -> Path:
    """Write `index.html` over all pictures of the folder, also of earlier runs; gives its path."""
    rows: dict[str, list[Path]] = {}
    for picture in sorted(folder.glob("*/*.jpg")):
        name, _, rest = picture.stem.rpartition("-")
        page = name if rest == "print" else name.rpartition("-")[0]
        rows.setdefault(page, []).append(picture)
    told = "\n".join(f"{what}\n    {', '.join(where)}" for what, where in sorted(found.items()))
    parts = [f"<!doctype html><meta charset=utf-8><title>Dossier: pages</title><style>{STYLE}</style>"]
    parts.append(f"<h1>{sum(map(len, rows.values()))} pictures of {len(rows)} pages</h1>")
    parts.append(f"<pre>{escape(told) or 'Nothing found wrong.'}</pre>")
    for page, pictures in rows.items():
        parts.append(f"<h2>{escape(page)}</h2><div>")
        parts += [_figure(folder, page, one) for one in pictures]
        parts.append("</div>")
    path = folder / "index.html"
    path.write_text("\n".join(parts), encoding="utf-8")
    return path


def _figure(folder: Path, page: str, picture: Path) -> str:
    with Image.open(picture) as image:
        width = SHOWN.get(image.width, 300)
    address = escape(picture.relative_to(folder).as_posix())
    label = escape(f"{picture.parent.name} {picture.stem.removeprefix(page + '-')}")
    return (
        f'<figure><figcaption>{label}</figcaption><a href="{address}"><span>'
        f'<img src="{address}" width="{width}" loading="lazy" alt="{label}"></span></a></figure>'
    )
