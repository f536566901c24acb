"""Make the model of stances from the sentences in tests/stance_corpus/learned, and say what it is worth.

    python -m bench.stance_model          what it is worth on the sentences that it did not learn from
    python -m bench.stance_model --write  make config/narratives/stance.json.gz anew

The same sentences make the same file. Needs scikit-learn, which a development environment has.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import stance as marked
from cid.briefing import classify
from cid.briefing.cases import Case
from cid.briefing.concepts import Concepts
from cid.briefing.stance import Learned, as_asked, stance
from cid.briefing.train import train
from cid.domain.llm import Json
from cid.domain.narratives import Span, Stance
from cid.settings import CONFIG

CORPUS = Path(__file__).parents[1] / "tests" / "stance_corpus"
FILE = CONFIG / "narratives" / "stance.json.gz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A sentence that was written for this project."""

    text: str
    claim: str
    """As it stands in `text`."""
    stance: Stance
    language: str

    @property
    def spans(self) -> list[Span]:
        start = self.text.index(self.claim)
        return [Span(start=start, end=start + len(self.claim), text=self.claim, cue="")]

    def found(self, learned: Learned | None) -> Stance:
        return stance(self.text, self.spans, learned=learned)


def written(path: Path) -> Iterator[Written]:
    for line in path.read_text().splitlines():
        row = json.loads(line)
        yield Written(text=row["text"], claim=row["claim"], stance=Stance(row["stance"]), language=row["lang"])


def learned_from() -> list[Written]:
    """Also what the rules were made from."""
    found = [one for path in sorted((CORPUS / "learned").glob("*.jsonl")) for one in written(path)]
    for path in sorted(CORPUS.glob("*.toml")):
        for one in marked.sentences(path):
            claim = one.text[slice(*one.claim)]
            found.append(Written(text=one.text, claim=claim, stance=one.stance, language=one.language))
    return found


def fingerprint(given: Sequence[Written]) -> str:
    """Of the sentences, their claims and stances, in any order."""
    told = sorted(f"{one.stance}\t{one.claim}\t{one.text}" for one in given)
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def model(given: Sequence[Written]) -> bytes:
    """A file that `classify.load` reads; its narratives are the stances."""
    cases = [Case(text=as_asked(one.text, one.spans), narratives=frozenset([str(one.stance)])) for one in given]
    body: dict[str, Json] = {
        **train(cases, (), Concepts({})).body,
        "tenant": "",
        "split": {"salt": ""},
        "facts": {
            "sentences": len(cases),
            "languages": dict(sorted(Counter(one.language for one in given).items())),
            "learned_from": fingerprint(given),
        },
    }
    return classify.dump(body)


def table(given: Sequence[Written], learned: Learned | None) -> dict[str, dict[str, int]]:
    """Stance → what it was taken for → how often."""
    counted = Counter((one.stance, one.found(learned)) for one in given)
    return {str(told): {str(taken): counted[told, taken] for taken in Stance} for told in Stance}


def main() -> None:
    raw = model(learned_from())
    if "--write" in sys.argv[1:]:
        FILE.write_bytes(raw)
    learned = classify.load(raw)
    for path in sorted(CORPUS.glob("*.jsonl")):
        given = list(written(path))
        for who, ear in (("rules alone", None), ("rules and model", learned)):
            found = table(given, ear)
            right = sum(found[str(told)][str(told)] for told in Stance)
            print(f"{path.stem}, {who}: {right} of {len(given)}")
            print(f"{'':10}" + "".join(f"{stance_:>10}" for stance_ in Stance))
            for told, row in found.items():
                print(f"{told:10}" + "".join(f"{count:>10}" for count in row.values()))
            print(
                json.dumps({"bench": "stance_model", "set": path.stem, "by": who, "right": right, "confusion": found})
            )
    print(f"{len(raw) // 1024} KiB, version {learned.version}")


if __name__ == "__main__":
    main()
