"""Training the classifier of narratives, with scikit-learn (extra `ml`), which is imported when it is called.

One linear support vector machine per narrative. Everything that is chosen, the thresholds too, is chosen on inner folds
of the training part: each fold is judged by machines that did not see it. What is held out is only measured with.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cid.briefing import cases
from cid.briefing.cases import Case
from cid.briefing.classify import SCALE, terms
from cid.briefing.concepts import Concepts
from cid.briefing.thresholds import Held, thresholds
from cid.domain.errors import Misconfigured
from cid.domain.llm import Json

FEWEST = 10
"""Sentences of a narrative: with fewer there is nothing to learn from, and it is left out."""
FOLDS = 8
RAREST = 2
"""Sentences that a term stands in at least: what stands in one alone says nothing about another."""
STIFFNESS = 0.15
"""C of the machines: how much a misjudged sentence costs against large weights."""
ROUNDS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    kinds: tuple[tuple[str, ...], ...]
    """For each kind of `classify.terms`: those that are known, in order."""
    idf: tuple[float, ...]
    """Over all kinds, one after the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    body: Mapping[str, Json]
    """The parts of a model file that decide."""
    left_out: tuple[str, ...]
    """Narratives with too few sentences."""


def train(given: Sequence[Case], ordinary: Sequence[Case], concepts: Concepts) -> Learned:
    """From sentences and what they are said to be, and nothing else. The order does not matter.

    Raises Misconfigured where scikit-learn is not there, or no narrative has enough sentences.
    """
    learner = _learner()
    told, titles = cases.distinct(given), cases.distinct(ordinary)
    counts = Counter(narrative for case in told for narrative in case.narratives)
    narratives = sorted(name for name, count in counts.items() if count >= FEWEST)
    if not narratives:
        raise Misconfigured(f"No narrative has {FEWEST} labelled sentences to learn from.")
    everything = [*told, *titles]
    counted = [terms(case.text, concepts) for case in everything]
    answers = {name: [name in case.narratives for case in everything] for name in narratives}
    folds = [int(cases.share(case.text, "fold") * FOLDS) for case in everything]
    margins = _inner(learner, counted, answers, folds)
    sigmoids = {name: learner.sigmoid(margins[name], answers[name]) for name in narratives}
    cuts = thresholds([_held(name, margins, sigmoids, answers, len(told)) for name in narratives])
    vocabulary = _vocabulary(counted)
    matrix = learner.matrix(vocabulary, counted)
    body: dict[str, Json] = {
        "concepts": {name: list(entries) for name, entries in concepts.table.items()},
        "terms": [list(known) for known in vocabulary.kinds],
        "idf": [round(value * SCALE) for value in vocabulary.idf],
        "narratives": [
            _judge(name, learner.fitted(matrix, answers[name]), sigmoids[name], cut)
            for name, cut in zip(narratives, cuts, strict=True)
        ],
    }
    return Learned(body=body, left_out=tuple(sorted(set(counts) - set(narratives))))


def _judge(name: str, fitted: tuple[list[float], float], sigmoid: tuple[float, float], cut: float) -> Json:
    weights, intercept = fitted
    slope, shift = sigmoid
    return {
        "id": name,
        "weights": [round(weight * SCALE) for weight in weights],
        "intercept": round(intercept, 6),
        "slope": round(slope, 6),
        "shift": round(shift, 6),
        "threshold": round(cut, 4),
    }


def _inner(
    learner: _Learner,
    counted: Sequence[tuple[Counter[str], ...]],
    answers: Mapping[str, Sequence[bool]],
    folds: Sequence[int],
) -> dict[str, list[float]]:
    """Margins of all sentences, each by machines and a vocabulary that have not seen it or its fold."""
    margins = {name: [0.0] * len(counted) for name in answers}
    for fold in sorted(set(folds)):
        seen = [at for at, other in enumerate(folds) if other != fold]
        unseen = [at for at, other in enumerate(folds) if other == fold]
        vocabulary = _vocabulary([counted[at] for at in seen])
        known = learner.matrix(vocabulary, [counted[at] for at in seen])
        asked = learner.matrix(vocabulary, [counted[at] for at in unseen])
        for name, answer in answers.items():
            found = learner.margins(known, [answer[at] for at in seen], asked)
            for at, margin in zip(unseen, found, strict=True):
                margins[name][at] = margin
    return margins


def _held(
    name: str,
    margins: Mapping[str, Sequence[float]],
    sigmoids: Mapping[str, tuple[float, float]],
    answers: Mapping[str, Sequence[bool]],
    told: int,
) -> Held:
    slope, shift = sigmoids[name]
    likely = [1.0 / (1.0 + math.exp(min(700.0, -(slope * margin + shift)))) for margin in margins[name]]
    return Held(likely=tuple(likely[:told]), right=tuple(answers[name][:told]), ordinary=tuple(likely[told:]))


def _vocabulary(counted: Sequence[tuple[Counter[str], ...]]) -> Vocabulary:
    kinds, idf = [], []
    for kind in zip(*counted, strict=True):
        within = Counter(term for one in kind for term in one)
        known = tuple(sorted(term for term, count in within.items() if count >= RAREST))
        kinds.append(known)
        idf += [math.log((1 + len(counted)) / (1 + within[term])) + 1.0 for term in known]
    return Vocabulary(kinds=tuple(kinds), idf=tuple(idf))


class _Learner:
    """scikit-learn, as far as it is wanted. It has no types; nothing untyped leaves this class."""

    def __init__(self, sparse: Any, svm: Any, linear: Any) -> None:
        self._sparse, self._svm, self._linear = sparse, svm, linear

    def matrix(self, vocabulary: Vocabulary, counted: Sequence[tuple[Counter[str], ...]]) -> Any:
        rows: list[Mapping[str, int]] = []
        first = 0
        for known in vocabulary.kinds:
            rows.append({term: first + at for at, term in enumerate(known)})
            first += len(known)
        starts, columns, values = [0], [], []
        for one in counted:
            for known_rows, counts in zip(rows, one, strict=True):
                here = sorted(
                    (row, count) for term, count in counts.items() if (row := known_rows.get(term)) is not None
                )
                weighed = [(1.0 + math.log(count)) * vocabulary.idf[row] for row, count in here]
                length = math.sqrt(math.fsum(value * value for value in weighed)) or 1.0
                columns += [row for row, _ in here]
                values += [value / length for value in weighed]
            starts.append(len(columns))
        return self._sparse.csr_matrix((values, columns, starts), shape=(len(counted), first))

    def fitted(self, matrix: Any, answers: Sequence[bool]) -> tuple[list[float], float]:
        machine = self._machine(matrix, answers)
        return [float(weight) for weight in machine.coef_[0]], float(machine.intercept_[0])

    def margins(self, matrix: Any, answers: Sequence[bool], asked: Any) -> list[float]:
        if not any(answers) or not asked.shape[0]:
            return [-1.0] * asked.shape[0]
        return [float(margin) for margin in self._machine(matrix, answers).decision_function(asked)]

    def sigmoid(self, margins: Sequence[float], answers: Sequence[bool]) -> tuple[float, float]:
        """Slope and shift (Platt 1999)."""
        fitted = self._linear.LogisticRegression(C=1000.0).fit([[margin] for margin in margins], answers)
        return float(fitted.coef_[0][0]), float(fitted.intercept_[0])

    def _machine(self, matrix: Any, answers: Sequence[bool]) -> Any:
        return self._svm.LinearSVC(C=STIFFNESS, random_state=0, max_iter=ROUNDS).fit(matrix, answers)


def _learner() -> _Learner:
    try:
        from scipy import sparse  # noqa: PLC0415 - the extra need not be there
        from sklearn import linear_model, svm  # noqa: PLC0415
    except ImportError as error:
        raise Misconfigured(
            "Training needs scikit-learn, which is not there: `make setup EXTRAS=ml`. What is trained works without."
        ) from error
    return _Learner(sparse, svm, linear_model)
