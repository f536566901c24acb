"""Grouping at length: a labelled file laid end to end until 100,000 items came in.

    python -m bench.stories FILE.csv [--times 33] [--days 3]

Each time the file is laid, its names and numbers are others, so that no story of one round belongs to another. Prints
one JSON line: figures of `cid eval stories`, and what the look-up of the last hand-out reads.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

from cid.cli import eval as measure
from cid.cli import frame
from cid.cli.eval import Labelled
from cid.services import Services
from cid.store import stories
from cid.text.stories.keys import bucket, key
from cid.text.stories.terms import LIGHT, title

SYLLABLES = ("ka", "ro", "mi", "ten", "vol", "shu", "bel", "dra", "no", "pi", "gar", "lus", "wen", "tho", "zi", "mar")
WORD = re.compile(r"[^\W_]+")
KEYS = 26
"""That an item of ordinary length is looked up under, in each of its windows."""


def laid(rows: Sequence[Labelled], times: int, days: float) -> Iterator[Labelled]:
    for number in range(times):
        for one in rows:
            row = replace(
                one.row,
                title=renamed(one.row.title, number),
                at=one.row.at + number * timedelta(days=days),
                url=f"https://round-{number}.invalid/{crc32(one.row.url.encode())}/{one.row.at.timestamp()}",
            )
            yield replace(one, row=row, story=f"{number} {one.story}")


def renamed(text: str, number: int) -> str:
    """With other names and numbers, the same ones within a round."""
    return WORD.sub(lambda word: _renamed(word[0], number), text) if number else text


def _renamed(word: str, number: int) -> str:
    if not (word[0].isupper() or word[0].isdigit()) or word.lower() in LIGHT:
        return word
    seed = crc32(f"{number} {word.lower()}".encode())
    if word.isdigit():
        return str(seed % 10 ** len(word))
    return "".join(SYLLABLES[seed >> shift & 15] for shift in (0, 4, 8, 12)).title()


async def read_by(sv: Services, last: Sequence[Labelled]) -> dict[str, Any]:
    """What one look-up for all of these reads. Pages of 8 kB."""
    asked = []
    for number, one in enumerate(last):
        terms = title(one.row.title).terms
        some = [*terms, *(f"{a} {b}" for a in terms for b in terms if a < b)][:KEYS]
        asked += [
            (number, key(window, term)) for term in some for window in (bucket(one.row.at) - 1, bucket(one.row.at))
        ]
    async with sv.platform.read() as tx:
        said = await tx.fetchval(
            f"explain (analyze, buffers, format json) {stories.NEAR}",
            [number for number, _ in asked],
            [each for _, each in asked],
            12,
            stories.UNDER_A_KEY,
        )
        counts = {
            table: await tx.fetchval(f"select count(*) from {table}")
            for table in ("stories", "story_keys", "term_uses")
        }
    (plan,) = json.loads(said) if isinstance(said, str) else said
    nodes = list(walked(plan["Plan"]))
    pages = plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
    return {
        "keys": len(asked),
        "ms": round(plan["Execution Time"], 1),
        "pages_per_key": round(pages / len(asked), 2),
        "tables_read_whole": sorted({node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"}),
        "rows": counts,
    }


def walked(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from walked(child)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--times", type=int, default=33)
    parser.add_argument("--days", type=float, default=3)
    options = parser.parse_args()
    rows = list(laid(measure.read(options.file), options.times, options.days))

    async def body(sv: Services) -> dict[str, Any]:
        report = await measure.measured(sv, rows, measure.HAND_OUT)
        return {"bench": "stories", **asdict(report), "look_up": await read_by(sv, rows[-measure.HAND_OUT :])}

    print(json.dumps(frame.with_scratch(body)))


if __name__ == "__main__":
    main()
