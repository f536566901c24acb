"""Readers are told how a text came to be, in its language and in the mode of its channel."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from cid.domain.draft import Article, Reference
from cid.domain.ids import ChannelId, TenantId
from cid.domain.publication import Channel, ChannelKind, Disclosure
from cid.render.disclosure import FILE, disclosure, load, phrases

ARTICLE = Article(title="T", slug="t", description="", body="B", references=(Reference(title="P", url="https://p.t"),))
MARKS: dict[str, Any] = {
    "language": "en",
    "sample": False,
    "offline": False,
    "provider": "p/m",
    "site_name": "Acme",
    "mode": Disclosure.DISCLOSE,
    "responsible": "Ada Lind",
}
CHANNEL = Channel(
    tenant_id=TenantId(UUID(int=1)),
    id=ChannelId(UUID(int=2)),
    kind=ChannelKind.SITE,
    name="Site",
    base_url="https://a.test",
    canonical=True,
    active=True,
)


def told(**marks: Any) -> str:
    return " ".join(disclosure(ARTICLE, MARKS | marks))


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "drafted by a language model (p/m)"),
        ("de-AT", "ein Sprachmodell (p/m)"),
        ("FR", "un modèle de langage (p/m)"),
        ("es", "un modelo de lenguaje (p/m)"),
        ("xx", "drafted by a language model (p/m)"),
    ],
)
def test_it_is_said_in_the_language_of_the_text_or_in_english(language: str, said: str) -> None:
    assert said in told(language=language)
    assert "Ada Lind" not in told(language=language)


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_who_holds_editorial_responsibility_is_named_instead(language: str) -> None:
    whole = told(language=language, mode="editorial-responsibility")
    assert "Ada Lind" in whole
    assert "p/m" not in whole


def test_responsibility_that_nobody_holds_discloses() -> None:
    assert "language model" in told(mode="editorial-responsibility", responsible="")


def test_made_up_news_say_so_in_either_mode() -> None:
    for mode in Disclosure:
        assert phrases("en")["sample_note"] in told(mode=mode, sample=True)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("[de]\n", "[en] is missing"),
        (FILE.read_text() + "[it]\nmodel = 'x'\n", "[it] lacks"),
        (FILE.read_text().replace("({model}) auf", "auf"), "[de] model fills in ['basis']"),
        (FILE.read_text().replace("({model}) auf", "({nobody}) auf"), "[de] model fills in ['basis', 'nobody']"),
    ],
)
def test_a_file_that_lacks_something_is_refused_with_its_place(tmp_path: Path, text: str, wrong: str) -> None:
    path = tmp_path / "disclosure.toml"
    path.write_text(text)
    with pytest.raises(ValueError) as told:
        load(path)
    assert wrong in str(told.value)


def test_settings_that_change_the_bytes_change_their_mark_and_others_do_not() -> None:
    changed = [
        replace(CHANNEL, config={"status": "draft"}),
        replace(CHANNEL, base_url="https://b.test"),
        replace(CHANNEL, disclosure=Disclosure.RESPONSIBILITY, responsible="Ada"),
        replace(CHANNEL, disclosure=Disclosure.RESPONSIBILITY, responsible="Bo"),
    ]
    assert len({channel.settings for channel in [CHANNEL, *changed]}) == 5
    for other in (replace(CHANNEL, responsible="Ada"), replace(CHANNEL, name="Blog"), replace(CHANNEL, sealed="x")):
        assert other.settings == CHANNEL.settings
