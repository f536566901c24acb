"""Pictures that a library offers, and those that a tenant keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cid.domain.ids import ImageId

MOST_BYTES = 4_000_000
ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}
OWN = "own"
"""The provider of a picture that a person brought."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One that a tenant keeps, without its bytes."""

    id: ImageId
    sha256: bytes
    mime: str
    width: int
    height: int
    provider: str
    external_id: str
    page_url: str
    author: str
    author_url: str
    alt: str
    made_at: datetime
