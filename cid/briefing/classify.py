"""A classifier of narratives: one linear model per narrative over the words and letters of one sentence.

It is applied with nothing but the standard library: what was learned elsewhere is numbers in a JSON file. A sentence's
terms are its words and pairs of words, the letters of each word in short runs, and the concepts that its words stand
for and pairs of these. Each kind is weighed as tf-idf with a logarithmic tf and brought to length 1 (what
TfidfVectorizer of scikit-learn calls sublinear_tf, smooth_idf and norm l2); a narrative's margin is the sum of its
weights times these, and its probability 1 / (1 + exp(-(slope · margin + shift))) after Platt (1999), whose two numbers
come from sentences that were held back.

Before the narratives comes a gate, one more linear model: a sentence that looks like an ordinary headline rather than
like anything that people label is a match of nothing. The machines of the narratives see a few hundred sentences of
theirs each and are now and then sure of a headline for one word's sake; the gate has seen all sentences.

Its figures were measured on single sentences, so single sentences it is asked about: an item's title, or a post's first
few. A long article would give it as many chances of a false alarm as it has sentences.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import zlib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from operator import mul
from typing import Any

from cid.briefing.concepts import Concepts
from cid.briefing.stance import Learned, stance
from cid.domain.ids import TenantId
from cid.domain.llm import Json
from cid.domain.narratives import By, Match, Span, Strength, Where
from cid.domain.run import RunItem
from cid.text.prose import sentences
from cid.text.words import placed, words

FORMAT = "cid-narratives-2"
LARGEST = 64 << 20
"""Bytes of a model, unpacked."""
LONGEST = 1_000
"""Letters of a sentence that are read: nobody says one thing in more, and the rest would cost time for nothing."""
SENTENCES = 5
"""Of an item without a title: a post's first ones."""
WEIGHED, MOST_SPANS = 60, 8
"""Words of a sentence that are looked at for which of them made the match, and how many are named."""
SHORTEST_RUN, LONGEST_RUN = 2, 5
SCALE = 10_000
"""Weights and idf are whole numbers of 1 / SCALE in the file: the same on every machine."""
LEARNED = ("concepts", "terms", "idf", "gate", "narratives")
"""The parts of a file that decide what is found. The others say how it was made."""
HIGH, MODERATE = 0.85, 0.6
"""From which probability on a match is called strong, and moderate."""


def terms(text: str, concepts: Concepts) -> tuple[Counter[str], ...]:
    """Of one sentence: words and pairs of neighbours; runs of 2 to 5 letters in each word with its edges; concepts and
    all pairs of them."""
    told = words(text[:LONGEST])
    whole = Counter(told)
    whole.update(f"{one} {other}" for one, other in pairwise(told))
    runs: Counter[str] = Counter()
    for word in told:
        edged = f" {word} "
        for size in range(SHORTEST_RUN, min(LONGEST_RUN, len(edged)) + 1):
            runs.update(edged[at : at + size] for at in range(len(edged) - size + 1))
    meant = concepts.of(told)
    return whole, runs, Counter([*meant, *(f"{one}+{other}" for one, other in combinations(meant, 2))])


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Of one narrative."""

    narrative: str
    weights: Sequence[float]
    """By row."""
    intercept: float
    slope: float
    shift: float
    threshold: float
    """The probability from which on it is a match; above 1: never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Between sentences that people label and ordinary headlines."""

    weights: Sequence[float]
    """By row."""
    intercept: float
    least: float
    """The margin below which a sentence is taken for an ordinary headline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Classifier:
    version: str
    """Of what was learned: the same weights have the same version, whenever they were made."""
    kinds: tuple[Mapping[str, int], ...]
    """For each kind of `terms`: term → its row among the weights."""
    concepts: Concepts
    idf: Sequence[float]
    """By row."""
    gate: Gate | None
    """None: there were too few headlines to learn one from, and every sentence passes."""
    judges: tuple[Judge, ...]
    tenant: str
    """Whose decisions it learned from: its words are for nobody else. Empty: nobody's, it may look for all."""
    salt: str
    """By which `cases.held_out` tells what it has not seen."""
    facts: Mapping[str, Json]
    """How it was trained and what it was measured at, as the training wrote it down."""

    def serves(self, tenant: TenantId) -> bool:
        return self.tenant in {"", str(tenant)}

    def probabilities(self, text: str) -> Mapping[str, float]:
        """Narrative → probability that the sentence `text` is a claim of it."""
        rows, values = self._vector(text)
        return {judge.narrative: _probability(judge, rows, values) for judge in self.judges}

    def narratives(self, text: str) -> Mapping[str, float]:
        """Those whose threshold the sentence reaches, with the probability; none where the gate holds it back."""
        rows, values = self._vector(text)
        if self.gate is not None and _margin(self.gate, rows, values) < self.gate.least:
            return {}
        likely = {judge.narrative: _probability(judge, rows, values) for judge in self.judges}
        return {j.narrative: likely[j.narrative] for j in self.judges if likely[j.narrative] >= j.threshold}

    def found(self, items: Iterable[RunItem], stances: Learned | None = None) -> tuple[Match, ...]:
        """By item, then by narrative. One match for each that some sentence of the item reaches."""
        return tuple(match for item in items for match in self._of_item(item, stances))

    def _of_item(self, item: RunItem, stances: Learned | None) -> Iterator[Match]:
        best: dict[str, tuple[float, int, str]] = {}
        cues: Counter[str] = Counter()
        for start, sentence in asked_about(item):
            for narrative, probability in self.narratives(sentence).items():
                cues[narrative] += 1
                best[narrative] = max((probability, start, sentence), best.get(narrative, (0.0, 0, "")))
        for narrative, (probability, start, sentence) in sorted(best.items()):
            spans = tuple(
                Span(start=start + first, end=start + end, text=sentence[first:end], cue="")
                for first, end in self.weighty(sentence, narrative)
            )
            yield Match(
                narrative=narrative,
                where=Where.ITEM,
                item=item.number,
                spans=spans,
                cues=cues[narrative],
                strength=strength(probability),
                stance=stance(f"{item.title}\n{item.text}", spans, breaks=(len(item.title) + 1,), learned=stances),
                language=item.language,
                by=By.CLASSIFIER,
                probability=round(probability, 4),
                version=self.version,
            )

    def weighty(self, sentence: str, narrative: str) -> list[tuple[int, int]]:
        """Where the words stand without which the sentence would be the least likely one of the narrative.

        Each is left out once, the first WEIGHED of them: those that cost at least half of what the costliest costs.
        """
        judge = next(one for one in self.judges if one.narrative == narrative)
        told = placed(sentence[:LONGEST])[:WEIGHED]
        whole = _margin(judge, *self._vector(" ".join(one.word for one in told)))
        costs = [
            whole - _margin(judge, *self._vector(" ".join(one.word for one in (*told[:at], *told[at + 1 :]))))
            for at in range(len(told))
        ]
        least = max(max(costs, default=0.0) / 2, 1e-9)
        return [(one.start, one.end) for one, cost in zip(told, costs, strict=True) if cost >= least][:MOST_SPANS]

    def _vector(self, text: str) -> tuple[list[int], list[float]]:
        """The rows of the terms that the model knows, and their values; each kind of length 1."""
        rows: list[int] = []
        values: list[float] = []
        for known, counted in zip(self.kinds, terms(text, self.concepts), strict=True):
            here = [(row, count) for term, count in counted.items() if (row := known.get(term)) is not None]
            weighed = [(1.0 + math.log(count)) * self.idf[row] for row, count in here]
            length = math.sqrt(sum(map(mul, weighed, weighed))) or 1.0
            rows += [row for row, _ in here]
            values += [value / length for value in weighed]
        return rows, values


def strength(probability: float) -> Strength:
    if probability >= HIGH:
        return Strength.HIGH
    return Strength.MODERATE if probability >= MODERATE else Strength.LOW


def asked_about(item: RunItem) -> Iterator[tuple[int, str]]:
    """Where each sentence begins, in letters of title, a line feed and text: the title, or a post's first sentences."""
    if item.title.strip():
        yield 0, item.title
        return
    at, before = 0, len(item.title) + 1
    for sentence in sentences(item.text[: LONGEST * SENTENCES])[:SENTENCES]:
        here = re.compile(r"\s+".join(map(re.escape, sentence.split()))).search(item.text, at)
        if here is not None:
            at = here.end()
            yield before + here.start(), here.group()


def _margin(linear: Judge | Gate, rows: Sequence[int], values: Sequence[float]) -> float:
    found: float = sum(map(mul, values, map(linear.weights.__getitem__, rows)), linear.intercept)
    return found


def _probability(judge: Judge, rows: Sequence[int], values: Sequence[float]) -> float:
    # The exponent is bounded: e to the 700th is no float any more.
    return 1.0 / (1.0 + math.exp(min(700.0, -(judge.slope * _margin(judge, rows, values) + judge.shift))))


def dump(body: Mapping[str, Json]) -> bytes:
    """A model file: `body` and its own sha256, gzip without a date. The same body makes the same bytes."""
    whole = {**body, "format": FORMAT, "sha256": _sum({**body, "format": FORMAT})}
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(_canonical(whole)) + packer.flush()


def load(raw: bytes) -> Classifier:
    """Of a model file, packed by gzip or plain. Raises ValueError: what is wrong with it."""
    body = _unpacked(raw)
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise ValueError(f"it is no model of the format {FORMAT}")
    said = body.pop("sha256", None)
    if said != _sum(body):
        raise ValueError("it was changed after it was made: its sha256 is another")
    try:
        return _classifier(body)
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"it lacks what a model of the format {FORMAT} holds ({error})") from error


def _unpacked(raw: bytes) -> Any:
    if raw[:2] == b"\x1f\x8b":
        try:
            raw = zlib.decompressobj(31).decompress(raw, LARGEST + 1)
        except zlib.error as error:
            raise ValueError(f"it cannot be unpacked ({error})") from error
    if len(raw) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST >> 20} MiB")
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is no JSON") from error


def _classifier(body: Mapping[str, Any]) -> Classifier:
    kinds: list[Mapping[str, int]] = []
    rows = 0
    for known in body["terms"]:
        kinds.append({str(term): rows + at for at, term in enumerate(known)})
        rows += len(known)
    idf = array("d", (whole / SCALE for whole in body["idf"]))
    gate = None if body["gate"] is None else _gate(body["gate"])
    judges = tuple(_judge(one) for one in body["narratives"])
    concepts = Concepts(body["concepts"])
    if len(kinds) != len(terms("", concepts)) or any(
        len(column) != rows for column in (idf, *(one.weights for one in (gate, *judges) if one))
    ):
        raise ValueError("its terms and its weights do not belong together")
    return Classifier(
        version=version(body),
        kinds=tuple(kinds),
        concepts=concepts,
        idf=idf,
        gate=gate,
        judges=judges,
        tenant=str(body["tenant"]),
        salt=str(body["split"]["salt"]),
        facts=dict(body["facts"]),
    )


def _judge(one: Mapping[str, Any]) -> Judge:
    numbers = _numbers(one, ("intercept", "slope", "shift", "threshold"))
    return Judge(narrative=str(one["id"]), weights=_weights(one), **numbers)


def _gate(one: Mapping[str, Any]) -> Gate:
    return Gate(weights=_weights(one), **_numbers(one, ("intercept", "least")))


def _weights(one: Mapping[str, Any]) -> Sequence[float]:
    return array("d", (whole / SCALE for whole in one["weights"]))


def _numbers(one: Mapping[str, Any], names: Sequence[str]) -> dict[str, float]:
    numbers = {name: float(one[name]) for name in names}
    if not all(map(math.isfinite, numbers.values())):
        raise ValueError("one of its numbers is no number")
    return numbers


def version(body: Mapping[str, Json]) -> str:
    """Twelve digits."""
    return _sum({name: body[name] for name in LEARNED})[:12]


def _canonical(body: Mapping[str, Json]) -> bytes:
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _sum(body: Mapping[str, Json]) -> str:
    return hashlib.sha256(_canonical(body)).hexdigest()
