"""Language tags are kept where they are some, and nothing is made up."""

from __future__ import annotations

import pytest

from cid.text.languages import tag


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("en", "en"),
        (" EN-us ", "en-us"),
        ("pt_BR", "pt-br"),
        ("zh-Hant-TW", "zh-hant-tw"),
        ("", ""),
        ("english", ""),
        ("elevenchars", ""),
        ("e", ""),
        ("de;q=0.9", ""),
        ("en-" + "abcdefgh-" * 4 + "x", ""),
        ("en\0", ""),
        ("ру", ""),
    ],
)
def test_a_language_is_a_tag_or_nothing(text: str, expected: str) -> None:
    assert tag(text) == expected
