"""Files that leave the desk by a link."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web

if TYPE_CHECKING:
    from cid.domain.export import File


def download(file: File) -> web.Response:
    """To keep, not to show; and not to be kept by anything between."""
    return web.Response(
        body=file.body,
        headers={
            "Content-Type": file.mime,
            "Content-Disposition": disposition(file.name),
            "Cache-Control": "no-store",
        },
    )


def disposition(name: str) -> str:
    """RFC 6266: the name in any script as RFC 8187 has it, and beside it one in ASCII for what cannot read that."""
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    bare = "".join(one if one.isalnum() or one in " .-_()" else "_" for one in folded).strip(" .")
    # nothing of the outlet left: the file would begin with a date
    plain = bare if bare[:1].isalpha() else f"run {bare}".strip()
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
