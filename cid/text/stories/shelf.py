"""Placing items in stories, one after the other, and merging what an item showed to be one.

An item is a story of one. Two stories are one when the cosine of what their titles have in common reaches a bar that
rises with the smaller one: what stayed apart while both grew is apart. Nothing splits a story.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cid.domain.ids import ItemId, StoryId
from cid.domain.news import Band, Placed
from cid.text.stories.guards import apart, later
from cid.text.stories.keys import WINDOW, first_key, hashed, pairs, windows
from cid.text.stories.story import Story
from cid.text.stories.terms import Title

BAR = 0.16
"""Of the cosine, for an item and a story."""
RISE = 0.06
"""Of the bar, each time that the smaller of two stories doubles."""
NEAR = 0.04
"""Below and above the bar, where it could be told either way."""
CERTAIN = 0.8
"""Share of the terms that two titles have in common, from which on one is a copy of the other."""
LOOKED_AT = 12
"""Stories at most that one item is compared with: those that stand under most of its keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """An item on its way into a story."""

    item: ItemId
    title: Title
    vector: Mapping[str, float]
    keys: Sequence[int]
    """Under which stories that it may belong to stand: see `lookup_keys`."""
    at: datetime
    sample: bool
    public: bool = True
    """Else its words are one tenant's alone: it joins what is there, and shapes and merges nothing for the others."""
    source: int | None = None
    """The public one that had it first, as a number; None: nobody counts."""
    fresh: StoryId
    """Of the story that it opens if it belongs to none; rises from item to item."""


class Shelf:
    """Stories by key. Placing is sequential: an item sees the stories that those before it made."""

    def __init__(self, stories: Iterable[Story]) -> None:
        self._by_key: dict[int, dict[StoryId, Story]] = defaultdict(dict)
        self._gone: dict[StoryId, Story] = {}
        self.stories: dict[StoryId, Story] = {}
        for story in stories:
            self._keep(story, story.keys)

    def place(self, new: Arrival) -> Placed:
        ranked = self._ranked(new)
        story, likeness, before = self._chosen(new, ranked)
        band = _band(new.title, story, likeness)
        if story is None:
            story = Story(id=new.fresh, at=new.at, sample=new.sample, follows=before)
            story.made = True
        others: list[Story] = []
        if not story.heard(new.source):
            keys = story.take(new.title, new.vector, pairs(new.vector), new.at, public=new.public, source=new.source)
            self._keep(story, keys)
            others = [other for _, other in ranked if other is not story] if new.public else []
        merges, doubts = self._merged(story, others)
        last = _last(story)
        if band is Band.FIRST and last.id != new.fresh:
            # too little in common with any one story to join it, and enough to be merged
            likeness, before = merges[0][2], None
            band = _sure(likeness)
        return Placed(
            item=new.item,
            story=last.id,
            band=band,
            likeness=likeness,
            merges=tuple((gone, stays) for gone, stays, _ in merges),
            follows=before,
            contested=tuple((other.id, one) for one, other in doubts),
        )

    def settled(self, placed: Iterable[Placed]) -> list[Placed]:
        """As it is after all of them: the stories that they are in by then, and merges only of earlier stories."""
        return [self._settled(one) for one in placed]

    def _settled(self, one: Placed) -> Placed:
        story = self._now_in(one.story)
        return replace(
            one,
            story=story,
            merges=tuple((gone, self._now_in(into)) for gone, into in one.merges if not self._gone[gone].made),
            follows=self._now_in(one.follows) if one.follows and story == one.story else None,
            contested=tuple(
                (to, likeness) for other, likeness in one.contested if (to := self._now_in(other)) != story
            ),
        )

    def _now_in(self, named: StoryId) -> StoryId:
        story = self._gone.get(named)
        return named if story is None else _last(story).id

    def _ranked(self, new: Arrival) -> list[tuple[float, Story]]:
        """(likeness, story) of those that the item may belong to, the likeliest first, the older of two alike."""
        hits: defaultdict[StoryId, int] = defaultdict(int)
        for number in new.keys:
            for story_id in self._by_key.get(number, ()):
                hits[story_id] += 1
        looked_at = sorted(hits, key=lambda one: (-hits[one], one))[:LOOKED_AT]
        alike = [
            (story.likeness(new.vector), story)
            for story in map(self.stories.__getitem__, looked_at)
            if story.sample == new.sample and abs(story.at - new.at) <= WINDOW
        ]
        return sorted(alike, key=lambda pair: (-pair[0], pair[1].id))

    def _chosen(
        self, new: Arrival, ranked: Iterable[tuple[float, Story]]
    ) -> tuple[Story | None, float, StoryId | None]:
        """The story it joins with the likeness, or the one that it is a later chapter of."""
        for likeness, story in ranked:
            if likeness < BAR:
                break
            if later(new.title, story.weights):
                return None, 0.0, story.id
            face = story.nearest_face(new.title)
            if face is None or not apart(new.title, face):
                return story, likeness, None
        return None, 0.0, None

    def _merged(
        self, story: Story, others: Iterable[Story]
    ) -> tuple[list[tuple[StoryId, StoryId, float]], list[tuple[float, Story]]]:
        """(from, into, likeness) of the merges that the item brought about, and the stories that it nearly showed."""
        merges: list[tuple[StoryId, StoryId, float]] = []
        doubts: list[tuple[float, Story]] = []
        for other in others:
            bar = BAR + RISE * math.log2(max(1, min(story.mass, other.mass)))
            alike = story.alike(other)
            if alike < bar - NEAR or _chapters(story, other) or story.apart(other):
                continue
            if alike < bar:
                doubts.append((alike, other))
                continue
            stays, goes = (story, other) if story.id < other.id else (other, story)
            stays.absorb(goes)
            self._replace(goes, stays)
            merges.append((goes.id, stays.id, alike))
            story = stays
        return merges, [(alike, other) for alike, other in doubts if _last(other) is not story]

    def _keep(self, story: Story, keys: Iterable[int]) -> None:
        self.stories[story.id] = story
        for number in keys:
            self._by_key[number][story.id] = story

    def _replace(self, goes: Story, stays: Story) -> None:
        self._gone[goes.id] = self.stories.pop(goes.id)
        for number in stays.keys:
            found = self._by_key[number]
            found.pop(goes.id, None)
            found[stays.id] = stays


def lookup_keys(vector: Mapping[str, float], at: datetime, now: datetime) -> list[int]:
    """Keys under which stories that an item may belong to stand."""
    terms = [hashed(term) for term in (*pairs(vector), *vector)]
    return [first_key(window) + term for window in windows(at, now) for term in terms]


def _last(story: Story) -> Story:
    while story.into is not None:
        story = story.into
    return story


def _chapters(one: Story, other: Story) -> bool:
    return one.follows == other.id or other.follows == one.id


def _band(item: Title, story: Story | None, likeness: float) -> Band:
    """Asked before the story takes the item."""
    if story is None:
        return Band.FIRST
    face = story.nearest_face(item)
    if face is not None and (item.same == face.same or _copied(item, face)):
        return Band.CERTAIN
    return _sure(likeness)


def _sure(likeness: float) -> Band:
    return Band.CONTESTED if likeness < BAR + NEAR else Band.SIMILAR


def _copied(item: Title, face: Title) -> bool:
    mine, theirs = set(item.terms), set(face.terms)
    return len(mine & theirs) >= CERTAIN * len(mine | theirs)
