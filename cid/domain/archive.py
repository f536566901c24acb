"""What is kept of a text so that later ones can be held against it."""

from __future__ import annotations

from dataclasses import dataclass

from cid.domain.ids import DraftId


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Of one version: enough to know it again, not enough to read it."""

    title: str
    headings: tuple[int, ...]
    """A hash each, in order."""
    sentences: tuple[int, ...]
    """A hash of each longer sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """An earlier text of the same tenant."""

    draft_id: DraftId
    title: str
    headings: tuple[int, ...]
    sentences: tuple[int, ...]
    of_story: bool = False
    """Of the same story, of what it follows or of what follows it: an update may look like it, but not copy it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """The tenant's latest posts, newest first."""

    posts: tuple[Post, ...] = ()
