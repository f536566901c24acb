"""Pictures that a library offers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """One that was found, before anybody chose it."""

    provider: str
    external_id: str
    url: str
    """Of the picture, at a size for a page."""
    thumbnail: str
    page_url: str
    width: int
    height: int
    author: str
    author_url: str
    alt: str
