"""What a picture is, by its bytes; and that nothing goes along that a camera wrote beside it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cid.text.pictures import LARGEST_SIDE, NoPicture, facts_of, read_picture
from tests.pictures import jpeg, png, webp

SECRET = b"53.55N 9.99E Ada's phone"


@pytest.mark.parametrize(
    ("make", "mime"), [(jpeg, "image/jpeg"), (png, "image/png"), (webp, "image/webp")], ids=["jpeg", "png", "webp"]
)
def test_kind_and_size_are_read_and_what_stood_beside_it_goes(make: Callable[..., bytes], mime: str) -> None:
    facts = facts_of(make(640, 480, secret=SECRET))
    assert (facts.mime, facts.width, facts.height) == (mime, 640, 480)
    assert SECRET not in facts.body
    again = facts_of(facts.body)
    assert again == facts, "what is kept is the same picture"


def test_which_side_is_up_stays() -> None:
    facts = facts_of(jpeg(640, 480, turned=6, secret=SECRET))
    assert (facts.width, facts.height) == (480, 640)
    assert SECRET not in facts.body
    assert facts_of(facts.body) == facts


def test_what_follows_the_image_goes() -> None:
    assert facts_of(jpeg(rest=jpeg(secret=SECRET))).body == facts_of(jpeg()).body
    assert facts_of(png() + SECRET).body == facts_of(png()).body
    assert facts_of(webp() + SECRET).body == facts_of(webp()).body


@pytest.mark.parametrize(
    "body",
    [b"", b"GIF89a", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"%PDF-1.7"],
)
def test_what_is_no_picture_is_refused(body: bytes) -> None:
    assert "error" in read_picture({"body": b64encode(body).decode()})


@pytest.mark.parametrize("make", [jpeg, png, webp])
def test_pictures_too_large_to_be_shown_are_refused(make: Callable[..., bytes]) -> None:
    for sides in ((LARGEST_SIDE + 1, 10), (9000, 9000)):
        with pytest.raises(NoPicture):
            facts_of(make(*sides))


def test_moving_pictures_are_refused() -> None:
    with pytest.raises(NoPicture, match="Moving"):
        facts_of(webp(moving=True))


@given(st.sampled_from([jpeg(), png(), webp()]), st.data())
def test_damage_is_an_answer_and_never_a_defect(body: bytes, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(body)))
    at = data.draw(st.integers(0, len(body) - 1))
    damaged = body[:at] + bytes([data.draw(st.integers(0, 255))]) + body[at + 1 :]
    for one in (body[:cut], damaged):
        assert {"error"} <= set(said := read_picture({"body": b64encode(one).decode()})) or said["width"] > 0
