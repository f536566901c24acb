"""Pasted lists of addresses."""

from __future__ import annotations

import pytest

from cid.domain.errors import Refused
from cid.text.lists import LINES, addresses


def test_empty_lines_and_remarks_are_passed_over() -> None:
    assert addresses("\ufeffhttps://a.test/\r\n\n  # mine\n b.test/feed \n#") == ["https://a.test/", "b.test/feed"]


def test_a_list_that_is_too_long_is_refused_whole() -> None:
    assert len(addresses("\n".join(f"a{n}.test" for n in range(LINES)))) == LINES
    with pytest.raises(Refused, match="1001"):
        addresses("\n".join(f"a{n}.test" for n in range(LINES + 1)))
