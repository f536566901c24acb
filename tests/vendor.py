"""What the doubles of all vendors have in common: a server on loopback that speaks a vendor's recorded wire, misbehaves
by script, and keeps its own count of tokens, against which a ledger can be held to the cent."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import struct
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, TypeAlias

from aiohttp import web

from cid.domain.llm import Stop, Usage
from cid.llm.asking import IN_WORDS

Body: TypeAlias = Mapping[str, Any]
Rows: TypeAlias = list[dict[str, Any]]


class Act(StrEnum):
    """What is done instead of an answer."""

    HANG = "hang"
    DRIP = "drip"
    """One byte a second."""
    RESET = "reset"
    """After the request was read, and before anything is answered."""
    CUT = "cut"
    """In the middle of the answer."""
    PAGE = "page"
    """A proxy's login page with 200."""
    OTHER = "other"
    """JSON, but no reply."""
    NOTHING = "nothing"
    """200 and not a byte."""
    DEEP = "deep"
    """JSON that no parser gets to the bottom of."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """A well-formed reply with this text."""

    text: str
    stop: Stop = Stop.END
    over: Mapping[str, Any] = field(default_factory=dict)
    """Over the top of the vendor's own JSON; what it uses is then not counted."""


@dataclass(frozen=True, kw_only=True)
class Failed:
    status: int
    kind: str = ""
    """The vendor's own word for it; empty: the usual one. `spent`: money or quota ran out."""
    wait_s: float | None = None
    """Said as this vendor says it."""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Told:
    """An answer of any status, word for word."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


class Speech(ABC):
    """One vendor's wire."""

    name: str
    path: re.Pattern[str]
    writes: bool
    """Whether what is put into its cache is billed apart."""
    caches: bool = True

    @abstractmethod
    def wrong(self, request: web.Request, body: Body) -> list[str]:
        """What the API would have refused."""

    @abstractmethod
    def system(self, body: Body) -> str: ...
    @abstractmethod
    def material(self, body: Body) -> str:
        """The text in which the document stands."""

    @abstractmethod
    def schema(self, body: Body) -> Any:
        """What decoding is held to; None where it is not."""

    @abstractmethod
    def thinks(self, body: Body) -> bool: ...
    @abstractmethod
    def ceiling(self, body: Body) -> int: ...
    @abstractmethod
    def reply(self, body: Body, said: Said, usage: Usage) -> dict[str, Any]: ...
    @abstractmethod
    def judge(self, reply: Any) -> None:
        """By the SDK's own types. Raises ValueError."""

    @abstractmethod
    def error(self, failed: Failed) -> Told: ...

    def subjects(self, body: Body) -> list[Body]:
        text = self.material(body)
        fenced = re.search(r"^<(data-[0-9a-f]{32})>\n(.*)\n</\1>$", text, re.DOTALL | re.MULTILINE)
        subjects: list[Body] = json.loads(fenced[2] if fenced else text)["subjects"]
        return subjects

    def shape(self, body: Body) -> Any:
        """Of one answer: from the wire, or from the words where only those say it."""
        schema = self.schema(body)
        if schema is None:
            # In the body as sent, so that it is found wherever a vendor puts the instruction.
            texts = [text for text in strings(body) if IN_WORDS in text]
            schema = json.loads(texts[0].split(IN_WORDS)[1])
        return schema["properties"]["answers"]["items"]

    def rows(self, body: Body) -> Rows:
        """Good answers to everything asked."""
        return [{**instance(self.shape(body)), "id": subject["id"]} for subject in self.subjects(body)]


Outcome: TypeAlias = Said | Failed | Told | Act
Reply: TypeAlias = Callable[[Speech, Body], Outcome]


@dataclass
class Double:
    speech: Speech
    url: str = ""
    script: list[Reply | str] = field(default_factory=list)
    """What the next requests get, in order, each a function or the name of a fault. After it, all is answered well."""
    asked: list[Body] = field(default_factory=list)
    """The body of every request that came in."""
    paths: list[str] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    answered: list[tuple[Body, Usage]] = field(default_factory=list)
    """Every request that got a reply with usage, and the tokens it was told."""
    wrong: list[str] = field(default_factory=list)
    """What of a request the API would have refused, and what of a reply the SDK's own types refuse."""
    drip_s: float = 1.0
    arrived: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    """Let go once for every request that came in, for whoever waits for one."""
    prefixes: set[str] = field(default_factory=set)

    def count(self, body: Body, text: str) -> Usage:
        """A token is four bytes. The system's part is read from the cache when it was seen before; what is thought is
        a quarter of what is said; no more is put out than was allowed."""
        speech, system = self.speech, self.speech.system(body)
        prefix, whole = tokens(system), tokens(json.dumps(body, ensure_ascii=False))
        seen = speech.caches and system in self.prefixes
        self.prefixes.add(system)
        thinking = tokens(text) // 4 if speech.thinks(body) else 0
        output = min(tokens(text) + thinking, speech.ceiling(body))
        return Usage(
            input=whole - prefix if seen or speech.writes else whole,
            cache_read=prefix if seen else 0,
            cache_write=prefix if speech.writes and not seen else 0,
            output=output,
            thinking=min(thinking, output),
        )


def tokens(text: str) -> int:
    return -(-len(text.encode()) // 4)


@asynccontextmanager
async def serve(speech: Speech) -> AsyncIterator[Double]:
    stop = asyncio.Event()
    double = Double(speech)

    async def answer(request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        double.asked.append(body)
        double.arrived.release()
        double.paths.append(request.path)
        double.headers.append({name.lower(): value for name, value in request.headers.items()})
        if not speech.path.fullmatch(request.path):
            double.wrong.append(f"no such path {request.path}")
        double.wrong += speech.wrong(request, body)
        reply = double.script.pop(0) if double.script else "well"
        outcome = (FAULTS[reply] if isinstance(reply, str) else reply)(speech, body)
        if isinstance(outcome, Said):
            return _say(double, body, outcome)
        if isinstance(outcome, Failed):
            told = speech.error(outcome)
            outcome = replace(told, headers={**told.headers, **outcome.headers})
        if isinstance(outcome, Told):
            return web.json_response(outcome.body, status=outcome.status, headers=outcome.headers)
        return await _act(outcome, request, double, stop)

    app = web.Application()
    app.router.add_post("/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    double.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield double
    finally:
        stop.set()
        await runner.cleanup()


def _say(double: Double, body: Body, said: Said) -> web.Response:
    usage = double.count(body, said.text)
    reply = {**double.speech.reply(body, said, usage), **said.over}
    if not said.over:
        double.answered.append((body, usage))
        try:
            double.speech.judge(reply)
        except ValueError as error:
            double.wrong.append(f"reply: {error}")
    return web.json_response(reply, headers={"request-id": "req_1", "x-request-id": "req_1"})


async def _act(act: Act, request: web.Request, double: Double, stop: asyncio.Event) -> web.StreamResponse:
    if act is Act.HANG:
        await stop.wait()
    if act is Act.DRIP:
        return await _drip(request, double.drip_s, stop)
    if act is Act.CUT:
        return await _cut(request)
    if act is Act.RESET:
        _reset(request)
    if act is Act.PAGE:
        return web.Response(text="<html>Sign in</html>", content_type="text/html")
    text = {Act.OTHER: '{"ok": true}', Act.DEEP: "[" * 100_000}.get(act, "")
    return web.Response(text=text, content_type="application/json")


async def _drip(request: web.Request, every: float, stop: asyncio.Event) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "100000"})
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        while not stop.is_set():
            await response.write(b" ")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), every)
    return response


async def _cut(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "5000"})
    await response.prepare(request)
    await response.write(b'{"usage": ')
    _reset(request)
    return response


def _reset(request: web.Request) -> None:
    transport = request.transport
    assert isinstance(transport, asyncio.Transport)
    # With nothing lingering, closing is a reset and no orderly end.
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


# ----------------------------------------------------------------------------------------------------------- replies


def instance(schema: Body) -> Any:
    """A smallest value of a schema's shape, as constrained decoding would give."""
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return instance(schema["anyOf"][0])
    simple = {"string": "x", "integer": 70, "number": 0.7, "boolean": False, "array": [], "null": None}
    if schema["type"] == "object":
        return {name: instance(inner) for name, inner in schema["properties"].items()}
    return simple[schema["type"]]


def strings(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)


def said(value: Any, stop: Stop = Stop.END, **over: Any) -> Reply:
    """A reply with this text, or this value as JSON."""
    text = value if isinstance(value, str) else json.dumps(value)
    return lambda _speech, _body: Said(text=text, stop=stop, over=over)


def failed(status: int, kind: str = "", *, wait_s: float | None = None, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _speech, _body: Failed(status=status, kind=kind, wait_s=wait_s, headers=named)


def told(status: int, body: Any, **headers: str) -> Reply:
    return lambda _speech, _body: Told(status=status, body=body, headers=headers)


def acts(act: Act) -> Reply:
    return lambda _speech, _body: act


def rows(change: Callable[[Rows], Rows], stop: Stop = Stop.END) -> Reply:
    """Good answers, changed."""

    def reply(speech: Speech, body: Body) -> Said:
        return Said(text=json.dumps({"answers": change(speech.rows(body))}), stop=stop)

    return reply


def _numbers(change: Callable[[int], Any]) -> Callable[[Rows], Rows]:
    def changed(good: Rows) -> Rows:
        return [{name: change(value) if type(value) is int else value for name, value in row.items()} for row in good]

    return changed


def _half(speech: Speech, body: Body) -> Said:
    text = json.dumps({"answers": speech.rows(body)})
    return Said(text=text[: len(text) // 2], stop=Stop.LENGTH)


FAULTS: Mapping[str, Reply] = {
    "well": rows(lambda good: good),
    "429": failed(429, wait_s=7),
    "429 for an hour": failed(429, wait_s=3600),
    "529": failed(529),
    "500": failed(500),
    "spent": failed(402, "spent"),
    **{act.value: acts(act) for act in Act},
    "empty list": rows(lambda _good: []),
    "truncated": _half,
    "refused": said("", Stop.REFUSAL),
    "shuffled": rows(lambda good: good[::-1]),
    "missing": rows(lambda good: good[:-1]),
    "doubled": rows(lambda good: [*good, good[0]]),
    "invented": rows(lambda good: [*good, {**good[0], "id": "a99"}]),
    "strings": rows(_numbers(str)),
    "NaN": rows(_numbers(lambda _value: float("nan"))),
    "200 kB": rows(lambda good: [{**good[0], "pad": "x" * 200_000}, *good[1:]]),
}
"""Every way in which a vendor lets its caller down, by name, in every vendor's own words."""


# ------------------------------------------------------------------------------------------ requests by the SDKs' types


def drained(value: Any) -> Any:
    """Iterables are validated lazily: what nobody walks through is not checked."""
    if isinstance(value, dict):
        return {key: drained(inner) for key, inner in value.items()}
    if isinstance(value, str | bytes | int | float | bool) or value is None:
        return value
    return [drained(inner) for inner in value]


def same(checked: Any, body: Any) -> bool:
    """Whether nothing of a request fell under the table: typed dictionaries drop what they do not know."""
    if isinstance(body, dict):
        return isinstance(checked, dict) and all(key in checked and same(checked[key], body[key]) for key in body)
    if isinstance(body, list):
        return len(checked) == len(body) and all(same(*pair) for pair in zip(checked, body, strict=True))
    return bool(checked == body)
