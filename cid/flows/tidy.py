"""Housekeeping: tables for the days ahead, and what has been kept long enough."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from cid.domain.jobs import Job
from cid.queue import jobs as queue
from cid.queue import limits, periodic
from cid.services import Services
from cid.store import contests, found_pages, interest, photos, run_figures, stories, texts, tokens
from cid.store import tidy as store
from cid.text.stories.keys import bucket, first_key

log = structlog.get_logger("tidy")

TEXTS = 20_000
"""Of articles or mails, let go at once: what is more waits an hour."""


async def tidy(sv: Services, jobs: Sequence[Job]) -> None:
    """In transactions of their own: dropping a day waits for whoever reads it, and nothing else should wait with it."""
    keep = sv.retention
    async with sv.platform.tx() as tx:
        made = await store.make_partitions(tx)
    async with sv.platform.tx() as tx:
        dropped = await store.drop_old_history(tx, keep.jobs_done)
    async with sv.platform.tx() as tx:
        await store.forget_sessions(tx, keep.sessions)
        await store.forget_once_links(tx, keep.once_links)
        await store.forget_mail(tx, keep.mail_texts, keep.digest_days, limit=TEXTS)
        await store.forget_workers(tx, keep.workers)
        await store.forget_proposals(tx, keep.proposals)
        await periodic.forget(tx, keep.periodic_slots)
        await limits.forget(tx)
        await contests.forget(tx, keep.contests)
        await interest.forget(tx)
        await run_figures.forget(tx)
        await tokens.forget(tx, keep.api_answers)
        await photos.forget(tx, keep.photo_searches)
        await found_pages.forget(tx, keep.evidence_pages, limit=TEXTS)
        await texts.forget(tx, keep.article_texts, limit=TEXTS)
        # Two windows back nothing is looked up any more.
        await stories.forget(tx, first_key(bucket(sv.clock.now()) - 2))
        await queue.done(tx, *jobs)
    log.info("tidied", partitions_made=made, days_dropped=dropped)
