"""The program of the children that parse and render: a length, a JSON request, a length, a JSON answer, for ever.

Whatever happens in here costs one child. It has no environment, no database and no network of its own making, may not
write files, and dies with the desk or when a call outlives its time, even if the desk's own loop is stuck.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import resource
import signal
import struct
import sys
import time
from collections.abc import Callable
from typing import IO, Any, TypeAlias

MEMORY = 768 << 20
_PR_SET_PDEATHSIG = 1
LENGTH = struct.Struct("<I")

Function: TypeAlias = Callable[[Any], Any]


def _later(module: str, name: str) -> Function:
    """The function, whose module is imported when it is first called: a child that reads feeds renders nothing."""

    def call(value: Any) -> Any:
        return getattr(importlib.import_module(module), name)(value)

    return call


FUNCTIONS: dict[str, Function] = {
    "parse_feed": _later("cid.sources.feed.read", "parse_feed"),
    "parse_page": _later("cid.sources.page_cards", "parse_page"),
    "parse_telegram": _later("cid.sources.telegram_page", "parse_telegram"),
    "find_feeds": _later("cid.sources.feed_links", "find_feeds"),
    "parse_google_news": _later("cid.sources.google_news", "parse_google_news"),
    "digest_gkg": _later("cid.sources.gkg", "digest_gkg"),
    "filter_gkg": _later("cid.sources.gkg", "filter_gkg"),
    "parse_gdelt_search": _later("cid.sources.gkg", "parse_gdelt_search"),
    "parse_serpapi": _later("cid.sources.serpapi", "parse_serpapi"),
    "parse_trending": _later("cid.outside.trends", "parse_trending"),
    "parse_interest": _later("cid.outside.trends", "parse_interest"),
    "parse_serper": _later("cid.outside.serper", "parse_serper"),
    "find_publishers": _later("cid.sources.publishers", "find_publishers"),
    "parse_opml": _later("cid.sources.opml", "parse_opml"),
    "read_article": _later("cid.sources.article", "read_article"),
    "read_robots": _later("cid.sources.article", "read_robots"),
    "parse_pexels": _later("cid.outside.pexels", "parse_pexels"),
    "read_picture": _later("cid.text.pictures", "read_picture"),
    "render_version": _later("cid.render.version", "render_version"),
    "render_briefing": _later("cid.render.briefing_pdf", "render_briefing"),
    "compare_post": _later("cid.render.wordpress", "compared"),
}


def main() -> None:
    _confine(int(sys.argv[1]))
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while (head := source.read(LENGTH.size)) and len(head) == LENGTH.size:
        request = json.loads(source.read(LENGTH.unpack(head)[0]))
        # the clock of the processor: also while the desk cannot look at its own
        limit = int(time.process_time() + request["seconds"]) + 2
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
        _answer(sink, _call(request["name"], request["value"]))


def _call(name: str, value: Any) -> dict[str, Any]:
    try:
        return {"value": FUNCTIONS[name](value)}
    except Exception as error:  # noqa: BLE001 - the edge of a job: what a parser raises is an answer about its input
        return {"error": f"{type(error).__name__}: {error}"[:500]}


def _answer(sink: IO[bytes], answer: dict[str, Any]) -> None:
    body = json.dumps(answer).encode()
    sink.write(LENGTH.pack(len(body)) + body)
    sink.flush()


def _confine(parent: int) -> None:
    """A busy child reads no end of file: without the death signal it outlives a desk that is killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit  # the desk died before the signal was set
    # a stop of the whole unit reaches children too, and would be taken for a fault of what they were reading
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
