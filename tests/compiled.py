"""The web side as tests start it: each page's template is compiled once in a process and not once in each test.

Every application still has an environment of its own, as in production. What they share is byte code, which is taken
only for a template of the same name whose text is still the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jinja2

from cid.web import app
from cid.web.keys import PAGES

if TYPE_CHECKING:
    from aiohttp import web

    from cid.services import Services


class ByteCode(jinja2.BytecodeCache):
    """Kept in memory: a process that was killed leaves nothing that a later one could stumble over."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        kept = self._kept.get(bucket.key)
        if kept is not None:
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


BYTE_CODE = ByteCode()


def make_app(sv: Services, **options: Any) -> web.Application:
    made = app.make_app(sv, **options)
    made[PAGES].bytecode_cache = BYTE_CODE
    return made
