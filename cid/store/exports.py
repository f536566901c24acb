"""What a tenant takes along: which tables and columns, and their rows page by page.

The three lists name every table with a tenant and every column of it; a test holds them against the catalog, so that a
new one has to be decided on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cid.domain.ids import TenantId
from cid.pg.rows import each
from cid.pg.sql import query
from cid.ports import Tx

PAGE = query("exports.page")
PRIVATE_ITEMS = query("exports.private_items")
PEOPLE = query("exports.people")
ITSELF = query("exports.itself")
PICTURE_IDS = query("exports.picture_ids")
PICTURE = query("exports.picture")

EXPORTED: dict[str, str] = {
    "api_tokens": "id user_id name scopes created_at expires_at used_at revoked_at",
    "audit": "id user_id action target detail at",
    "batches": "id provider model state external_id requests bytes attempts planned_at due_at submitted_at ended_at "
    "error",
    "budgets": "period starts scope reserved spent warned_at",
    "calendar_feeds": "user_id made_at",
    "call_subjects": "stage subject input_hash call_id provider answer at",
    "calls": "id stage tier provider model prompt prompt_version prompt_hash input_hash attempt repaired_from "
    "instead_of request state stop served request_id input cache_read cache_write cache_write_1h output thinking units "
    "reserved tokens cost price_from error reply reading subjects batch_id sent_at deadline answered_at read_at",
    "channels": "id kind name base_url config canonical active created_at disclosure checked_at checked apart "
    "own_per_week domain per_week sealed_at",
    "competition": "screening_id followed taken avoid gaps made_at",
    "decisions": "id draft_id version_id sha256 kind user_id reason via made_at record",
    "digest_days": "user_id day outcome made_at",
    "drafts": "id screening_id story_id ordinal update_of state current_version_id sample found_at created_at "
    "changed_at",
    "entries": "id screening_id story_id item_id state category regions title summary url score published_at sample "
    "provider call_id merged_into made_at changed_at",
    "entry_decisions": "id entry_id kind user_id via rule reason before after made_at",
    "evidence_packs": "id screening_id claims avoid refs state notes made_at",
    "evidence_pages": "sha256 pack_id",
    "fits": "screening_id audience_relevance business_relevance actionability risk_level recommended_angle "
    "claims_to_use made_at",
    "gate_configs": "hash gate body first_at",
    "guardrails": "id industry text category finding draft_id active made_by made_at changed_by changed_at",
    "images": "id sha256 mime width height provider external_id page_url author author_url alt made_at",
    "mail_wishes": "user_id digest hour zone breaking changed_at",
    "mails": "id kind key user_id address subject state error given_up attempts until tells planned_at sent_at "
    "changed_at",
    "members": "user_id role created_at digest_at seen_at",
    "model_terms": "cheap quality per_day per_month per_stage all_per_day stopped changed_by changed_at",
    "places": "screening_id ordinal day week by_hand taken_at released_at",
    "plans": "day day_taken week week_taken",
    "policies": "section name value changed_by changed_at",
    "prefilter_samples": "screening_id version score stands_for at",
    "prefilters": "version state why bias threshold weights up down labels decided passes held held_passes recall sure "
    "saved learned_at measured_at kept_passes asked asked_passes live_recall cleared_by cleared_at",
    "profiles": "body changed_at",
    "proposals": "id source_id tier url via title site entries newest_at kinship state place by_itself user_id "
    "tested_at created_at changed_at",
    "publications": "id draft_id channel_id decision_id version_id sha256 decided state url external_id error notes "
    "due_at planned_at sent_at live_at changed_at next_decision_id next_version_id next_sha256 retraction hurried_why "
    "hurried_by stands_in_by stands_in_why",
    "readings": "user_id version_id first_at compared_at typed typed_at",
    "review_links": "id draft_id version_id user_id expires_at used_at revoked_at made_at",
    "reviews": "id draft_id version_id outcome score findings call_id round kind changes cost made_at",
    "screenings": "id story_id desk item_id state stage waiting_for until gate reason failure urgent spread score "
    "merged_into superseded opened_at changed_at",
    "searches": "source_id found tried searched_at",
    "sightings": "id item_id source_id entry_key link again via publisher facts backlog published_at seen_at",
    "sources": "id kind url config title publisher site vetted sample state quarantined_until quarantined_since "
    "outcome cause outcome_detail failures strikes quarantines interval_s interval_why gap_s gone_since moved_to "
    "moved_since moved_polls moved_announced former_url polled_at last_new_at next_poll_at created_at",
    "subscriptions": "id source_id trust role interval_s full_text replace_itself active created_at",
    "traces": "version_id draft_id title headings sentences made_at",
    "track_faults": "id screening_id kind error alone final user_id at",
    "trackers": "body rule rule_by rule_at changed_at",
    "trial_subjects": "trial_id call_id id subject before after error before_score after_score before_verdict "
    "after_verdict after_call",
    "trials": "id prompt version last state why total offline asked_by made_at ended_at",
    "verdicts": "id item_id story_id screening_id desk gate outcome reason detail score signals call_id cost config at",
    "versions": "id draft_id number author author_id call_id provider revises article payloads sha256 renderer made_at",
    "run_batches": "id name requested_by created_at",
    "monitors": "id outlet outlet_key country url platform period items sources substitute tlp every_hours "
    "threshold active next_at made_by created_at changed_at",
    "runs": "id batch_id monitor_id outlet outlet_key country url platform period items sources "
    "substitute tlp state failure detail shortfalls requested_by sample score rating provider "
    "profile created_at changed_at ended_at",
    "run_steps": "run_id number state said at",
    "run_fetches": "run_id number via address outcome cause detail found kept at",
    "run_items": "run_id number via url title text grain text_state sha256 publisher author language "
    "published_at fetched_at facts sample",
    "briefings": "run_id briefing raw problems schema_version provider prompt_version prompt_hash input_hash "
    "call_id made_at",
    "scorecards": "run_id card made_at",
    "narrative_matches": "id run_id narrative name category place item spans cues strength stance language by "
    "probability version made_at",
    "match_verdicts": "id match_id verdict note user_id made_at",
    "run_feedback": "id run_id about ref feeling note user_id made_at",
    "monitor_changes": "id monitor_id run_id before_run_id size change made_at",
}
"""By table the columns that go along, beside the tenant's id."""

HIDDEN: dict[str, str] = {
    "api_tokens": "hash",
    "calendar_feeds": "hash",
    "calls": "wire",
    "channels": "sealed sealed_end",
    "images": "bytes",
    "mails": "message job_id lease",
    "publications": "job_id lease",
    "sightings": "title_key",
    "sources": "cursor etag last_modified body_sha same_sha memory volatile_polls by_title whole_at validators_lie "
    "hints",
}
"""Columns that do not: what lets somebody in, what is in the archive as a file of its own, and what only a running desk
makes sense of."""

LEFT_OUT: dict[str, str] = {
    "api_answers": "answers that programs may ask for again, kept for a day",
    "jobs": "work that waits: it is done here or nowhere",
    "jobs_dead": "work that failed: its reasons stand where it was to write",
    "jobs_done": "how work went",
    "pauses": "switches of this desk",
    "run_sums": "counts of runs, which are in the archive themselves",
}
"""Tables that do not, and why."""

KEYS: dict[str, tuple[str, ...]] = {
    "budgets": ("period", "starts", "scope"),
    "calls": ("sent_at", "id"),
    "call_subjects": ("stage", "subject", "input_hash"),
    "competition": ("screening_id",),
    "digest_days": ("day", "user_id"),
    "evidence_pages": ("sha256", "pack_id"),
    "fits": ("screening_id",),
    "gate_configs": ("hash",),
    "calendar_feeds": ("user_id",),
    "mail_wishes": ("user_id",),
    "members": ("user_id",),
    "model_terms": ("changed_at",),
    "places": ("screening_id", "ordinal"),
    "plans": ("day",),
    "policies": ("section", "name"),
    "prefilter_samples": ("screening_id", "version"),
    "prefilters": ("version",),
    "profiles": ("changed_at",),
    "readings": ("version_id", "user_id"),
    "briefings": ("run_id",),
    "run_fetches": ("run_id", "number"),
    "run_items": ("run_id", "number"),
    "run_steps": ("run_id", "number"),
    "scorecards": ("run_id",),
    "searches": ("source_id",),
    "sightings": ("item_id", "id"),
    "traces": ("version_id",),
    "trackers": ("changed_at",),
    "trial_subjects": ("trial_id", "call_id", "id"),
    "verdicts": ("at", "id"),
}
"""In which order the rows come, where that is not by id: along an index that begins with the tenant. Unique in it."""

ROWS: dict[str, int] = {"versions": 50, "briefings": 50, "run_items": 50, "calls": 100, "evidence_packs": 100}
"""Rows of one page, where they are long."""
USUAL = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    key: dict[str, Any]
    body: str
    """As JSON."""


SHAPES = {PAGE: Row}


async def page(tx: Tx, table: str, after: dict[str, Any] | None) -> tuple[list[Row], bool]:
    """In the tenant's transaction. Whether there may be more."""
    most = ROWS.get(table, USUAL)
    keys = list(KEYS.get(table, ("id",)))
    rows = each(Row, await tx.fetch(PAGE, table, EXPORTED[table].split(), keys, after, most))
    return rows, len(rows) == most


async def private_items(tx: Tx, tenant: TenantId, after: UUID | None, most: int) -> list[tuple[UUID, str]]:
    return [(row["item_id"], row["body"]) for row in await tx.fetch(PRIVATE_ITEMS, tenant, after, most)]


async def people(tx: Tx, tenant: TenantId) -> list[str]:
    return [row["body"] for row in await tx.fetch(PEOPLE, tenant)]


async def itself(tx: Tx, tenant: TenantId) -> str:
    return str(await tx.fetchval(ITSELF, tenant))


async def picture_ids(tx: Tx, tenant: TenantId, after: UUID | None, most: int) -> list[tuple[UUID, str]]:
    """And the type of each, as in `image/png`."""
    return [(row["id"], row["mime"]) for row in await tx.fetch(PICTURE_IDS, tenant, after, most)]


async def picture(tx: Tx, tenant: TenantId, image: UUID) -> bytes | None:
    found: bytes | None = await tx.fetchval(PICTURE, tenant, image)
    return found
