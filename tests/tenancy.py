"""One row of one tenant in every table that has a tenant: what the tests of row security and of deletion look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from cid.domain.ids import TenantId, uuid7

TABLES_WITH_TENANT = """
  select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
  where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace order by 1
"""


@dataclass(frozen=True, kw_only=True)
class Filled:
    tenant: TenantId
    slug: str
    user: UUID
    public_item: UUID
    private_item: UUID
    private_source: UUID


def _id() -> UUID:
    return uuid7(datetime.now(UTC))


async def fill(owner: Any, slug: str) -> Filled:
    """As the owner, who sees and may do everything."""
    t = _id()
    await owner.execute("insert into tenants (id, slug, name) values ($1, $2, $2)", t, slug)
    user = _id()
    await owner.execute("insert into users (id, email) values ($1, $2)", user, f"ed@{slug}.test")
    await owner.execute("insert into profiles (tenant_id) values ($1)", t)
    await owner.execute(
        "insert into policies (tenant_id, section, name, value) values ($1, 'rules', 'min_chars', '80')", t
    )
    await owner.execute(
        "insert into gate_configs (tenant_id, hash, gate, body) values ($1, '12345678', 'rules', '{}')", t
    )
    await owner.execute("insert into members (tenant_id, user_id, role) values ($1, $2, 'owner')", t, user)
    public_item, private_item, private_source, story = await _news(owner, t, slug)
    await _desk(owner, t, user, story, public_item)
    await owner.execute("insert into pauses (kind, tenant_id) values ('draft', $1)", t)
    await owner.execute("insert into budgets (tenant_id, period, starts) values ($1, 'day', current_date)", t)
    await owner.execute("insert into model_terms (tenant_id) values ($1)", t)
    await owner.execute(
        """insert into calls (id, tenant_id, stage, tier, provider, model, prompt, prompt_version, prompt_hash,
             input_hash, reserved, deadline)
           values ($1, $2, 'relevance', 'cheap', 'p', 'm', 'n', 'v1', '', '', 0.01, cid_now())""",
        _id(),
        t,
    )
    await owner.execute(
        """insert into call_subjects (tenant_id, stage, subject, input_hash, call_id, provider, answer)
           values ($1, 'relevance', 's', '', $2, 'p', '{}')""",
        t,
        _id(),
    )
    trial = _id()
    await owner.execute(
        "insert into trials (tenant_id, id, prompt, version, last) values ($1, $2, 'relevance', 'v1', 5)", t, trial
    )
    await owner.execute(
        "insert into trial_subjects (tenant_id, trial_id, call_id, id, subject) values ($1, $2, $3, 'a1', 's')",
        t,
        trial,
        _id(),
    )
    await owner.execute(
        """insert into batches (id, tenant_id, provider, model, planned_at, due_at)
           values ($1, $2, 'p', 'm', cid_now(), cid_now())""",
        _id(),
        t,
    )
    await _letters_and_programs(owner, t, user)
    await _analysis(owner, t, user)
    await owner.execute("insert into audit (id, tenant_id, action) values ($1, $2, 'test.filled')", _id(), t)
    await owner.execute("insert into jobs (tenant_id, kind) values ($1, 'draft')", t)
    await owner.execute(
        """insert into jobs_done (id, tenant_id, kind, outcome, attempt, payload, created_at, run_at)
           values (1, $1, 'draft', 'done', 1, '{}', cid_now(), cid_now())""",
        t,
    )
    await owner.execute(
        """insert into jobs_dead (id, tenant_id, kind, attempt, payload, error, created_at)
           select coalesce(max(id), 0) + 1, $1, 'draft', 5, '{}', 'boom', cid_now() from jobs_dead""",
        t,
    )
    return Filled(
        tenant=TenantId(t),
        slug=slug,
        user=user,
        public_item=public_item,
        private_item=private_item,
        private_source=private_source,
    )


async def _letters_and_programs(owner: Any, t: UUID, user: UUID) -> None:
    await owner.execute(
        """insert into readings (tenant_id, user_id, version_id, typed, typed_at)
           select tenant_id, $2, id, '{"title": "T"}', now() from versions where tenant_id = $1 limit 1""",
        t,
        user,
    )
    await owner.execute(
        """insert into images (tenant_id, id, sha256, mime, width, height, bytes, provider)
           values ($1, $2, sha256('x'), 'image/png', 1, 1, 'x', 'own')""",
        t,
        _id(),
    )
    await owner.execute(
        """insert into mails (id, tenant_id, kind, key, user_id, address, subject)
           values ($1, $2, 'digest', 'k', $3, 'ed@x.test', 'S')""",
        _id(),
        t,
        user,
    )
    await owner.execute("insert into mail_wishes (tenant_id, user_id) values ($1, $2)", t, user)
    await owner.execute(
        "insert into digest_days (tenant_id, user_id, day, outcome) values ($1, $2, current_date, 'empty')", t, user
    )
    await owner.execute(
        "insert into calendar_feeds (tenant_id, user_id, hash) values ($1, $2, sha256($3::text::bytea))",
        t,
        user,
        f"{t}{user}",
    )
    token = _id()
    await owner.execute(
        """insert into api_tokens (tenant_id, id, user_id, name, hash, scopes)
           values ($1, $2, $3, 'n', sha256($4::text::bytea), '{drafts:read}')""",
        t,
        token,
        user,
        str(token),
    )
    await owner.execute(
        "insert into api_answers (tenant_id, token_id, key, request) values ($1, $2, 'k', '')", t, token
    )


async def _news(owner: Any, t: UUID, slug: str) -> tuple[UUID, UUID, UUID, UUID]:
    """A public source and a private one, an item at each, both in one story each."""
    items = []
    for private in (False, True):
        source, item, story = _id(), _id(), _id()
        mine = t if private else None
        await owner.execute(
            "insert into sources (id, tenant_id, kind, url) values ($1, $2, 'rss', $3)",
            source,
            mine,
            f"https://{slug}.test/{private}",
        )
        await owner.execute("insert into stories (id, words) values ($1, '{}')", story)
        await owner.execute(
            """insert into items (id, url, url_hash, title, story_id, public)
               values ($1, $2, sha256($2::text::bytea), 'T', $3, $4)""",
            item,
            f"https://{slug}.test/{private}/item",
            story,
            not private,
        )
        await owner.execute(
            "insert into sightings (id, item_id, source_id, tenant_id) values ($1, $2, $3, $4)",
            _id(),
            item,
            source,
            mine,
        )
        await owner.execute(
            "insert into subscriptions (tenant_id, id, source_id) values ($1, $2, $3)", t, _id(), source
        )
        await owner.execute(
            """insert into proposals (tenant_id, id, source_id, tier, url, entries, kinship)
               values ($1, $2, $3, 'site', 'https://x.test/feed', 1, 'host')""",
            t,
            _id(),
            source,
        )
        await owner.execute("insert into searches (tenant_id, source_id, found) values ($1, $2, 1)", t, source)
        items.append((item, source, story))
    (public_item, _, story), (private_item, private_source, _) = items
    return public_item, private_item, private_source, story


async def _desk(owner: Any, t: UUID, user: UUID, story: UUID, item: UUID) -> None:
    """From the screening to the publication."""
    screening, draft, version, decision, channel = (_id() for _ in range(5))
    await owner.execute(
        "insert into screenings (tenant_id, id, story_id, item_id) values ($1, $2, $3, $4)", t, screening, story, item
    )
    await _tracker(owner, t, user, screening)
    await owner.execute(
        """insert into prefilters (tenant_id, version, state, why, bias, threshold, weights, up, down, labels, decided,
             passes, held, held_passes, sure, saved)
           values ($1, 1, 'learning', '', 0, 0, '{}', '[]', '[]', 0, 0, 0, 0, 0, 0, 0)""",
        t,
    )
    await owner.execute(
        "insert into prefilter_samples (tenant_id, screening_id, version, score, stands_for) values ($1, $2, 1, 0, 20)",
        t,
        screening,
    )
    await owner.execute(
        "insert into plans (tenant_id, day, day_taken, week, week_taken) values ($1, '2026-11-20', 1, '2026-11-16', 1)",
        t,
    )
    await owner.execute(
        "insert into places (tenant_id, screening_id, day, week) values ($1, $2, '2026-11-20', '2026-11-16')",
        t,
        screening,
    )
    await owner.execute(
        """insert into verdicts (id, tenant_id, item_id, story_id, screening_id, gate, outcome, reason)
           values ($1, $2, $3, $4, $5, 'rules', 'pass', 'passed')""",
        _id(),
        t,
        item,
        story,
        screening,
    )
    pack = _id()
    await owner.execute(
        "insert into evidence_packs (tenant_id, id, screening_id, claims) values ($1, $2, $3, '[]')",
        t,
        pack,
        screening,
    )
    await owner.execute(
        "insert into evidence_pages (tenant_id, sha256, pack_id) values ($1, sha256($2::text::bytea), $3)",
        t,
        str(pack),
        pack,
    )
    await owner.execute(
        """insert into fits (tenant_id, screening_id, audience_relevance, business_relevance, actionability, risk_level)
           values ($1, $2, 0.7, 0.5, 0.6, 'low')""",
        t,
        screening,
    )
    await owner.execute("insert into competition (tenant_id, screening_id, followed) values ($1, $2, 1)", t, screening)
    async with owner.transaction():
        await owner.execute(
            """insert into drafts (tenant_id, id, screening_id, story_id, current_version_id, found_at)
               values ($1, $2, $3, $4, $5, cid_now())""",
            t,
            draft,
            screening,
            story,
            version,
        )
        sha = await owner.fetchval(
            """insert into versions (tenant_id, id, draft_id, number, author, article, payloads, sha256, renderer)
               values ($1, $2, $3, 1, 'machine', '{}', '{}', sha256('{}'), 'r1') returning sha256""",
            t,
            version,
            draft,
        )
    await owner.execute(
        """insert into traces (tenant_id, version_id, draft_id, title, headings, sentences)
           values ($1, $2, $3, '', '{}', '{1}')""",
        t,
        version,
        draft,
    )
    await owner.execute(
        """insert into review_links (tenant_id, id, draft_id, version_id, user_id, expires_at)
           values ($1, $2, $3, $4, $5, cid_now())""",
        t,
        _id(),
        draft,
        version,
        user,
    )
    await owner.execute(
        """insert into reviews (tenant_id, id, draft_id, version_id, outcome)
           values ($1, $2, $3, $4, 'ready_for_approval')""",
        t,
        _id(),
        draft,
        version,
    )
    await owner.execute(
        "insert into guardrails (id, tenant_id, text, draft_id) values ($1, $2, 'Say nothing of this.', $3)",
        _id(),
        t,
        draft,
    )
    await owner.execute(
        """insert into decisions (tenant_id, id, draft_id, version_id, sha256, kind, user_id, via)
           values ($1, $2, $3, $4, $5, 'approve', $6, 'page')""",
        t,
        decision,
        draft,
        version,
        sha,
        user,
    )
    await owner.execute(
        "insert into channels (tenant_id, id, kind, name, base_url) values ($1, $2, 'site', 'Site', 'https://x.test')",
        t,
        channel,
    )
    await owner.execute(
        """insert into publications (tenant_id, id, draft_id, channel_id, decision_id, version_id, sha256)
           values ($1, $2, $3, $4, $5, $6, $7)""",
        t,
        _id(),
        draft,
        channel,
        decision,
        version,
        sha,
    )


async def _tracker(owner: Any, t: UUID, user: UUID, screening: UUID) -> None:
    entry = _id()
    await owner.execute("insert into trackers (tenant_id, body) values ($1, '{}')", t)
    await owner.execute(
        """insert into entries (tenant_id, id, screening_id, story_id, item_id, category, regions, title, summary, url,
             score, provider)
           select $1, $2, s.id, s.story_id, s.item_id, 'C', '{R}', 'T', 'S', 'https://x.test', 1, 'p'
           from screenings s where s.tenant_id = $1 and s.id = $3""",
        t,
        entry,
        screening,
    )
    await owner.execute(
        """insert into entry_decisions (tenant_id, id, entry_id, kind, user_id, via)
           values ($1, $2, $3, 'hide', $4, 'cli')""",
        t,
        _id(),
        entry,
        user,
    )
    await owner.execute(
        "insert into track_faults (tenant_id, id, screening_id, kind) values ($1, $2, $3, 'outage')",
        t,
        _id(),
        screening,
    )


async def _analysis(owner: Any, t: UUID, user: UUID) -> None:
    batch, monitor, run, match = _id(), _id(), _id(), _id()
    await owner.execute("insert into run_batches (tenant_id, id, name) values ($1, $2, 'B')", t, batch)
    await owner.execute(
        """insert into monitors (tenant_id, id, outlet, outlet_key, platform, period, items, every_hours)
           values ($1, $2, 'O', 'o', 'news', 'm', 5, 24)""",
        t,
        monitor,
    )
    await owner.execute(
        """insert into runs (tenant_id, id, batch_id, monitor_id, outlet, outlet_key, platform, period, items)
           values ($1, $2, $3, $4, 'O', 'o', 'news', 'm', 5)""",
        t,
        run,
        batch,
        monitor,
    )
    for statement in (
        "insert into run_steps (tenant_id, run_id, number, state) values ($1, $2, 1, 'queued')",
        """insert into run_fetches (tenant_id, run_id, number, via, address, outcome)
           values ($1, $2, 1, 'gdelt', 'https://x.test', 'new')""",
        """insert into run_items (tenant_id, run_id, number, via, url, title, text, grain, sha256)
           values ($1, $2, 1, 'gdelt', 'https://x.test', 'T', 'X', 'article', sha256('x'))""",
        """insert into briefings (tenant_id, run_id, schema_version, provider, prompt_version, prompt_hash, input_hash)
           values ($1, $2, '1', 'p', 'v1', sha256('x'), sha256('x'))""",
        "insert into scorecards (tenant_id, run_id, card) values ($1, $2, '{}')",
    ):
        await owner.execute(statement, t, run)
    await owner.execute(
        """insert into narrative_matches (tenant_id, id, run_id, narrative, name, category, place, item, cues, strength,
             stance, by)
           values ($1, $2, $3, 'n', 'N', 'C', 'item', 1, 1, 'low', 'reports', 'catalogue')""",
        t,
        match,
        run,
    )
    await owner.execute(
        """insert into match_verdicts (tenant_id, id, match_id, verdict, user_id)
           values ($1, $2, $3, 'confirmed', $4)""",
        t,
        _id(),
        match,
        user,
    )
    await owner.execute(
        """insert into run_feedback (tenant_id, id, run_id, about, feeling, user_id)
           values ($1, $2, $3, 'run', 'useful', $4)""",
        t,
        _id(),
        run,
        user,
    )
    await owner.execute(
        """insert into monitor_changes (tenant_id, id, monitor_id, run_id, size, change)
           values ($1, $2, $3, $4, 0, '{}')""",
        t,
        _id(),
        monitor,
        run,
    )
