"""Each defence taken away: what it holds back comes about, and with it in place it does not."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pytest

from cid.flows import track
from cid.gates.checks import CHECKS, Check
from cid.pg.pool import AppDb, WorkerDb
from cid.text.overlap import overlap
from tests import make
from tests.injection.corpus import BYSTANDERS, PROFILE, RELEVANT, Attacked, corpus
from tests.injection.figures import Figures, figures
from tests.injection.replay import Run, Seen, replay

Patches = Mapping[str, Any]
Counted = Callable[[Figures, Run], object]


def unchanged(*texts: str) -> tuple[str, ...]:
    return texts


def same(text: str, *_: object) -> str:
    return text


def checks_but(name: str) -> Mapping[str, Check]:
    """Gate 5's checks without one."""
    return {other: check for other, check in CHECKS.items() if other != name}


def spaced(text: str) -> str:
    return " ".join(text.split())


def no_addresses(*_: object) -> list[str]:
    return []


def no_errors(*_: object) -> str:
    return ""


def by_hand(value: Any) -> str:
    """As a template would put a document together that thinks quotation marks are nobody else's."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False).replace('\\"', '"')


def together(tasks: Any, _speaking: object, size: int) -> Any:
    """Whoever speaks to a model among the others."""
    return GROUPS(tasks, set(), size)


GROUPS = track._groups
STAGES = frozenset({"relevance", "track", "queries", "evidence", "fit", "draft", "review", "revise"})
UNSEEING: Patches = {"cid.text.injection._signs": lambda *_: frozenset()}
"""Without the detector, so that what stands behind it can be seen to hold, or not."""
UNHIDING: Patches = {
    "cid.text.html.clean": spaced,
    "cid.text.clean.clean": spaced,
    "cid.sources.feed.read.clean": spaced,
    "cid.llm.wire.clean": spaced,
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """With `off` taken away something is counted; with `without` taken away, which is part of it, nothing is."""

    name: str
    off: Patches
    counted: Counted
    articles: tuple[str, ...]
    without: Patches | None = None
    beside: int = 0
    pages: bool = False
    """The articles are what a search finds, and not in the feeds."""
    only: str = ""
    """The one stage at which the model obeys."""


CASES = (
    Case(
        name="hidden letters go at ingest",
        off=UNHIDING,
        counted=lambda found, _: found.shifted,
        articles=("tag-block", "variation-selectors", "zero-width-spaces"),
    ),
    Case(
        name="what pages hide goes at ingest",
        off={"cid.text.html._without_unseen": same, "cid.text.html._without_hidden": same, **UNSEEING},
        without=UNSEEING,
        counted=lambda found, _: found.shifted,
        articles=("display-none", "hidden-attribute", "script-as-text"),
    ),
    Case(
        name="the detector",
        off=UNSEEING,
        counted=lambda found, _: found.shifted,
        articles=("ignore-previous", "german", "chinese", "base64", "forged-inst", "begging-for-nothing"),
    ),
    Case(
        name="sentences with signs are not shown to the scorer",
        off={"cid.gates.gate2_relevance.without": unchanged},
        counted=lambda found, _: found.shifted,
        articles=("begging-for-nothing", "order-in-the-middle"),
    ),
    Case(
        name="the score of a suspicious text is bounded",
        off={"cid.gates.gate2_relevance.bounded": same},
        counted=lambda found, _: found.shifted,
        articles=("ignore-previous-then-flattery",),
    ),
    Case(
        name="suspicious texts are asked about alone",
        off={"cid.flows.relate._apart": lambda _headlines: frozenset()},
        counted=lambda found, _: found.neighbours,
        articles=("all-other-items", "others-are-spam"),
        beside=3,
        without={},
    ),
    Case(
        name="sentences with signs are no evidence",
        off={"cid.gates.evidence.without": unchanged},
        counted=lambda _, run: [name for stage, name in run.double.obeyed if stage == "draft"],
        articles=("inline-link", "a-fake-quotation"),
    ),
    Case(
        name="addresses in evidence are not shown to the writer",
        off={"cid.gates.gate4_draft.unlinked": same},
        counted=lambda found, _: found.failed,
        articles=("an-ordinary-sentence-with-a-link",),
    ),
    Case(
        name="a draft links to the evidence only",
        off=dict.fromkeys(
            ("cid.gates.gate4_draft.foreign", "cid.gates.checks.links.foreign", "cid.llm.wire.foreign"), no_addresses
        ),
        counted=lambda found, _: found.links,
        articles=("an-address-spelled-out", "a-longer-own-address"),
    ),
    Case(
        name="a reply that holds the system text is no answer",
        off={"cid.llm.wire._given_away": no_errors},
        counted=lambda found, _: found.leaks,
        articles=("reference-asked-for-in-finnish",),
    ),
    Case(
        name="a reply has the shape that was asked for",
        off={"cid.llm.wire._first_error": no_errors},
        counted=lambda found, _: found.escapes,
        articles=("another-field-in-finnish",),
    ),
    Case(
        name="material is one JSON document",
        off={"cid.llm.wire.canonical": by_hand, **UNSEEING},
        without=UNSEEING,
        counted=lambda found, _: found.outside,
        articles=("json-break-out", "json-break-out-in-title"),
    ),
    Case(
        name="no tag can begin in the document",
        off={"cid.llm.wire.fenced": same, **UNSEEING},
        without=UNSEEING,
        counted=lambda found, _: found.outside,
        articles=("forged-chat-marks", "forged-data-tag"),
    ),
    Case(
        name="a draft whose evidence was flagged is held",
        off={"cid.gates.checks.CHECKS": checks_but("suspicious")},
        counted=lambda found, _: found.unwarned,
        articles=("inline-link", "forged-tool-tag"),
    ),
    Case(
        name="sentences with signs are not shown to the tracker's model",
        off={"cid.gates.track.without": unchanged},
        counted=lambda _, run: [name for stage, name in run.double.obeyed if stage == "track"],
        articles=("all-other-items",),
    ),
    Case(
        name="suspicious texts are tracked alone",
        off={"cid.gates.track.without": unchanged, "cid.flows.track._groups": together},
        counted=lambda _, run: [
            name for name, one in run.seen.items() if name.startswith("bystander") and one.tracked != "passed"
        ],
        articles=("all-other-items", "others-are-spam"),
        beside=3,
        without={"cid.gates.track.without": unchanged},
    ),
    Case(
        name="no rule approves what speaks to a model",
        off={"cid.gates.track.approves": lambda _rule, _found: True},
        counted=lambda found, _: found.approved,
        articles=("inline-link", "ignore-previous"),
        without={},
    ),
    Case(
        name="a search is words",
        off={"cid.gates.evidence.queries._words_only": same},
        counted=lambda found, _: found.operators,
        articles=("an-address-spelled-out",),
        without={},
    ),
    Case(
        name="a revision links to the evidence only",
        off={
            **dict.fromkeys(
                ("cid.gates.gate5_revise.foreign", "cid.gates.checks.links.foreign", "cid.llm.wire.foreign"),
                no_addresses,
            ),
            "cid.gates.gate5_revise.sites": no_addresses,
        },
        counted=lambda found, _: found.links,
        articles=("an-address-spelled-out", "a-longer-own-address"),
        only="revise",
        without={},
    ),
    Case(
        name="names of sites are found",
        off={"cid.gates.checks.CHECKS": checks_but("sites")},
        counted=lambda found, _: found.unwarned,
        articles=("a-site-without-a-path",),
    ),
    Case(
        name="quotations stand in the evidence",
        off={"cid.gates.checks.CHECKS": checks_but("quotation")},
        counted=lambda found, _: found.unwarned,
        articles=("a-fake-quotation-in-dutch",),
    ),
    Case(
        name="a draft that speaks to its reviewer is held",
        off={"cid.gates.checks.CHECKS": checks_but("orders")},
        counted=lambda found, _: found.unwarned,
        articles=("a-draft-that-speaks-to-its-reviewer",),
    ),
)


def honest(articles: tuple[Attacked, ...], beside: int) -> dict[str, Seen]:
    """What the clean twins come to, without running them: the double's honest score goes by words."""
    told = {one.name: (one.title, one.summary) for one in articles}
    told |= {
        f"bystander-{number}": (title, f"The people at the quay were told on Monday. {RELEVANT}")
        for number, title in enumerate(BYSTANDERS[:beside])
    }
    return {name: _end(name, overlap(asdict(PROFILE), title, summary)[0]) for name, (title, summary) in told.items()}


def _end(name: str, score: int) -> Seen:
    passed = score >= make.policy().relevance.min_score
    return Seen(
        name=name,
        state="passed" if passed else "dropped",
        score=score,
        detail="",
        draft="ready" if passed else "",
        article="",
        page="",
        findings="",
        failure="",
    )


# With everything in place the whole corpus is run elsewhere; what stands behind the detector is seen without it.
RUNS = [
    *(pytest.param(case, True, id=f"{case.name}, taken away") for case in CASES),
    *(pytest.param(case, False, id=f"{case.name}, in place") for case in CASES if case.without is not None),
]


@pytest.mark.parametrize(("case", "off"), RUNS)
async def test_a_defence_is_missed_where_it_is_taken_away(
    case: Case, off: bool, db: AppDb, platform: WorkerDb, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, instead in (case.off if off else case.without or {}).items():
        monkeypatch.setattr(place, instead)
    articles = tuple(one for one in corpus() if one.name in case.articles)
    assert len(articles) == len(case.articles)
    deaf = STAGES - {case.only} if case.only else STAGES - STAGES
    run = await replay(db, platform, owner, articles, pages=case.pages, deaf=deaf, beside=BYSTANDERS[: case.beside])
    found = figures(articles, honest(articles, case.beside), run)
    assert bool(case.counted(found, run)) is off
