"""Training the classifier of narratives, with scikit-learn (extra `ml`), which is imported when it is called.

One linear support vector machine per narrative, and one between all sentences and ordinary titles: the gate. Everything
that is chosen, the thresholds too, is chosen on inner folds of the training part: each fold is judged by machines that
did not see it. What is held out is only measured with.
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
from cid.briefing.thresholds import Held, threshold
from cid.domain.errors import Misconfigured
from cid.domain.llm import Json

FEWEST = 10
"""Sentences of a narrative: with fewer there is nothing to learn from, and it is left out."""
FOLDS = 6
RAREST = 2
"""Sentences that a term stands in at least: what stands in one alone says nothing about another."""
STIFFNESS = 0.15
"""C of the machines: how much a misjudged sentence costs against large weights."""
ORDINARY_COSTS = 4.0
"""What a misjudged ordinary title costs, in misjudged claims: the world holds far more of them than a file does."""
TAUGHT_COSTS = 0.3
"""What a misjudged claim costs that is taught beside the given ones: nobody knows that it is worded like them."""
NO_FOLD = -1
"""Of what is learned from in every fold and judged in none."""
GATE = ""
"""What stands for the gate where a narrative's id would."""
HELD_BACK = 0.01
"""The share of labelled sentences that the gate may hold back."""
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
    taught: int
    """How many claims it learned beside the given sentences."""


def train(given: Sequence[Case], ordinary: Sequence[Case], concepts: Concepts, taught: Sequence[Case] = ()) -> Learned:
    """From sentences and what they are said to be, and nothing else. The order does not matter.

    `taught`: claims that are learned from beside those that are `given`, and by which nothing is chosen: probabilities
    and thresholds are those of the given ones. What is given as well is left out.
    Raises Misconfigured where scikit-learn is not there, or no narrative has enough sentences.
    """
    learner = _learner()
    told, titles = cases.distinct(given), cases.distinct(ordinary)
    counts = Counter(narrative for case in told for narrative in case.narratives)
    narratives = sorted(name for name, count in counts.items() if count >= FEWEST)
    if not narratives:
        raise Misconfigured(f"No narrative has {FEWEST} labelled sentences to learn from.")
    extra = _beside(told, taught, narratives)
    judged = [*told, *titles]
    everything = [*judged, *extra]
    counted = [terms(case.text, concepts) for case in everything]
    answers = {name: [name in case.narratives for case in everything] for name in narratives}
    folds = [int(cases.share(case.text, "fold") * FOLDS) for case in judged] + [NO_FOLD] * len(extra)
    counts_of = learner.counted(counted)
    costs = [1.0] * len(told) + [ORDINARY_COSTS] * len(titles) + [TAUGHT_COSTS] * len(extra)
    # Sentences without a label count here too: they belong to no narrative, but they are no headlines either.
    claims = [True] * len(told) + [False] * len(titles) + [True] * len(extra)
    gate = {GATE: claims} if len(titles) >= FEWEST else {}
    margins = _inner(learner, counts_of, answers | gate, folds, costs)
    looks = margins.get(GATE, [0.0] * len(everything))[: len(judged)]
    least = _least([look for look, case in zip(looks, judged, strict=True) if case.narratives])
    right = {name: answer[: len(judged)] for name, answer in answers.items()}
    found = {name: margins[name][: len(judged)] for name in narratives}
    sigmoids = {name: learner.sigmoid(found[name], right[name]) for name in narratives}
    passes = [look >= least for look in looks]
    cut = threshold([_held(found[name], sigmoids[name], right[name], passes, len(told)) for name in narratives])
    known, matrix = learner.weighed(counts_of, range(len(everything)))
    body: dict[str, Json] = {
        "concepts": {name: list(entries) for name, entries in concepts.table.items()},
        "terms": [list(kind) for kind in known.kinds],
        "idf": [round(value * SCALE) for value in known.idf],
        "gate": _gate(learner.fitted(matrix, gate[GATE], costs), least) if gate else None,
        "narratives": [
            _judge(name, learner.fitted(matrix, answers[name], costs), sigmoids[name], cut) for name in narratives
        ],
    }
    return Learned(body=body, left_out=tuple(sorted(set(counts) - set(narratives))), taught=len(extra))


def _beside(told: Sequence[Case], taught: Sequence[Case], narratives: Sequence[str]) -> list[Case]:
    """What is taught and not told. Nothing where a narrative is asked about that the taught claims do not know: their
    silence on it would be learned."""
    if not {name for case in taught for name in case.narratives}.issuperset(narratives):
        return []
    already = {cases.key(case.text) for case in told}
    return [case for case in cases.distinct(taught) if cases.key(case.text) not in already]


def _least(labelled: Sequence[float]) -> float:
    """The margin that all but HELD_BACK of the labelled sentences reach."""
    return sorted(labelled)[int(len(labelled) * HELD_BACK)]


def _gate(fitted: tuple[list[float], float], least: float) -> Json:
    weights, intercept = fitted
    return {
        "weights": [round(weight * SCALE) for weight in weights],
        "intercept": round(intercept, 6),
        "least": round(least, 6),
    }


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
    counts_of: Sequence[_Counts],
    answers: Mapping[str, Sequence[bool]],
    folds: Sequence[int],
    costs: Sequence[float],
) -> dict[str, list[float]]:
    """Margins of all sentences, each by machines, a vocabulary and an idf that have not seen it or its fold."""
    margins = {name: [0.0] * len(folds) for name in answers}
    for fold in sorted(set(folds) - {NO_FOLD}):
        seen = [at for at, other in enumerate(folds) if other != fold]
        unseen = [at for at, other in enumerate(folds) if other == fold]
        _, matrix = learner.weighed(counts_of, seen)
        for name, answer in answers.items():
            known = [answer[at] for at in seen]
            found = learner.margins(matrix[seen], known, [costs[at] for at in seen], matrix[unseen])
            for at, margin in zip(unseen, found, strict=True):
                margins[name][at] = margin
    return margins


def _held(
    margins: Sequence[float],
    sigmoid: tuple[float, float],
    answers: Sequence[bool],
    passes: Sequence[bool],
    told: int,
) -> Held:
    slope, shift = sigmoid
    likely = [
        passed / (1.0 + math.exp(min(700.0, -(slope * margin + shift))))
        for passed, margin in zip(passes, margins, strict=True)
    ]
    return Held(likely=tuple(likely[:told]), right=tuple(answers[:told]), ordinary=tuple(likely[told:]))


@dataclass(frozen=True, slots=True)
class _Counts:
    """Of one kind of terms: 1 + log of how often each stands in each sentence, as a sparse matrix."""

    terms: tuple[str, ...]
    matrix: Any


class _Learner:
    """scikit-learn, as far as it is wanted. It has no types; nothing untyped is looked into outside of this class."""

    def __init__(self, numpy: Any, sparse: Any, svm: Any, linear: Any) -> None:
        self._numpy, self._sparse, self._svm, self._linear = numpy, sparse, svm, linear

    def counted(self, sentences: Sequence[tuple[Counter[str], ...]]) -> list[_Counts]:
        return [self._kind(kind) for kind in zip(*sentences, strict=True)]

    def _kind(self, sentences: Sequence[Counter[str]]) -> _Counts:
        within = Counter(term for one in sentences for term in one)
        known = tuple(sorted(term for term, count in within.items() if count >= RAREST))
        rows = {term: at for at, term in enumerate(known)}
        starts, columns, values = [0], [], []
        for one in sentences:
            here = sorted((rows[term], count) for term, count in one.items() if term in rows)
            columns += [row for row, _ in here]
            values += [1.0 + math.log(count) for _, count in here]
            starts.append(len(columns))
        shape = (len(sentences), len(known))
        return _Counts(known, self._sparse.csr_matrix((values, columns, starts), shape=shape))

    def weighed(self, counts_of: Sequence[_Counts], seen: Sequence[int]) -> tuple[Vocabulary, Any]:
        """All sentences by the terms and the idf of those that were `seen`, each kind of length 1."""
        kinds, idf, blocks = [], [], []
        for counts in counts_of:
            within = counts.matrix[seen].getnnz(axis=0)
            kept = self._numpy.flatnonzero(within >= RAREST)
            weights = [math.log((1 + len(seen)) / (1 + int(within[at]))) + 1.0 for at in kept]
            block = counts.matrix[:, kept] @ self._sparse.diags_array(self._numpy.array(weights))
            lengths = self._numpy.sqrt(block.multiply(block).sum(axis=1))
            scales = 1.0 / self._numpy.where(lengths > 0, lengths, 1.0)
            blocks.append(self._sparse.diags_array(self._numpy.asarray(scales).ravel()) @ block)
            kinds.append(tuple(counts.terms[at] for at in kept))
            idf += weights
        return Vocabulary(kinds=tuple(kinds), idf=tuple(idf)), self._sparse.hstack(blocks).tocsr()

    def fitted(self, matrix: Any, answers: Sequence[bool], costs: Sequence[float]) -> tuple[list[float], float]:
        machine = self._machine(matrix, answers, costs)
        return [float(weight) for weight in machine.coef_[0]], float(machine.intercept_[0])

    def margins(self, matrix: Any, answers: Sequence[bool], costs: Sequence[float], asked: Any) -> list[float]:
        if len(set(answers)) < 2 or not asked.shape[0]:
            return [1.0 if any(answers) else -1.0] * asked.shape[0]
        return [float(margin) for margin in self._machine(matrix, answers, costs).decision_function(asked)]

    def sigmoid(self, margins: Sequence[float], answers: Sequence[bool]) -> tuple[float, float]:
        """Slope and shift (Platt 1999)."""
        fitted = self._linear.LogisticRegression(C=1000.0).fit([[margin] for margin in margins], answers)
        return float(fitted.coef_[0][0]), float(fitted.intercept_[0])

    def _machine(self, matrix: Any, answers: Sequence[bool], costs: Sequence[float]) -> Any:
        machine = self._svm.LinearSVC(C=STIFFNESS, random_state=0, max_iter=ROUNDS)
        return machine.fit(matrix, answers, sample_weight=costs)


def _learner() -> _Learner:
    try:
        import numpy as np  # noqa: PLC0415 - the extra need not be there
        from scipy import sparse  # noqa: PLC0415 - as above
        from sklearn import linear_model, svm  # noqa: PLC0415 - as above
    except ImportError as error:
        raise Misconfigured(
            "Training needs scikit-learn, which is not there: `make setup EXTRAS=ml`. What is trained works without."
        ) from error
    return _Learner(np, sparse, svm, linear_model)
