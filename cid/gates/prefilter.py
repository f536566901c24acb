"""What gate 2 would most likely drop anyway, learned from what it said before: a tenant's own words, weighed.

Naive Bayes on the words of title and summary, each counted once (A. McCallum and K. Nigam, A Comparison of Event Models
for Naive Bayes Text Classification, AAAI-98 workshop). Of the labels in order of time the oldest half is learned from,
the next fifth says where the bar lies, and the newest are held back: what is claimed of the filter is what it did on
them. Nothing is learned anew from those afterwards: the filter that is used is the one that was measured.
"""

from __future__ import annotations

import hashlib
import math
import statistics
from collections import Counter
from collections.abc import Sequence

from cid.domain.policy import Relevance
from cid.domain.prefilter import Filter, Label, Learned, Live, Proof, Word
from cid.text.shares import lower_bound
from cid.text.words import words

LEARNED, TUNED = 0.5, 0.2
"""Shares of the labels, the oldest first; the rest is held back."""
WORDS = 2000
"""Words that are kept, those that say most."""
SEEN = 3
"""A word of fewer stories says nothing yet."""
MARGIN = 0.5
"""Standard deviations of the scores that passed, between the bar and the lowest of them that counts."""
SMOOTHING = 0.5
CHANCE = 1.5
"""Standard deviations that a word's weight must lie from 0: what chance makes of rare words says nothing."""
DECIDED = 3
"""A person's decision counts as so many scores."""
WORTH = 0.05
"""The share of stories that must be saved before anything is put at risk for it."""
SHOWN = 15
"""Words of each direction, for people."""


def features(title: str, summary: str, policy: Relevance) -> frozenset[str]:
    """Of no more than the model is shown."""
    return frozenset(words(title)) | frozenset(words(summary[: policy.summary_chars]))


def score(filter_: Filter, found: frozenset[str]) -> float:
    """Log odds: above 0 the words are those of stories that pass. No probability: words bear witness together."""
    return filter_.bias + sum(filter_.weights.get(word, 0.0) for word in found)


def sampled(key: str, policy: Relevance) -> bool:
    """Whether this story is asked about although it would be dropped: the same answer however often it is asked."""
    drawn = int.from_bytes(hashlib.sha256(f"prefilter {key}".encode()).digest()[:8]) / 2**64
    return drawn < policy.prefilter_sample


def learned(labels: Sequence[Label], policy: Relevance) -> Learned | None:
    """`labels` in order of time. None: there are not both, stories that passed and stories that did not, to learn from
    and to find the bar by."""
    found = [features(one.title, one.summary, policy) for one in labels]
    first, second = int(len(labels) * LEARNED), int(len(labels) * (LEARNED + TUNED))
    old, tune, held = (list(zip(labels[a:b], found[a:b], strict=True)) for a, b in _parts(first, second, len(labels)))
    weights, bias, every = _weighed(old)
    passing = sorted(score(Filter(bias=bias, threshold=0, weights=weights), words) for one, words in tune if one.wanted)
    if not weights or not passing:
        return None
    # Half of what may be missed is given away here, and the bar lies well below the next: so few say little about the
    # lowest of many, and what comes later is never quite like what came before.
    spare = int(len(passing) * (1 - policy.prefilter_recall) / 2)
    room = MARGIN * (statistics.pstdev(passing) if len(passing) > 1 else 0.0)
    # Never above 0 either: what looks rather wanted is not dropped for looking less so than others.
    filter_ = Filter(bias=bias, threshold=min(passing[spare] - room, 0.0), weights=weights)
    ordered = sorted(every, key=lambda word: word.weight)
    return Learned(
        filter=filter_,
        proof=_proof(filter_, labels, held),
        up=tuple(reversed(ordered[-SHOWN:])),
        down=tuple(ordered[:SHOWN]),
    )


def _parts(first: int, second: int, end: int) -> tuple[tuple[int, int], ...]:
    return (0, first), (first, second), (second, end)


def _weighed(told: Sequence[tuple[Label, frozenset[str]]]) -> tuple[dict[str, float], float, list[Word]]:
    """Weights by word, the bias, and the words; nothing where one side is missing."""
    counts: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    plain: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    total = {True: 0.0, False: 0.0}
    for one, found in told:
        votes = one.stands_for * (DECIDED if one.decided else 1)
        total[one.wanted] += votes
        plain[one.wanted].update(found)
        for word in found:
            counts[one.wanted][word] += votes  # type: ignore[assignment]  # a Counter of fractions
    if not total[True] or not total[False]:
        return {}, 0.0, []
    every = [
        Word(
            word=word,
            weight=round(_rate(counts[True][word], total[True]) - _rate(counts[False][word], total[False]), 3),
            wanted=plain[True][word],
            unwanted=plain[False][word],
        )
        for word in plain[True] | plain[False]
        if plain[True][word] + plain[False][word] >= SEEN
    ]
    every = [one for one in every if abs(one.weight) >= CHANCE * _deviation(one)]
    every.sort(key=lambda one: (-abs(one.weight) * math.sqrt(one.wanted + one.unwanted), one.word))
    kept = every[:WORDS]
    return {one.word: one.weight for one in kept}, round(math.log(total[True] / total[False]), 3), kept


def _deviation(one: Word) -> float:
    """Of a logarithm of two shares (G. Woolf, Ann. Hum. Genet. 19, 1955)."""
    return math.sqrt(1 / (one.wanted + SMOOTHING) + 1 / (one.unwanted + SMOOTHING))


def _rate(count: float, total: float) -> float:
    """The logarithm of the share of stories that hold a word, smoothed."""
    return math.log((count + SMOOTHING) / (total + 2 * SMOOTHING))


def _proof(filter_: Filter, labels: Sequence[Label], held: Sequence[tuple[Label, frozenset[str]]]) -> Proof:
    kept = missed = dropped = every = 0.0
    for one, found in held:
        below = score(filter_, found) < filter_.threshold
        every += one.stands_for
        dropped += one.stands_for * below
        kept += one.stands_for * (one.wanted and not below)
        missed += one.stands_for * (one.wanted and below)
    passes = sum(one.wanted for one, _ in held)
    recall = kept / (kept + missed) if kept + missed else None
    return Proof(
        labels=len(labels),
        decided=sum(one.decided for one in labels),
        passes=sum(one.wanted for one in labels),
        held=len(held),
        held_passes=passes,
        recall=recall,
        # As many trials as there were stories: one that stands for twenty is still one.
        sure=lower_bound((recall or 0.0) * passes, passes),
        saved=dropped / every if every else 0.0,
    )


def lacking(proof: Proof, policy: Relevance) -> str:
    """Why it has not proved itself; empty: it has."""
    if proof.held_passes < policy.prefilter_passes:
        return f"{proof.held_passes} stories that passed were held back, {policy.prefilter_passes} are wanted"
    if proof.recall is None or proof.recall < policy.prefilter_recall:
        return f"it kept {proof.recall or 0:.3f} of what passed, {policy.prefilter_recall:.3f} is wanted"
    if proof.sure < policy.prefilter_sure:
        return f"it is sure to keep {proof.sure:.3f} of what passes, {policy.prefilter_sure:.3f} is wanted"
    if proof.saved < WORTH:
        return f"it would save {proof.saved:.3f} of the questions, {WORTH:.3f} is worth the trouble"
    return ""


def failing(live: Live, policy: Relevance) -> str:
    """Why it must not go on; empty: it may. One story that it would have lost can be enough: asking costs little."""
    if not policy.prefilter_sample:
        return "no share of stories is asked about any more: nobody would notice what it loses"
    if live.asked_passes and live.recall is not None and live.recall < policy.prefilter_recall:
        return (
            f"{live.asked_passes} of {live.asked} that it would have dropped passed: it keeps about {live.recall:.3f}"
        )
    return ""
