"""How well the stance of a text to a claim is told: one JSON line, and a table on the terminal.

    python -m bench.stance [FILE]

By default the sixty sentences of tests/stance_corpus and, apart from them, those that were written when the rules were
done. A claim is judged where the file marks it; beside that it is counted how many the shipped catalogue finds itself.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cid.briefing import match
from cid.briefing.stance import Learned, stance
from cid.domain.narratives import Span, Stance, Where
from cid.settings import narratives

CORPUS = Path(__file__).parents[1] / "tests" / "stance_corpus"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    text: str
    claim: tuple[int, int]
    stance: Stance
    language: str
    trap: bool
    """It holds words by which another stance is known."""

    @property
    def found(self) -> Stance:
        """By rules alone."""
        return self.told(None)

    def told(self, learned: Learned | None) -> Stance:
        start, end = self.claim
        return stance(self.text, [Span(start=start, end=end, text=self.text[start:end], cue="")], learned=learned)


def sentences(path: Path) -> Iterator[Sentence]:
    for name, blocks in tomllib.loads(path.read_text()).items():
        for block in blocks:
            for language, texts in block.items():
                if language != "trap":
                    for text in texts:
                        yield _sentence(text, Stance(name), language, trap=block.get("trap", False))


def _sentence(marked: str, stance_: Stance, language: str, *, trap: bool) -> Sentence:
    before, rest = marked.split("[[")
    claim, after = rest.split("]]")
    place = (len(before), len(before) + len(claim))
    return Sentence(text=before + claim + after, claim=place, stance=stance_, language=language, trap=trap)


def confusion(found: Sequence[Sentence], learned: Learned | None = None) -> dict[str, dict[str, int]]:
    """Stance → what it was taken for → how often."""
    counted = Counter((one.stance, one.told(learned)) for one in found)
    return {str(told): {str(taken): counted[told, taken] for taken in Stance} for told in Stance}


def main() -> None:
    paths = [Path(one) for one in sys.argv[1:]] or sorted(CORPUS.glob("*.toml"), reverse=True)
    catalogue = narratives()
    for path in paths:
        found = list(sentences(path))
        table = confusion(found, catalogue.stances)
        print(f"{path.stem}\n{'':10}" + "".join(f"{stance_:>10}" for stance_ in Stance))
        for told, row in table.items():
            print(f"{told:10}" + "".join(f"{count:>10}" for count in row.values()))
        wrong = [one for one in found if one.told(catalogue.stances) is not one.stance]
        for one in wrong:
            print(f"  {one.stance} taken for {one.told(catalogue.stances)}: {one.text}")
        traps = [one for one in found if one.trap]
        print(
            json.dumps(
                {
                    "bench": "stance",
                    "set": path.stem,
                    "sentences": len(found),
                    "right": len(found) - len(wrong),
                    "traps": len(traps),
                    "traps_right": sum(one not in wrong for one in traps),
                    "languages": sorted({one.language for one in found}),
                    "in_catalogue": sum(bool(match.of_text(catalogue, one.text, where=Where.ITEM)) for one in found),
                    "confusion": table,
                }
            )
        )


if __name__ == "__main__":
    main()
