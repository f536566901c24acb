"""How long the checks of a draft take: one JSON line.

    python -m bench.checks

A draft of 9,000 words against 60 claims of 4,000 characters, 200 earlier posts and 20 claims to avoid; then drafts that
are made to be slow, each of twice the size, so that what grows with the square shows.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate
from uuid import UUID

from cid.domain.archive import Archive, Post
from cid.domain.draft import Article, Question
from cid.domain.evidence import Avoid, Claim, EvidenceState, Pack, Report
from cid.domain.ids import DraftId, ItemId
from cid.gates import checks
from tests import make

NOW = datetime(2026, 11, 21, tzinfo=UTC)
SEED = 7
VOCABULARY = 9_000
"""Words, the commonest far more often than the rest (Zipf): about what a long text and its reports use."""
SYLLABLES = "ba ke li mo nu ra se ti vo za per gan lor min tas del fir hol jun cor".split()  # noqa: SIM905 - read as words


@cache
def _vocabulary() -> tuple[list[str], list[float]]:
    rng = random.Random(SEED)
    known = ["".join(rng.choices(SYLLABLES, k=rng.randint(1, 4))) for _ in range(VOCABULARY)]
    return known, list(accumulate(1 / rank for rank in range(1, VOCABULARY + 1)))


def _words(rng: random.Random, count: int) -> list[str]:
    known, weights = _vocabulary()
    return rng.choices(known, cum_weights=weights, k=count)


def _prose(rng: random.Random, count: int) -> str:
    said = []
    for number, word in enumerate(_words(rng, count)):
        said.append(word.capitalize() if number % 17 == 0 or rng.random() < 0.04 else word)
        if rng.random() < 0.02:
            said.append(f"{rng.randint(2, 9999):,}")
        if number % 17 == 16:
            said[-1] += "." + "\n\n" * (number % 85 == 84)
    return " ".join(said)


def _pack(rng: random.Random) -> Pack:
    claims = tuple(
        Claim(
            text=_prose(rng, 900)[:4000],
            item_id="",
            url=f"https://n{n}.test/{n}",
            title=_prose(rng, 8),
            publisher=f"P{n}",
        )
        for n in range(60)
    )
    avoid = tuple(Avoid(text=_prose(rng, 12), why="") for _ in range(20))
    return Pack(claims=claims, avoid=avoid, state=EvidenceState.SEARCHED)


def _archive(rng: random.Random) -> Archive:
    return Archive(
        posts=tuple(
            Post(
                draft_id=DraftId(UUID(int=n)),
                title=_prose(rng, 9),
                headings=tuple(rng.getrandbits(62) for _ in range(12)),
                sentences=tuple(rng.getrandbits(62) for _ in range(80)),
            )
            for n in range(200)
        )
    )


def _article(body: str) -> Article:
    return Article(
        title="What a long draft costs to check",
        slug="s",
        description="d" * 60,
        body=body,
        questions=(Question(question="Why?", answer="So."),),
        linkedin="L",
    )


def _timed(article: Article, pack: Pack, archive: Archive) -> float:
    policy = make.policy()
    report = Report(
        item_id=ItemId(UUID(int=1)), url="https://n1.test/1", title="T", summary="S", publisher="P", sample=False,
        reported_at=NOW - timedelta(hours=1),
    )  # fmt: skip
    began = time.process_time()
    checks.run(article, pack, [report], policy.drafting, archive, checks=policy.checks, now=NOW)
    return time.process_time() - began


HOSTILE: dict[str, Callable[[int], str]] = {
    "opening quotation marks": lambda n: "“a " * n,
    "straight marks": lambda n: '"' * n,
    "digits": lambda n: "7" * n,
    "grouped digits": lambda n: "1 234 " * n,
    "capitals": lambda n: "Abc " * n,
    "brackets": lambda n: "[" * n,
    "pipes": lambda n: "|" * n,
    "dots": lambda n: "a." * n,
    "at signs": lambda n: "a@" * n,
    "one line": lambda n: "word " * n,
    "short lines": lambda n: "a\n" * n,
    "headings": lambda n: "## a\n\n- b\n\n" * n,
    "numbers with units": lambda n: "5 % " * n,
    "months": lambda n: "12 May " * n,
}


def main() -> None:
    rng = random.Random(SEED)
    pack, archive = _pack(rng), _archive(rng)
    draft = _article(_prose(rng, 9000))
    usual = [_timed(draft, pack, archive) for _ in range(3)]
    slow = {}
    for name, made in HOSTILE.items():
        once, twice = (_timed(_article(made(size)), pack, archive) for size in (5_000, 10_000))
        slow[name] = [round(once * 1000), round(twice * 1000)]
    figures = {
        "bench": "checks",
        "words": 9000,
        "claims": 60,
        "claim_chars": 4000,
        "ms": round(min(usual) * 1000),
        "ms_first": round(usual[0] * 1000),
        "hostile_ms": slow,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
