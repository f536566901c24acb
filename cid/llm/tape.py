"""Replies on file: a provider around a provider that records what was answered, or answers from what was recorded.

A recording goes by all that decides a reply: provider, model and its traits, system text (which holds the prompt's
version), document, instruction, schema and ceiling. One JSON file each, named after their hash, so neither the order
of the calls nor another folder's files matter. Nothing of ours is in it: no key, no tenant's id, no id of a call.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from difflib import unified_diff
from pathlib import Path
from typing import Any
from uuid import uuid4
from weakref import WeakValueDictionary

import structlog

from cid.domain.errors import Unrecorded
from cid.domain.llm import Json, Raw, Stop, Usage, Wire
from cid.domain.tuning import TapeMode
from cid.llm.models import NO_TRAITS, Traits
from cid.llm.prompts import canonical
from cid.ports import Provider

log = structlog.get_logger("llm")
LINES = 24
"""Of a difference; the rest is counted."""
WIDTH = 200
_PIECE = re.compile(r"(?<=[.!?;:,])\s+|\n")


class Tape:
    """Satisfies `ports.Provider` in the name of `inner`. `traits` by the provider's own name of the model.

    In `record` a request that is on file already is answered from there: two alike, at once or one after the other,
    get one reply, as they will when it is replayed. To record anew, delete the file. Failures are not recorded.
    """

    def __init__(self, inner: Provider, mode: TapeMode, folder: Path, traits: Mapping[str, Traits]) -> None:
        self._inner = inner
        self._mode = mode
        self._folder = folder
        self._traits = traits
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @property
    def name(self) -> str:
        return self._inner.name

    async def complete(self, wire: Wire) -> Raw:
        """As `inner`; in `replay` raises Unrecorded, and nothing else, without calling out."""
        if self._mode is TapeMode.LIVE:
            return await self._inner.complete(wire)
        asked = request(self.name, wire, self._traits.get(wire.model, NO_TRAITS))
        path = self._folder / f"{key(asked)}.json"
        if self._mode is TapeMode.REPLAY:
            return await asyncio.to_thread(_replayed, path, asked)
        turn = self._turns.setdefault(path.name, asyncio.Lock())
        async with turn:
            raw = await asyncio.to_thread(_on_file, path)
            if raw is None:
                raw = await self._inner.complete(wire)
                raw = await asyncio.to_thread(_write, path, asked, raw)
        return raw


def request(provider: str, wire: Wire, traits: Traits) -> dict[str, Json]:
    """What decides a reply. When a model retires decides nothing."""
    said = {name: value for name, value in asdict(traits).items() if name != "retires"}
    return {
        "provider": provider,
        "model": wire.model,
        "traits": said,
        "max_tokens": wire.max_tokens,
        "system": list(wire.system),
        "document": wire.document,
        "instruction": wire.instruction,
        "schema": wire.schema,
    }


def key(asked: Mapping[str, Json]) -> str:
    return hashlib.sha256(canonical(asked).encode("utf-8", "surrogatepass")).hexdigest()


def _replayed(path: Path, asked: Mapping[str, Json]) -> Raw:
    """Raises Unrecorded."""
    raw = _on_file(path)
    if raw is not None:
        return raw
    difference = nearest(path.parent, asked)
    raise Unrecorded(
        f"There is no recording {path.stem[:12]} of this request to {asked['provider']}/{asked['model']} in"
        f" {path.parent}: record it with CID_TAPE=record. {difference}"
    )


def _on_file(path: Path) -> Raw | None:
    """Raises Unrecorded for a file that is none of ours."""
    try:
        reply = _loads(path)["reply"]
        return Raw(
            text=_joined(reply["text"]),
            stop=Stop(reply["stop"]),
            usage=Usage(**reply["usage"]),
            model=reply["model"],
            detail=reply["detail"],
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unrecorded(f"The recording {path} cannot be read ({error}): delete it and record it anew.") from error


def _write(path: Path, asked: Mapping[str, Json], raw: Raw) -> Raw:
    """Linked into its place whole, or not at all. Another process that was first keeps it: its reply is the answer."""
    value = {
        "request": {**asked, "system": [_lines(part) for part in asked["system"]], "document": _shown(asked)}
        | {"instruction": _lines(asked["instruction"])},
        "reply": {
            "text": _lines(raw.text),
            "stop": raw.stop,
            "usage": asdict(raw.usage),
            "model": raw.model,
            "detail": raw.detail,
        },
    }
    text = json.dumps(value, ensure_ascii=False, indent=2) + "\n"
    try:
        first = _link(path, text.encode("utf-8", "surrogatepass"))
    except OSError as error:
        # The reply is paid for: it counts, and the replay will name what is missing.
        log.warning("tape.not_written", path=str(path), reason=error.strerror)
        return raw
    return raw if first else _on_file(path) or raw


def _link(path: Path, content: bytes) -> bool:
    """False: another was first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.stem}.{uuid4().hex}")
    fresh.write_bytes(content)
    try:
        os.link(fresh, path)
    except FileExistsError:
        return False
    finally:
        fresh.unlink()
    return True


def nearest(folder: Path, asked: Mapping[str, Json]) -> str:
    """How the request differs from the recording that has most in common with it, piece by piece of its texts."""
    wanted = Counter(_pieces(asked))
    best: tuple[float, str, list[str]] = (-1.0, "", [])
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        try:
            pieces = list(_pieces(_plain(_loads(path)["request"])))
        except (OSError, ValueError, KeyError, TypeError):
            continue
        shared = 2 * (wanted & Counter(pieces)).total() / max(1, wanted.total() + len(pieces))
        best = max(best, (shared, path.stem, pieces))
    if not best[1]:
        return "The folder has no recording at all."
    changes = [
        line[:WIDTH]
        for line in unified_diff(best[2], list(_pieces(asked)), n=0, lineterm="")
        if not line.startswith(("---", "+++", "@@"))
    ]
    more = f"\n… and {len(changes) - LINES} more" if len(changes) > LINES else ""
    return f"The nearest, {best[1][:12]}, differs in (- recorded, + asked):\n" + "\n".join(changes[:LINES]) + more


def _pieces(value: Json, where: str = "") -> Iterator[str]:
    """Every leaf under its name, texts by line and part of a sentence, so that a change shows where it is."""
    if isinstance(value, Mapping):
        for name in sorted(value):
            inner = _shown(value) if name == "document" else value[name]
            yield from _pieces(inner, f"{where}.{name}" if where else name)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _pieces(inner, where)
    elif isinstance(value, str):
        for piece in _PIECE.split(value):
            yield f"{where}: {json.dumps(piece, ensure_ascii=False)}"
    else:
        yield f"{where}: {json.dumps(value)}"


def _plain(recorded: Mapping[str, Json]) -> dict[str, Json]:
    """The request of a file in the shape of `request`, but for its document, which is taken apart already."""
    system = [_joined(part) for part in recorded["system"]]
    return {**recorded, "system": system, "instruction": _joined(recorded["instruction"])}


def _shown(asked: Mapping[str, Json]) -> Json:
    """The document as the JSON it is, for people to read."""
    document = asked["document"]
    if not isinstance(document, str):
        return document
    try:
        return json.loads(document)
    except ValueError:
        return document


def _lines(text: str) -> list[str]:
    """A text that a person can compare line by line."""
    return text.split("\n")


def _joined(lines: list[str]) -> str:
    return "\n".join(lines)


def _loads(path: Path) -> Any:
    return json.loads(path.read_bytes().decode("utf-8", "surrogatepass"))
