"""What comes back is what was signed, or nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cid.domain.ids import DraftId, TenantId, UserId
from cid.outside.keys import Keys
from cid.text import review_tokens, signing
from cid.text.review_tokens import PURPOSE, ReviewToken

KEYS = Keys(b"n" * 32, b"o" * 32).derive_all(PURPOSE)
TOKEN = ReviewToken(
    id=UUID(int=1),
    tenant=TenantId(UUID(int=2)),
    draft=DraftId(UUID(int=3)),
    sha256="ab" * 32,
    user=UserId(UUID(int=4)),
    expires=datetime(2026, 5, 1, tzinfo=UTC),
)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ "
WHOLE = review_tokens.write(KEYS, TOKEN)


def test_what_was_signed_is_read() -> None:
    assert review_tokens.read(KEYS, WHOLE) == TOKEN


def test_no_single_character_can_be_changed_taken_out_or_put_in() -> None:
    for at, was in enumerate(WHOLE):
        assert all(signing.opened(KEYS, WHOLE[:at] + c + WHOLE[at + 1 :]) is None for c in ALPHABET if c != was), at
        assert signing.opened(KEYS, WHOLE[:at] + WHOLE[at + 1 :]) is None
        assert signing.opened(KEYS, WHOLE[:at] + "A" + WHOLE[at:]) is None


def test_no_beginning_of_it_counts() -> None:
    assert all(signing.opened(KEYS, WHOLE[:length]) is None for length in range(len(WHOLE)))


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=600))
def test_any_other_text_is_nothing(text: str) -> None:
    assert signing.opened(KEYS, text) is None
    assert signing.opened(KEYS, WHOLE + text) is None or text == ""
    assert review_tokens.read(KEYS, text) is None


@pytest.mark.parametrize("text", ["a" * 1_000_000, f"{WHOLE}ä", "..", "", "\0", "\ud800.a.b", ".".join("ab\ud800")])
def test_hostile_texts_are_nothing(text: str) -> None:
    assert signing.opened(KEYS, text) is None


def test_an_older_key_is_still_believed_and_never_signs() -> None:
    old, rotated = Keys(b"o" * 32).derive_all(PURPOSE), Keys(b"n" * 32, b"o" * 32).derive_all(PURPOSE)
    mailed_before = review_tokens.write(old, TOKEN)
    assert review_tokens.read(rotated, mailed_before) == TOKEN
    assert review_tokens.write(rotated, TOKEN).split(".")[0] == review_tokens.write(rotated[:1], TOKEN).split(".")[0]
    assert review_tokens.read(rotated[:1], mailed_before) is None


def test_a_key_of_another_purpose_opens_nothing() -> None:
    assert signing.opened(Keys(b"n" * 32).derive_all("link:other"), WHOLE) is None


def test_what_is_signed_but_is_no_link_is_nothing() -> None:
    assert review_tokens.read(KEYS, signing.sign(KEYS, {"v": 2})) is None
