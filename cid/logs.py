"""structlog, with the ids of the job in hand and secrets redacted."""

from __future__ import annotations

import logging
import re
import sys
from typing import TYPE_CHECKING, Any, TextIO

import structlog
from aiohttp.abc import AbstractAccessLogger

from cid.queue.hand import name_the_job

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from aiohttp.web import BaseRequest, StreamResponse
    from structlog.typing import Processor

DEPTH = 6
_KEY = re.compile(
    r"pass(word|wd)?$|secret|token|authorization|cookie|api[_-]?key|app_password|dsn|signature|csrf|^sid$|credential"
    r"|private_key",
    re.IGNORECASE,
)
_VALUES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE), r"\1 [redacted]"),
    (re.compile(r"\b(bot)?\d{6,12}:[A-Za-z0-9_-]{30,}"), r"\1[redacted-token]"),
    (re.compile(r"\b(sk|pk|rk|ghp|gho|xox[bp]|whsec|AIza)[-_A-Za-z0-9]{12,}"), "[redacted-key]"),
    (re.compile(r"\b([a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s@]+@", re.IGNORECASE), r"\1:[redacted]@"),
    (
        re.compile(
            r"([?&](?:t|token|sig|signature|key|api_key|apikey|password|secret|code)=)[^&\s\"']+", re.IGNORECASE
        ),
        r"\1[redacted]",
    ),
    (re.compile(r"\b[A-Za-z0-9_-]{1,8}\.[A-Za-z0-9_-]{40,}\.[A-Za-z0-9_-]{20,}\b"), "[redacted-token]"),
    (re.compile(r"\b(?:[A-Za-z0-9]{4} ){5}[A-Za-z0-9]{4}\b"), "[redacted-app-password]"),
)


def redacted(value: Any, depth: int = 0) -> Any:
    """`value` with secrets replaced, by the names of keys and by what values look like."""
    if isinstance(value, str):
        for pattern, instead in _VALUES:
            value = pattern.sub(instead, value)
        return value
    if depth > DEPTH:
        return "…"
    if isinstance(value, dict):
        return {
            key: "[redacted]" if _KEY.search(str(key)) else redacted(inner, depth + 1) for key, inner in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [redacted(inner, depth + 1) for inner in value]
    if value is None or isinstance(value, int | float | bool):
        return value
    return redacted(str(value), depth + 1)


def _redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    hidden: MutableMapping[str, Any] = redacted(dict(event))
    return hidden


def set_up(*, console: bool | None = None, level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Route structlog and the standard library's logging through one chain to `stream` (standard error).

    `console` None: for a person when the stream is a terminal, JSON lines otherwise.
    """
    stream = stream or sys.stderr
    pretty = stream.isatty() if console is None else console
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        name_the_job,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if pretty else "iso", utc=not pretty),
        structlog.processors.StackInfoRenderer(),
    ]
    # After the traceback became text: exceptions carry addresses and keys in their messages too.
    ends: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        _redact,
        structlog.dev.ConsoleRenderer(colors=stream.isatty()) if pretty else structlog.processors.JSONRenderer(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=ends))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("aiohttp.access", "asyncio", "markdown_it"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class AccessLog(AbstractAccessLogger):
    """Names the route, not the address: addresses carry the tokens of links."""

    def log(self, request: BaseRequest, response: StreamResponse, time: float) -> None:
        route = getattr(getattr(request, "match_info", None), "route", None)
        resource = getattr(route, "resource", None)
        structlog.get_logger("http").info(
            "request",
            method=request.method,
            route=resource.canonical if resource else "(none)",
            status=response.status,
            ms=round(time * 1000, 1),
            bytes=response.body_length,
        )

    @property
    def enabled(self) -> bool:
        return True
