"""What hostile texts cost: 60 kB matched against the catalogue, and an answer's 400 quotes looked up in 200 kB.

    python -m bench.texts

Milliseconds of the processor, of matching the least of three; `looked_up` says at how many of the quotes somebody
looked before the work of a briefing was spent. Prints one JSON line.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator

from cid.briefing import match
from cid.briefing.catalogue import Catalogue
from cid.briefing.quotes import Source, Work, check
from cid.domain.narratives import Where
from cid.settings import narratives

MATCHED, SEARCHED, QUOTES = 60_000, 200_000, 400
ORDINARY = (
    "The council of the harbour town met on Monday to hear what the new quay would cost. Its mayor told a reporter "
    "of the European Union’s grants, and that nobody had asked NATO. “We are ready,” she said; the ships were not. "
)
TEXTS = {
    "ordinary": ORDINARY,
    "cues": "ukraine nazi coup us west not ",
    "short sentences": "NATO. Russia. ",
    "one combination": "nato russia border encircle ",
    "open quotation": "“a nato expansion russia ",
    "full stops": ". ",
    "claims": "The European Union is falling apart and NATO is encircling Russia. ",
}


def quoted() -> Iterator[tuple[str, str, Callable[[int], str]]]:
    """A name, a text, and its quote of a number; no two are the same."""
    fox = "the quick brown fox jumps over it "
    chance = random.Random(1)
    yield "one letter", "a " * (SEARCHED // 2), lambda n: "a " * (700 + n) + "b"
    yield "letters in turn", "ab" * (SEARCHED // 2), lambda n: "ba" * (500 + n) + "c"
    yield "a sentence", fox * (SEARCHED // len(fox)), lambda n: (fox * 200)[4 : 5_900 - n] + "zz"
    yield "accents", "e\u0301" * (SEARCHED // 2), lambda n: "\u0301" * 5_000 + f"a{n}"
    yield "no spaces", "北约东扩" * (SEARCHED // 4), lambda n: "东扩北约" * 1_400 + f"x{n}"
    yield "gaps", "x y " * (SEARCHED // 4), lambda n: "x y x y ... " * 3 + f"x y x z{n}"
    few = [chance.choice("abcdefgh") for _ in range(SEARCHED // 2)]
    yield "few words", " ".join(few), lambda n: " ".join(few[n : n + 700]) + " h h h a"
    many = [str(chance.randrange(5_000)) for _ in range(SEARCHED // 5)]
    yield "honest, a word left out", " ".join(many), lambda n: " ".join([*many[n : n + 30], *many[n + 31 : n + 60]])


def main() -> None:
    catalogue = narratives()
    matched = {name: _least(_matching(catalogue, (piece * MATCHED)[:MATCHED])) for name, piece in TEXTS.items()}
    looked = {}
    for name, text, quote in quoted():
        quotes, source = [quote(n) for n in range(QUOTES)], Source(text)
        prepared = _least(_prepared(text), times=1)
        assert source.vocabulary is not None  # taken apart before the clock runs
        done = sum(1 for _ in _checked(quotes, source))
        looked[name] = {
            "ms": _least(_all_checked(quotes, source), times=1),
            "taking_the_text_apart_ms": prepared,
            "looked_up": done,
        }
    print(
        json.dumps(
            {"bench": "texts", "matching_60_kB_ms": matched, "looking_up_400_quotes": looked}, ensure_ascii=False
        )
    )


def _matching(catalogue: Catalogue, text: str) -> Callable[[], object]:
    return lambda: match.of_text(catalogue, text, where=Where.REPORT)


def _prepared(text: str) -> Callable[[], object]:
    return lambda: Source(text).vocabulary


def _checked(quotes: list[str], source: Source) -> Iterator[object]:
    work = Work()
    for quote in quotes:
        if work.over:
            return
        yield check(quote, source, work)


def _all_checked(quotes: list[str], source: Source) -> Callable[[], object]:
    return lambda: list(_checked(quotes, source))


def _least(what: Callable[[], object], times: int = 3) -> float:
    taken = []
    for _ in range(times):
        begun = time.process_time()
        what()
        taken.append(time.process_time() - begun)
    return round(min(taken) * 1000, 1)


if __name__ == "__main__":
    main()
