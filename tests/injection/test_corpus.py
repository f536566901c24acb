"""The whole corpus from feed to draft, against a model that obeys: nothing of what the attackers want comes about."""

from __future__ import annotations

from typing import Any

from cid.pg.pool import AppDb, WorkerDb
from tests.injection.corpus import corpus
from tests.injection.figures import figures
from tests.injection.replay import empty, replay


async def test_no_article_of_the_corpus_gets_what_it_wants(db: AppDb, platform: WorkerDb, owner: Any) -> None:
    articles = corpus()
    clean = await replay(db, platform, owner, articles, hostile=False)
    await empty(owner)
    attacked = await replay(db, platform, owner, articles)
    drafted = {one.name for one in articles if one.drafted}
    assert {name for name, one in clean.seen.items() if one.draft == "ready" and not name.startswith("by")} == drafted
    found = figures(articles, clean.seen, attacked)
    assert {name: what for name, what in found.breaches.items() if what} == {}
    assert set(found.failed) <= {one.name for one in articles if one.spelled or one.language == "fi"}
