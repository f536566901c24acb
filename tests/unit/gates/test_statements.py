"""Which sentence of the evidence a sentence of a draft is set beside, and what is missing there."""

from __future__ import annotations

from dataclasses import replace

from cid.domain.archive import Archive
from cid.domain.evidence import Claim, Pack
from cid.domain.ground import Statement, Support
from cid.gates.checks.material import Material
from cid.gates.checks.statements import statements
from tests import make
from tests.checks_corpus.corpus import drafts

POST = Claim(
    text="Tarnwater will raise the tariff by 9 percent in June.",
    item_id="",
    url="https://post.example/tariff",
    title="Tariff to rise",
    publisher="Tarn Evening Post",
)
WIRE = replace(
    POST, text="Workshops pay 14 percent more.", url="https://wire.example/tariff", publisher="Workshop Wire"
)


def found(body: str) -> list[Statement]:
    clean, policy = drafts()[0], make.policy()
    article = replace(clean.article, title="", description="", body=body, questions=())
    return list(
        statements(
            Material(
                article=article,
                pack=Pack(claims=(POST, WIRE)),
                reports=(),
                drafting=policy.drafting,
                checks=policy.checks,
                profile=clean.profile,
                archive=Archive(),
            )
        )[0]
    )


def test_who_said_it_in_brackets_is_no_sentence_and_no_missing_name() -> None:
    made = found(
        "Tarnwater will raise the tariff by 9 percent in June. (Tarn Evening Post) Workshops pay 14 percent more. "
        "(Workshop Wire)"
    )
    assert [(one.text, one.support) for one in made] == [
        ("Tarnwater will raise the tariff by 9 percent in June.", Support.SUPPORTED),
        ("Workshops pay 14 percent more.", Support.SUPPORTED),
    ]


def test_a_sentence_may_name_the_publisher_of_what_it_rests_on() -> None:
    (made,) = found("Workshops pay 14 percent more, says Workshop Wire.")
    assert made.support is Support.SUPPORTED


def test_a_publisher_who_did_not_say_it_is_still_missing() -> None:
    (made,) = found("Workshops pay 14 percent more, says Tarn Evening Post.")
    assert made.support is not Support.SUPPORTED
    assert made.missing == ("Tarn Evening Post",)
