"""Housekeeping statements, all in platform transactions."""

from __future__ import annotations

from datetime import timedelta

from cid.pg.sql import query
from cid.ports import Tx

MAKE_PARTITIONS = query("tidy.make_partitions")
DROP_OLD_HISTORY = query("tidy.drop_old_history")
SESSIONS = query("tidy.sessions")
ONCE_LINKS = query("tidy.once_links")
WORKERS = query("tidy.workers")
MAIL_TEXTS = query("tidy.mail_texts")
DIGEST_DAYS = query("tidy.digest_days")
PROPOSALS = query("tidy.proposals")
SEARCHES = query("tidy.searches")


async def make_partitions(tx: Tx) -> int:
    """Tables for the months and days ahead; answers how many were made."""
    return int(await tx.fetchval(MAKE_PARTITIONS))


async def drop_old_history(tx: Tx, keep: timedelta) -> int:
    """Whole days of finished jobs; answers how many days went."""
    return int(await tx.fetchval(DROP_OLD_HISTORY, keep))


async def forget_sessions(tx: Tx, keep: timedelta) -> None:
    await tx.execute(SESSIONS, keep)


async def forget_once_links(tx: Tx, keep: timedelta) -> None:
    await tx.execute(ONCE_LINKS, keep)


async def forget_mail(tx: Tx, texts: timedelta, days: timedelta, *, limit: int) -> None:
    """What mails said, and whose digests were decided on."""
    await tx.execute(MAIL_TEXTS, texts, limit)
    await tx.execute(DIGEST_DAYS, days, limit)


async def forget_workers(tx: Tx, keep: timedelta) -> None:
    await tx.execute(WORKERS, keep)


async def forget_proposals(tx: Tx, keep: timedelta) -> None:
    await tx.execute(PROPOSALS, keep)
    await tx.execute(SEARCHES, keep)
