"""Untrusted text made fit to store, compare and show: no controls, nothing invisible, nothing that Postgres refuses."""

from __future__ import annotations

import re
import unicodedata

TITLE_LIMIT = 300
SUMMARY_LIMIT = 2000

_SPACES = re.compile(r"\s+")
# What no reader sees. Soft hyphen; Mongolian vowel separator; zero-width space; direction marks, embeddings, overrides
# and isolates; word joiner and invisible operators; byte order mark; interlinear annotation; noncharacters; the tag
# block and the supplementary variation selectors, which carry hidden messages; halves of surrogate pairs; and what is
# blank by its shape alone: grapheme joiner, Hangul fillers, Khmer inherent vowels, empty Braille cell, controls of
# shorthand and music.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufeff"
    "\uffa0\ufff9-\ufffb\ufdd0-\ufdef\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "\ud800-\udfff]"
)
# A selector chooses how the sign before it looks, which letters have no choice of; a row of them spells a message.
_STRAY_SELECTOR = re.compile("[\ufe00-\ufe0f]{2,}|(?<![^\x00-\u024f])[\ufe00-\ufe0d]|(?<![^A-Za-z\\s])[\ufe0e\ufe0f]")
_SHOWN = re.compile(r"[^ \t]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
# Joiners spell words in Persian and the scripts of India, and hold emoji together; elsewhere they only hide.
_STRAY_JOINER = re.compile(
    "(?<![\u0600-\U0010ffff])[\u200c\u200d]+|[\u200c\u200d]+(?![\u0600-\U0010ffff])|\u200c{2,}|\u200d{2,}"
)
_MARKS = re.compile(r"([\u0300-\u036f]{4})[\u0300-\u036f]+")


def clean(text: str) -> str:
    """Canonically composed (NFC), single-spaced, without anything invisible. Cleaning twice changes nothing.

    Not NFKC: that rewrites what the publisher chose (½, ™, full-width forms); comparison folds for itself.
    """
    if text.isascii():
        return _SPACES.sub(" ", _CONTROLS.sub("", text)).strip()
    before = None
    while text != before:  # a removal may bring together what then composes or stands stray
        before = text
        text = _CONTROLS.sub("", _INVISIBLE.sub("", text))
        text = _MARKS.sub(r"\1", _STRAY_SELECTOR.sub("", _STRAY_JOINER.sub("", text)))
        text = _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()
    return text


def unhidden(text: str) -> str:
    """`text` with its lines and spaces as they are, and without anything invisible in it."""
    return "" if not text else "\n".join(_SHOWN.sub(lambda run: clean(run[0]), part) for part in text.split("\n"))


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, cut at a word where one ends in the last fifth, with an ellipsis for what is gone."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    space = head.rfind(" ", limit - limit // 5)
    # a mark or joiner must not be left behind without what it belonged to
    return (head[:space] if space > 0 else head).rstrip(" ,;:-\u200c\u200d") + "…"


def line(text: str, limit: int) -> str:
    """Clean and short."""
    return shorten(clean(text), limit)
